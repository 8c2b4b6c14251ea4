"""Xpress-Huffman: how Windows packs the pages of a hibernation file (MS-XCA, 2.2).

``dissect.util`` has it too, and stops where the input does: of input that is followed by padding
it gives too much, or raises, and it takes 0.3 s for 64 KiB. Here the size is known, and a symbol is
one look into a table.
"""

from __future__ import annotations

from struct import Struct, error

from .xpress import BadXpress, repeat

__all__ = ["unpack"]

_BLOCK = 0x10000  # bytes that one table of code lengths is for
_TABLE = 256  # bytes: 512 lengths of four bits
_LONGEST_CODE = 15
_TWO = Struct("<H")


def unpack(data: bytes, size: int) -> bytes:
    """``size`` bytes of ``data``, less where it ends before; raises BadXpress."""
    out = bytearray()
    at = 0
    try:
        while len(out) < size and at < len(data):
            codes = _codes(data[at : at + _TABLE])
            at = _unpack_block(data, at + _TABLE, codes, out, min(len(out) + _BLOCK, size))
    except (error, IndexError):
        raise BadXpress("it ends in the middle of a symbol") from None
    return bytes(out[:size])


def _codes(lengths: bytes) -> list[int]:
    """For each of the next 15 bits, the symbol that begins with them, and above it its length.

    Codes are canonical: shorter ones first, of one length in the order of their symbols.
    """
    if len(lengths) < _TABLE:
        raise BadXpress("it ends in a table of code lengths")
    by_length: list[list[int]] = [[] for _ in range(_LONGEST_CODE + 1)]
    for index, pair in enumerate(lengths):
        by_length[pair & 0xF].append(2 * index)
        by_length[pair >> 4].append(2 * index + 1)
    codes: list[int] = []
    for length in range(1, _LONGEST_CODE + 1):
        for symbol in by_length[length]:
            codes += [length << 9 | symbol] * (1 << _LONGEST_CODE - length)
    if len(codes) != 1 << _LONGEST_CODE:
        raise BadXpress("its code lengths make no code")
    return codes


def _unpack_block(data: bytes, at: int, codes: list[int], out: bytearray, end: int) -> int:
    """Fills ``out`` up to ``end``; where the next block begins."""
    bits = _TWO.unpack_from(data, at)[0] << 16 | _TWO.unpack_from(data, at + 2)[0]
    at += 4
    left = 16  # of the bits that were read beyond the first 16
    while len(out) < end:
        code = codes[bits >> 17]
        length, symbol = code >> 9, code & 0x1FF
        bits, left, at = _skip(data, bits, left, at, length)
        if symbol < 256:
            out.append(symbol)
            continue
        count, distance_bits = symbol & 0xF, symbol - 256 >> 4
        if count == 15:
            count, at = _long_count(data, at)
        distance = 1 << distance_bits
        if distance_bits:
            distance |= bits >> 32 - distance_bits
            bits, left, at = _skip(data, bits, left, at, distance_bits)
        repeat(out, distance, min(count + 3, end - len(out)))
    return at


def _skip(data: bytes, bits: int, left: int, at: int, count: int) -> tuple[int, int, int]:
    """The 32 bits that follow ``count`` of them; behind the end of the data come zeros."""
    bits = bits << count & 0xFFFF_FFFF
    left -= count
    if left < 0:
        if at + 2 <= len(data):
            bits |= _TWO.unpack_from(data, at)[0] << -left
        left += 16
        at += 2
    return bits, left, at


def _long_count(data: bytes, at: int) -> tuple[int, int]:
    """A count of 15 and more, and where the data goes on."""
    more = data[at]
    if more < 0xFF:
        return more + 15, at + 1
    count = _TWO.unpack_from(data, at + 1)[0]
    if count < 15:
        raise BadXpress("a match is shorter than its form")
    return count, at + 3
