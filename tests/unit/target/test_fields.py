"""Fields of raw bytes, whatever holds them."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import NamedTuple

import pytest

from pykd_ext.target.fields import Record, unsigned, words

RAW = bytes(range(1, 17))


class Pair(NamedTuple):
    low: int
    high: int


PAIR = Record("H2xI", Pair._make)


def mapped() -> mmap.mmap:
    made = mmap.mmap(-1, len(RAW))
    made.write(RAW)
    return made


@pytest.mark.parametrize("raw", [RAW, bytearray(RAW), memoryview(RAW), mapped()])
def test_numbers_are_little_endian_and_unsigned(raw: bytes) -> None:
    assert unsigned(raw, 2, 4) == 0x06050403
    assert unsigned(raw, 14) == 0x100F
    assert unsigned(raw, 15, 4) == 0x10, "as many as there are"
    assert unsigned(b"\xff" * 8) == (1 << 64) - 1


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_words_are_the_numbers_one_by_one(size: int) -> None:
    assert words(RAW + b"\0" * (size - 1), size) == tuple(
        unsigned(RAW, at, size) for at in range(0, len(RAW), size)
    )


def test_a_record_is_read_by_its_fields_names() -> None:
    assert PAIR.read(RAW, 1) == Pair(low=0x0302, high=0x09080706)
    assert list(PAIR.each(RAW[:15])) == [PAIR.read(RAW)]
    with pytest.raises(struct.error):
        PAIR.read(RAW, 9)


def test_nobody_else_cuts_numbers_out_of_bytes() -> None:
    package = Path(__file__).parents[3] / "pykd_ext"
    # Big-endian numbers, signed ones.
    others = {
        "kernel/security_descriptor.py", "notify/values.py", "target/dump_origin.py",
        "verification/code_search.py",
    }  # fmt: skip
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "int.from_bytes(" in path.read_text(encoding="utf-8")
    }
    assert found == {"target/fields.py", *others}
