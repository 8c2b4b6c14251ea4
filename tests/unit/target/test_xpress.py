"""Xpress against MS-XCA's own examples, and against dissect.util."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pykd_ext.target.xpress import BadXpress, unpack
from tests.lab.xpress import pack_xpress

# MS-XCA 3.1: the letters, and "abc" a hundred times.
LETTERS = bytes.fromhex("3f000000") + string.ascii_lowercase.encode()
HUNDRED = bytes.fromhex("ffffff1f61626317000fff2601")
# The count of the same match in four bytes.
FOUR_BYTES = HUNDRED[:-2] + bytes.fromhex("000026010000")

runs = some.builds(lambda byte, count: byte * count, some.binary(max_size=3), some.integers(0, 400))
packable = some.lists(runs, max_size=8).map(b"".join)


def test_the_examples() -> None:
    assert unpack(LETTERS, 26) == string.ascii_lowercase.encode()
    assert unpack(HUNDRED, 300) == unpack(FOUR_BYTES, 300) == b"abc" * 100


def test_less_than_there_is() -> None:
    assert unpack(HUNDRED, 31) == (b"abc" * 11)[:31]


@given(packable)
def test_what_was_packed(data: bytes) -> None:
    assert unpack(pack_xpress(data), len(data)) == data


@pytest.mark.toolchain  # where dissect.util is
@given(packable)
def test_dissect_agrees(data: bytes) -> None:
    from dissect.util.compression import lzxpress

    assert lzxpress.decompress(pack_xpress(data)) == data
    assert lzxpress.decompress(FOUR_BYTES) == b"abc" * 100


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (HUNDRED[:-1], "in the middle"),
        (HUNDRED[:8], "in the middle"),
        (b"\0\0", "in the middle"),
        (bytes.fromhex("ffffff3f6162f800"), "before the data"),
        (HUNDRED[:-2] + b"\1\0", "shorter than its form"),
    ],
)
def test_what_does_not_hold_together(data: bytes, why: str) -> None:
    with pytest.raises(BadXpress, match=why):
        unpack(data, 300)


@given(some.binary(max_size=300), some.integers(0, 0x20000))
def test_any_bytes(data: bytes, size: int) -> None:
    with suppress(BadXpress):
        assert len(unpack(data, size)) <= size
