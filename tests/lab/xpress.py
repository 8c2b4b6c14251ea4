"""How Windows packs pages (MS-XCA), as plainly as the forms allow."""

from __future__ import annotations

from struct import pack

__all__ = ["pack_huffman", "pack_xpress"]

_LEAST = 3  # bytes of a match


# Bytes below 254 have codes of eight bits, these have nine; 256 ends the data, 257 is a match.
_NINE = {254: 0b1_1111_1100, 255: 0b1_1111_1101, 256: 0b1_1111_1110}
_LENGTHS = bytes([0x88] * 127 + [0x99] * 2 + [0] * 127)
_CODES = [format(_NINE[byte], "09b") if byte in _NINE else f"{byte:08b}" for byte in range(257)]


def pack_huffman(data: bytes) -> bytes:
    """MS-XCA 2.1 of at most 64 KiB, without matches."""
    bits = "".join(_CODES[byte] for byte in data) + _CODES[256]
    bits = bits.ljust(-(-len(bits) // 16) * 16, "0")
    words = int(bits, 2).to_bytes(len(bits) // 8, "big")
    swapped = b"".join(words[at : at + 2][::-1] for at in range(0, len(words), 2))
    return _LENGTHS + swapped + bytes(2)


def pack_xpress(data: bytes) -> bytes:
    """MS-XCA 2.3 whose matches are runs of one byte."""
    out = bytearray(4)
    flags, flags_at, half, at = "", 0, 0, 0
    while at < len(data):
        run = _run(data, at)
        if run < _LEAST:
            flags += "0"
            out.append(data[at])
            at += 1
        else:
            flags += "1"
            half = _append_match(out, run, half)
            at += run
        if len(flags) == 32:
            out[flags_at : flags_at + 4] = pack("<I", int(flags, 2))
            flags, flags_at = "", len(out)
            out += bytes(4)
    out[flags_at : flags_at + 4] = pack("<I", int(flags.ljust(32, "1"), 2))
    return bytes(out)


def _run(data: bytes, at: int) -> int:
    """How many bytes from ``at`` on are the one before it."""
    if not at:
        return 0
    rest = data[at:]
    return len(rest) - len(rest.lstrip(data[at - 1 : at]))


def _append_match(out: bytearray, run: int, half: int) -> int:
    """Of the byte before; where four bits of a byte are left for the next one's count, or 0."""
    count = run - _LEAST
    out += pack("<H", min(count, 7))  # the distance less one is 0
    if count < 7:
        return half
    count -= 7
    if half:
        out[half] |= min(count, 15) << 4
        left = 0
    else:
        left = len(out)
        out.append(min(count, 15))
    if count >= 15:
        count -= 15
        if count < 0xFF:
            out.append(count)
        else:
            out += b"\xff" + pack("<H", count + 15 + 7)
    return left
