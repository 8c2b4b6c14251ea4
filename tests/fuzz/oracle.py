"""What holds of every answer, whatever it is about."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any, NamedTuple
from unittest.mock import patch

from pykd_ext.command_line import main as command_line
from pykd_ext.present.output import Output, to_dml
from tests.support.schemas import validate

__all__ = ["Answer", "ask", "hold_html", "hold_line", "hold_lines", "hold_marked", "hold_rows"]

_LINK = re.compile(r'<link cmd="[^"<>;]*(?:&quot;[^"<>;]*)*">[^<>]*</link>')
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_TAGS = {"script", "style"}


Validate = Callable[[Mapping[str, Any]], None]


class Answer(NamedTuple):
    """Exit status, standard output, standard error."""

    status: int
    output: str
    errors: str


class _Output(Output):
    """What is printed is held as WinDbg's window has it, too."""

    def write(self, text: str) -> None:
        hold_marked(text)
        super().write(text)


def hold_marked(text: str) -> None:
    """Text with links in it, as WinDbg has them: no other tag, one command in each."""
    dml = to_dml(text)
    hold_lines(dml)
    rest = _LINK.sub("", dml)
    assert "<" not in rest, f"DML: {rest[rest.index('<') :][:80]}"


def ask(words: Sequence[str], validate: Validate = validate) -> Answer:
    """Runs a command line in this process and holds what it says; raises AssertionError, and what
    got out of regcb."""
    streams = io.StringIO(), io.StringIO()
    with _standard(*streams), patch.object(command_line, "Output", _Output):
        status = command_line.main(words)
    answer = Answer(status, *(each.getvalue() for each in streams))
    assert status in (0, 1, 2), answer
    hold_lines(answer.errors)
    if status == 2 and not answer.output:
        assert answer.errors.startswith("regcb: "), answer.errors
        assert answer.errors.count("\n") == 1, answer.errors
    elif "--help" in words:
        pass
    elif "--json" in words:
        document = json.loads(answer.output, parse_constant=_no_constant)
        validate(document)
    elif "--csv" in words:
        hold_rows(answer.output)
    hold_lines(answer.output)
    return answer


@contextmanager
def _standard(output: io.StringIO, errors: io.StringIO) -> Iterator[None]:
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = output, errors
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def hold_rows(text: str) -> None:
    """CSV in which no cell is a formula."""
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(_FORMULAS) for cell in row), row


def hold_lines(text: str) -> None:
    """No control character, and none that a terminal obeys."""
    for line in text.split("\n"):
        assert line.isprintable(), repr(line[:200])


def hold_line(text: str) -> None:
    """An error's, which is one."""
    assert text and text.isprintable(), repr(text[:200])


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.started: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        self.started.append(tag)


def hold_html(html: str) -> None:
    """Nothing of the target is an element of the page."""
    hold_lines(html)
    page = _Page()
    page.feed(html)
    assert [page.started.count(each) for each in sorted(_TAGS)] == [1, 1]
    assert not {"img", "iframe", "object", "form", "link", "exec", "a:x"} & set(page.started)
