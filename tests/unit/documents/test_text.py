"""Addresses as WinDbg writes them, times, and hostile strings made harmless."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.documents.text import address_text, printable, time_text
from pykd_ext.kernel.selection import parse_address


def test_addresses_take_windbgs_form() -> None:
    assert address_text(0xFFFFF80412A03458, "x64") == "fffff804`12a03458"
    assert address_text(0x82A03458, "x86") == "82a03458"
    assert address_text(0, "x64") == "0"
    assert address_text(None, "x64") == "?"


@given(st.integers(1, (1 << 64) - 1))
def test_what_is_printed_can_be_pasted_back(address: int) -> None:
    assert parse_address(address_text(address, "x64"), "x64") == address


def test_only_hex_of_at_most_64_bits_is_an_address() -> None:
    assert parse_address("0xFFFF", "x64") == 0xFFFF
    for text in ("", "0x", "netmon", "12g4", "1" * 17, "-1", "0x0x1"):
        assert parse_address(text, "x64") is None, text


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    assert printable(text).isprintable()


def test_what_is_harmless_stays_as_it_is() -> None:
    assert printable("\\SystemRoot\\Größe 驱动.sys") == "\\SystemRoot\\Größe 驱动.sys"
    assert printable("a\x1b[31m\u202eb\n") == "a\\x1b[31m\\u202eb\\x0a"


def test_times_are_told_to_the_year_9999() -> None:
    # Windows' own function ends in the year 3000.
    assert time_text(32_535_216_000) == "3001-01-01T00:00:00Z"
    assert time_text(253_402_300_799) == "9999-12-31T23:59:59Z"
    assert time_text(253_402_300_800) is None
