"""Addresses as WinDbg writes them, and hostile strings made harmless."""

from __future__ import annotations

import re
from typing import TextIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.documents.text import address_text, printable
from pykd_ext.kernel.selection import parse_address
from pykd_ext.present.output import Output, to_dml, to_plain
from pykd_ext.present.text import cell, link


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


def test_cells_are_cut_in_the_middle() -> None:
    assert cell("netmon!NetMonRegFilter", 11) == "netmo~ilter"
    assert cell("short", 11) == "short"


def test_links_to_regcb_start_it_as_the_user_did() -> None:
    text = link("1", "!py regcb.py show 1")
    assert to_dml(text, "!py -3.9 -m pykd_ext") == (
        '<link cmd="!py -3.9 -m pykd_ext show 1">1</link>'
    )


def test_links_become_dml_and_nothing_else_does() -> None:
    text = f'a<b {link("x&y", "u 0x1")} <link cmd="evil">'
    assert to_plain(text) == 'a<b x&y <link cmd="evil">'
    assert to_dml(text) == (
        'a&lt;b <link cmd="u 0x1">x&amp;y</link> &lt;link cmd=&quot;evil&quot;&gt;'
    )


class Window:
    """WinDbg's, as the pykd bootstrapper gives it: the engine cuts what is written at once."""

    encoding = "ascii"
    _LONGEST = 16_383  # UTF-16 units, by the length of the log file that dbgeng writes

    def __init__(self) -> None:
        self.dml = ""

    def write(self, text: str) -> None:
        self.dml += text

    def flush(self) -> None:
        pass

    def writedml(self, text: str) -> None:
        shown = text.encode("utf-16-le")[: 2 * self._LONGEST].decode("utf-16-le", "replace")
        assert shown.count("<link ") == shown.count("</link>")
        assert not re.search("&[a-z]*$", shown)
        self.dml += shown


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{number} {link('fffff804`12a03458', 'u 0x1')} a & b" for number in range(2000)),
        "0123456789abcdef" * 9_000,
        "&" * 9_000,
        f"{'a' * 7_990}{link('b' * 100, 'u 0x1')}{'c' * 9_000}",
        "\U0001f511" * 9_000,
    ],
    ids=["table", "data", "escapes", "link", "pairs"],
)
def test_windbg_shows_all_of_it(text: str) -> None:
    window = Window()
    Output(cast(TextIO, window)).write(text)
    assert window.dml == to_dml(text) + "\n"
