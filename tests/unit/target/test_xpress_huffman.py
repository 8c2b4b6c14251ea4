"""Xpress-Huffman against MS-XCA's own example, and against dissect.util."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pykd_ext.target.xpress import BadXpress
from pykd_ext.target.xpress_huffman import unpack
from tests.lab.xpress import pack_huffman

# MS-XCA 3.2: "abc" a hundred times. Codes for a, b, c, the end and one long match.
LENGTHS = bytearray(256)
LENGTHS[48:50], LENGTHS[128], LENGTHS[143] = b"\x30\x23", 0x02, 0x20
EXAMPLE = bytes(LENGTHS) + bytes.fromhex("a8dc0000ff2601")

LITERALS = bytes([0x88] * 128 + [0] * 128)  # every byte is eight bits


def packed(data: bytes) -> bytes:
    """Literals alone, in words whose first byte comes second."""
    even = data + bytes(len(data) % 2)
    words = b"".join(even[at : at + 2][::-1] for at in range(0, len(even), 2))
    return LITERALS + words + bytes(4)


def test_the_example() -> None:
    assert unpack(EXAMPLE, 300) == b"abc" * 100


def test_less_than_there_is() -> None:
    assert unpack(EXAMPLE, 31) == (b"abc" * 11)[:31]


@given(some.binary(min_size=1, max_size=600))
def test_literals(data: bytes) -> None:
    assert unpack(packed(data), len(data)) == data


@given(some.binary(min_size=1, max_size=600))
def test_codes_of_two_lengths(data: bytes) -> None:
    assert unpack(pack_huffman(data), len(data)) == data


@pytest.mark.toolchain  # where dissect.util is
@given(some.binary(min_size=1, max_size=600))
def test_dissect_agrees(data: bytes) -> None:
    from dissect.util.compression import lzxpress_huffman

    assert lzxpress_huffman.decompress(EXAMPLE) == unpack(EXAMPLE, 300)
    assert lzxpress_huffman.decompress(packed(data))[: len(data)] == data


def test_blocks() -> None:
    first, second = bytes(range(256)) * 256, b"the second block"
    data = packed(first)[:-2] + packed(second)
    assert unpack(data, len(first) + len(second))[: len(first)] == first


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 259])
def test_data_that_ends(size: int) -> None:
    if size == 0:
        assert unpack(b"", 10) == b""
        return
    with pytest.raises(BadXpress):
        unpack(EXAMPLE[:size], 300)


@given(some.binary(max_size=700), some.integers(0, 0x20000))
def test_any_bytes(data: bytes, size: int) -> None:
    with suppress(BadXpress):
        assert len(unpack(data, size)) <= size
