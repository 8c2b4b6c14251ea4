"""Registry values as a person reads them."""

from __future__ import annotations

import pytest

from pykd_ext.notify.values import (
    VALUE_TYPES,
    ValueData,
    hex_dump,
    value_name_text,
    value_type_text,
)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize(
    ("type_name", "data", "text"),
    [
        ("REG_SZ", utf16("C:\\Windows\0"), '"C:\\Windows"'),
        ("REG_SZ", utf16("no terminator"), '"no terminator"'),
        ("REG_SZ", utf16("a\0b\0"), '"a\0b"'),
        ("REG_SZ", utf16("ab\0") + b"\x7f", '"ab" and the byte 7f'),
        ("REG_SZ", b"", '""'),
        ("REG_SZ", utf16("\ud800"), '"\ud800"'),
        ("REG_EXPAND_SZ", utf16("%SystemRoot%\0"), '"%SystemRoot%"'),
        ("REG_LINK", utf16("\\REGISTRY\\MACHINE"), '"\\REGISTRY\\MACHINE"'),
        ("REG_MULTI_SZ", utf16("one\0two\0\0"), '"one", "two"'),
        ("REG_MULTI_SZ", utf16("one\0\0two\0\0"), '"one", "", "two"'),
        ("REG_MULTI_SZ", utf16("\0"), "(no strings)"),
        ("REG_DWORD", b"\x01\x00\x00\x80", "0x80000001 (2147483649)"),
        ("REG_DWORD", b"\x01\x00", "01 00 (2 bytes)"),
        ("REG_DWORD_BIG_ENDIAN", b"\x00\x00\x00\x10", "0x10 (16)"),
        ("REG_QWORD", b"\x00\x00\x00\x00\x01\x00\x00\x00", "0x100000000 (4294967296)"),
        ("REG_BINARY", b"\xde\xad", "de ad (2 bytes)"),
        ("REG_BINARY", bytes(40), "00 " * 32 + ".. (40 bytes)"),
        ("REG_BINARY", b"", "(0 bytes)"),
        ("REG_NONE", b"\x01", "01 (1 bytes)"),
        ("REG_RESOURCE_LIST", b"\x01", "01 (1 bytes)"),
    ],
)
def test_data(type_name: str, data: bytes, text: str) -> None:
    assert ValueData(VALUE_TYPES[type_name], len(data), data).text() == text


def test_an_unknown_type_is_bytes() -> None:
    assert ValueData(0x10001, 2, b"ab").text() == "61 62 (2 bytes)"
    assert value_type_text(0x10001) == "type 0x10001"


def test_cut_data_says_so() -> None:
    assert ValueData(VALUE_TYPES["REG_SZ"], 100, utf16("ab")).text() == (
        '"ab" (the first 4 of 100 bytes)'
    )
    assert ValueData(VALUE_TYPES["REG_BINARY"], 100, b"ab").text() == "61 62 .. (100 bytes)"
    assert ValueData(VALUE_TYPES["REG_DWORD"], 4, b"ab").text() == "61 62 .. (4 bytes)"


def test_names() -> None:
    assert value_name_text("") == "(Default)"
    assert value_name_text("Start") == "Start"
    assert value_type_text(1) == "REG_SZ"


def test_hex_dump() -> None:
    assert hex_dump(b"Registry\x00\xffcallback\x1b") == [
        "0000  52 65 67 69 73 74 72 79 00 ff 63 61 6c 6c 62 61  Registry..callba",
        "0010  63 6b 1b                                         ck.",
    ]
