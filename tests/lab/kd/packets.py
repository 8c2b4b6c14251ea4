"""KD's packets as bytes: taking them out of a stream, and writing them.

Layout (KD_PACKET in public debuggers' sources and ReactOS's windbgkd.h): leader (4 bytes alike),
type, byte count, id, checksum; then for data the payload and a trailing 0xAA. A lone 0x62 is a
break-in.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Union

__all__ = [
    "ACKNOWLEDGE",
    "BREAK_IN",
    "DEBUG_IO",
    "RESEND",
    "RESET",
    "STATE_CHANGE",
    "STATE_MANIPULATE",
    "BreakIn",
    "Control",
    "Corrupt",
    "Data",
    "Packet",
    "PacketReader",
    "control_packet",
    "data_packet",
]

STATE_MANIPULATE, DEBUG_IO, STATE_CHANGE = 2, 3, 7  # PACKET_TYPE_KD_*
ACKNOWLEDGE, RESEND, RESET = 4, 5, 6
BREAK_IN = 0x62

_DATA_LEADER, _CONTROL_LEADER = 0x30, 0x69
_HEADER = struct.Struct("<4sHHII")
_TRAILER = b"\xaa"
_MAX_SIZE = 4000  # PACKET_MAX_SIZE


class Data(NamedTuple):
    """A packet with a payload."""

    type: int
    id: int
    payload: bytes


class Control(NamedTuple):
    """ACKNOWLEDGE (of ``id``), RESEND or RESET."""

    type: int
    id: int


class BreakIn(NamedTuple):
    """The debugger asks for a stop."""


class Corrupt(NamedTuple):
    """A data packet that did not arrive whole."""


Packet = Union[Data, Control, BreakIn, Corrupt]


def checksum(payload: bytes) -> int:
    """The sum of all bytes, 32 bits."""
    return sum(payload) & 0xFFFFFFFF


def data_packet(kind: int, number: int, payload: bytes) -> bytes:
    """A data packet, ready to be sent."""
    leader = bytes([_DATA_LEADER]) * 4
    header = _HEADER.pack(leader, kind, len(payload), number, checksum(payload))
    return header + payload + _TRAILER


def control_packet(kind: int, number: int) -> bytes:
    """A control packet, ready to be sent."""
    return _HEADER.pack(bytes([_CONTROL_LEADER]) * 4, kind, 0, number, 0)


class PacketReader:
    """Takes packets out of a stream that comes in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds what arrived."""
        self._buffer += data

    def next(self) -> Packet | None:
        """The next packet, None until more has arrived; bytes that belong to none are skipped."""
        buffer = self._buffer
        while buffer:
            first = buffer[0]
            if first == BREAK_IN:
                del buffer[:1]
                return BreakIn()
            if first in (_DATA_LEADER, _CONTROL_LEADER):
                if buffer[:4] == bytes([first]) * 4:
                    return self._packet(first)
                if len(buffer) < 4 and buffer == bytes([first]) * len(buffer):
                    return None
            del buffer[:1]
        return None

    def _packet(self, leader: int) -> Packet | None:
        buffer = self._buffer
        if len(buffer) < _HEADER.size:
            return None
        _, kind, size, number, expected = _HEADER.unpack_from(buffer)
        if leader == _CONTROL_LEADER:
            del buffer[: _HEADER.size]
            return Control(kind, number)
        if size > _MAX_SIZE:  # no such packet: only the leader is believed
            del buffer[:4]
            return Corrupt()
        end = _HEADER.size + size
        if len(buffer) <= end:
            return None
        payload, trailer = bytes(buffer[_HEADER.size : end]), bytes(buffer[end : end + 1])
        del buffer[: end + 1]
        if trailer != _TRAILER or checksum(payload) != expected:
            return Corrupt()
        return Data(kind, number, payload)
