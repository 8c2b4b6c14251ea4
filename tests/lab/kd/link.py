"""KD's link: which packet is whose answer. No socket in it: bytes in, bytes out.

Ids alternate in their lowest bit, from 0x80800000; the first packet after a reset carries the sync
bit 0x800. Every data packet is acknowledged by its id; one packet is under way at a time.
"""

from __future__ import annotations

from collections import deque
from typing import Union

from .packets import (
    ACKNOWLEDGE,
    RESEND,
    RESET,
    BreakIn,
    Control,
    Corrupt,
    Data,
    PacketReader,
    control_packet,
    data_packet,
)

__all__ = ["Link", "Received", "Reset"]

_FIRST_ID, _SYNC = 0x80800000, 0x800


class Reset:
    """The debugger started anew: whatever was under way is void."""


Received = Union[Data, BreakIn, Reset]


class Link:
    """The target's end. ``output`` collects what has to be sent; who sends it empties it."""

    def __init__(self) -> None:
        self.output = bytearray()
        self._reader = PacketReader()
        self._received: deque[Received] = deque()
        self._under_way: bytes | None = None
        self._next_out = _FIRST_ID | _SYNC
        self._next_in = _FIRST_ID

    @property
    def is_waiting(self) -> bool:
        """Whether a packet of ours is not acknowledged yet."""
        return self._under_way is not None

    @property
    def was_reset(self) -> bool:
        """Whether a reset is the next thing that arrived."""
        return bool(self._received) and isinstance(self._received[0], Reset)

    def send(self, kind: int, payload: bytes) -> None:
        """Sends a data packet; not while another is under way."""
        assert not self.is_waiting, "one packet at a time"
        self._under_way = data_packet(kind, self._next_out, payload)
        self.output += self._under_way

    def resend(self) -> None:
        """Sends the packet under way once more."""
        if self._under_way is not None:
            self.output += self._under_way

    def receive(self, data: bytes) -> None:
        """Takes what arrived, and answers what the protocol itself answers."""
        self._reader.feed(data)
        while True:
            packet = self._reader.next()
            if packet is None:
                return
            if isinstance(packet, Data):
                self._take_data(packet)
            elif isinstance(packet, Control):
                self._take_control(packet)
            elif isinstance(packet, Corrupt):
                self.output += control_packet(RESEND, 0)
            else:
                self._received.append(packet)

    def next(self) -> Received | None:
        """What arrived next for the target, None when nothing did."""
        return self._received.popleft() if self._received else None

    def _reset(self) -> None:
        self._under_way = None
        self._next_out = _FIRST_ID | _SYNC
        self._next_in = _FIRST_ID

    def _take_data(self, packet: Data) -> None:
        number = packet.id & ~_SYNC
        self.output += control_packet(ACKNOWLEDGE, number)
        if number != self._next_in:
            return  # sent again because our acknowledgement was lost
        self._next_in ^= 1
        self._acknowledged()  # who asks the next question has had our last answer
        self._received.append(packet)

    def _take_control(self, packet: Control) -> None:
        if packet.type == ACKNOWLEDGE:
            if packet.id == self._next_out & ~_SYNC:
                self._acknowledged()
        elif packet.type == RESEND:
            self.resend()
        elif packet.type == RESET:
            self.output += control_packet(RESET, 0)
            self._reset()
            self._received.clear()
            self._received.append(Reset())

    def _acknowledged(self) -> None:
        if self._under_way is not None:
            self._under_way = None
            self._next_out = self._next_out & ~_SYNC ^ 1
