"""Links, cells, and what WinDbg's window takes of them."""

from __future__ import annotations

import os
import re
import struct
from io import StringIO
from typing import Any, TextIO, cast

import pytest

from pykd_ext.present.output import Output, columns_of, to_dml, to_plain
from pykd_ext.present.text import cell, link


@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("columns", "said", "wide"),
    [(200, "", 120), (70, "", 70), (70, "60", 60), (5, "", 40), (0, "", 120), (70, "wide", 70)],
)
def test_text_is_broken_for_its_terminal(
    columns: int, said: str, wide: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl
    import termios

    monkeypatch.setenv("COLUMNS", said)
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("<4H", 24, columns, 0, 0))
    with os.fdopen(theirs, "w") as terminal:
        assert columns_of(terminal, 120) == wide
    os.close(ours)


def test_text_for_no_terminal_is_as_wide_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    debugger: Any = object()
    assert [columns_of(each, 120) for each in (StringIO(), None, debugger)] == [120, 120, 120]


def test_cells_are_cut_in_the_middle() -> None:
    assert cell("netmon!NetMonRegFilter", 11) == "netmo~ilter"
    assert cell("short", 11) == "short"


def test_links_to_regcb_start_it_as_the_user_did() -> None:
    text = link("1", "regcb show 1")
    assert to_dml(text, "!py -3.9 -m pykd_ext") == (
        '<link cmd="!py -3.9 -m pykd_ext show 1">1</link>'
    )


def test_links_become_dml_and_nothing_else_does() -> None:
    text = f'a<b {link("x&y", "u 0x1")} <link cmd="evil">'
    assert to_plain(text) == 'a<b x&y <link cmd="evil">'
    assert to_dml(text) == (
        'a&lt;b <link cmd="u 0x1">x&amp;y</link> &lt;link cmd=&quot;evil&quot;&gt;'
    )


@pytest.mark.parametrize("command", ["u 0x1; .shell x", "lmvm \n", "lmvm д"])
def test_what_may_be_two_commands_is_no_link(command: str) -> None:
    assert to_dml(link("1", command)) == "1"


def test_of_another_target_regcb_s_own_links_alone_are_left() -> None:
    text = f"{link('1', 'u 0x1')} {link('2', 'regcb show 2')}"
    assert to_dml(text, "!py x.py", debuggers_own=False) == (
        '1 <link cmd="!py x.py show 2">2</link>'
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
