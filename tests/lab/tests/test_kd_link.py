"""KD's packets and link against bytes, as a debugger sends and expects them."""

from __future__ import annotations

import pytest

from tests.lab.kd.link import Link, Reset
from tests.lab.kd.packets import (
    BreakIn,
    Control,
    Corrupt,
    Data,
    Packet,
    PacketReader,
    control_packet,
    data_packet,
)

FIRST, SECOND = 0x80800000, 0x80800001
# Type 2, 3 bytes, id 0x80800000, their sum.
DATA = bytes.fromhex("30303030 0200 0300 00008080 06000000 010203 aa")
ACKNOWLEDGE_FIRST = bytes.fromhex("69696969 0400 0000 00008080 00000000")
RESET = bytes.fromhex("69696969 0600 0000 00000000 00000000")
RESEND = bytes.fromhex("69696969 0500 0000 00000000 00000000")


def read(data: bytes, piece: int) -> list[Packet]:
    reader = PacketReader()
    packets = []
    for start in range(0, len(data), piece):
        reader.feed(data[start : start + piece])
        while (packet := reader.next()) is not None:
            packets.append(packet)
    return packets


def test_writing() -> None:
    assert data_packet(2, FIRST, b"\1\2\3") == DATA
    assert control_packet(4, FIRST) == ACKNOWLEDGE_FIRST


@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_reading_in_pieces(piece: int) -> None:
    stream = b"\x62" + DATA + b"noise" + ACKNOWLEDGE_FIRST + b"\x30\x30\x31" + RESET + b"\x62"
    assert read(stream, piece) == [
        BreakIn(),
        Data(2, FIRST, b"\1\2\3"),
        Control(4, FIRST),
        Control(6, 0),
        BreakIn(),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        DATA[:-1] + b"\xab",
        DATA[:16] + b"\1\2\4" + DATA[19:],
        DATA[:6] + b"\xff\xff" + DATA[8:],
    ],
    ids=["trailer", "checksum", "size"],
)
def test_a_corrupt_packet_costs_itself_alone(broken: bytes) -> None:
    packets = read(broken + DATA, 1000)
    assert packets[0] == Corrupt()
    assert packets[-1] == Data(2, FIRST, b"\1\2\3")


def sent(link: Link) -> bytes:
    data = bytes(link.output)
    link.output.clear()
    return data


def test_data_is_acknowledged_once_taken_once() -> None:
    link = Link()
    link.receive(DATA + DATA)
    assert sent(link) == 2 * ACKNOWLEDGE_FIRST
    assert link.next() == Data(2, FIRST, b"\1\2\3")
    assert link.next() is None
    link.receive(data_packet(2, SECOND, b"\4"))
    assert link.next() == Data(2, SECOND, b"\4")


def test_a_packet_is_under_way_until_it_is_acknowledged() -> None:
    link = Link()
    link.send(7, b"state")
    first = sent(link)
    assert first == data_packet(7, FIRST | 0x800, b"state")
    link.receive(control_packet(4, SECOND))  # of something else
    assert link.is_waiting
    link.receive(RESEND)
    assert sent(link) == first
    link.receive(ACKNOWLEDGE_FIRST)
    assert not link.is_waiting
    link.send(2, b"answer")
    assert sent(link) == data_packet(2, SECOND, b"answer")


def test_the_next_question_acknowledges_the_last_answer() -> None:
    link = Link()
    link.send(7, b"state")
    link.receive(DATA)
    assert not link.is_waiting


def test_what_is_corrupt_is_asked_for_again() -> None:
    link = Link()
    link.receive(DATA[:-1] + b"\xab")
    assert sent(link) == RESEND
    assert link.next() is None
    link.receive(DATA)
    assert link.next() == Data(2, FIRST, b"\1\2\3")


def test_a_reset_starts_anew() -> None:
    link = Link()
    link.send(7, b"state")
    link.receive(DATA)
    sent(link)
    link.receive(RESET)
    assert sent(link) == RESET
    assert link.was_reset
    assert not link.is_waiting
    assert isinstance(link.next(), Reset)
    assert link.next() is None  # what came before it is void
    link.send(7, b"again")
    assert sent(link) == data_packet(7, FIRST | 0x800, b"again")
    link.receive(DATA)
    assert link.next() == Data(2, FIRST, b"\1\2\3")


def test_a_break_in_is_passed_on() -> None:
    link = Link()
    link.receive(b"\x62")
    assert link.next() == BreakIn()
    assert sent(link) == b""
