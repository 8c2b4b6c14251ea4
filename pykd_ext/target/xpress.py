"""Xpress without Huffman's codes: how Windows packs some pages of a hibernation file (MS-XCA, 2.4).

``dissect.util`` has it too, and repeats a match as often as its four bytes say: 4 GiB.
"""

from __future__ import annotations

from struct import Struct, error

__all__ = ["BadXpress", "repeat", "unpack"]

_TWO, _FOUR = Struct("<H"), Struct("<I")


class BadXpress(Exception):
    """What was packed does not hold together."""


def unpack(data: bytes, size: int) -> bytes:
    """``size`` bytes of ``data``, less where it ends before; raises BadXpress."""
    try:
        return _unpack(data, size)
    except (error, IndexError):
        raise BadXpress("it ends in the middle of a match") from None


def _unpack(data: bytes, size: int) -> bytes:
    out = bytearray()
    at = half = 0  # half: where a byte lies of which one match has taken the lower four bits
    flags = left = 0
    while len(out) < size and at < len(data):
        if not left:
            flags, left = _FOUR.unpack_from(data, at)[0], 32
            at += 4
        left -= 1
        if at == len(data):  # a flag without a match ends it
            break
        if not flags >> left & 1:
            out.append(data[at])
            at += 1
            continue
        match = _TWO.unpack_from(data, at)[0]
        at += 2
        distance, count = (match >> 3) + 1, match & 7
        if count == 7:
            if half:
                more, half = data[half] >> 4, 0
            else:
                more, half = data[at] & 0xF, at
                at += 1
            if more == 15:
                more, at = _long_count(data, at)
            count += more
        repeat(out, distance, min(count + 3, size - len(out)))
    return bytes(out)


def _long_count(data: bytes, at: int) -> tuple[int, int]:
    """What is above a match's first three bits where four more are all set, and where the data goes
    on: a byte, then two, then four."""
    more = data[at]
    if more < 0xFF:
        return more + 15, at + 1
    count, at = _TWO.unpack_from(data, at + 1)[0], at + 3
    if not count:
        count, at = _FOUR.unpack_from(data, at)[0], at + 4
    if count < 15 + 7:
        raise BadXpress("a match is shorter than its form")
    return count - 7, at


def repeat(out: bytearray, distance: int, count: int) -> None:
    """Adds what lies ``distance`` bytes back, which may reach into what is being written."""
    if distance > len(out):
        raise BadXpress("a match begins before the data")
    start = len(out) - distance
    piece = bytes(out[start : start + count])
    out += (piece * (count // len(piece) + 1))[:count]
