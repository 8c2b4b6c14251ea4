"""The reference page, from the code: functions, records, errors, fields, documents and options."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pykd_ext
from pykd_ext.command_line.catalogue import command_names, find_command
from pykd_ext.documents.callback_fields import CALLBACK_FIELDS
from tests.support.schemas import SCHEMAS

__all__ = ["reference"]

_HEAD = """\
# Reference

Made from the code by `python -m tests.unit.api.test_reference`; what to do with it is in
[From Python](python.md) and [Commands](commands.md).
"""


def reference() -> str:
    """The page, as Markdown."""
    names = [name for name in pykd_ext.__all__ if name[0] != "_"]
    exported = {name: getattr(pykd_ext, name) for name in sorted(names, key=str.lower)}
    errors = {name: each for name, each in exported.items() if _is_error(each)}
    classes = {
        name: each
        for name, each in exported.items()
        if inspect.isclass(each) and name not in errors
    }
    functions = {name: each for name, each in exported.items() if inspect.isroutine(each)}
    parts = [
        _HEAD,
        "## Functions\n",
        *(_function(name, each) for name, each in functions.items()),
        "## Records\n",
        *(_record(name, each) for name, each in classes.items()),
        "## Errors\n",
        _table(("error", "is a", ""), map(_error, errors.values())),
        "## A callback's fields\n\nIn JSON and CSV; `diff` compares those that are marked.\n",
        _table(("field", "type", "since", "compared"), map(_field, CALLBACK_FIELDS)),
        "## Documents\n\nTheir schemas are in `pykd_ext/documents/schemas`.\n",
        _table(("schema", "what it is"), map(_document, SCHEMAS.items())),
        "## Options\n",
        *map(_options, command_names()),
    ]
    return "\n".join(parts)


def _is_error(what: Any) -> bool:
    return inspect.isclass(what) and issubclass(what, Exception)


def _function(name: str, function: Any) -> str:
    signature = str(inspect.signature(function)).replace("'", "")
    return f"### {name}\n\n```python\n{name}{signature}\n```\n\n{_prose(function)}\n"


def _record(name: str, record: Any) -> str:
    fields = [
        (f"`{field}`", f"`{kind}`".replace("|", "\\|"))
        for field, kind in getattr(record, "__annotations__", {}).items()
        if field[0] != "_"
    ]
    table = _table(("field", "type"), fields) if fields else ""
    return f"### {name}\n\n{_prose(record)}\n\n{table}"


def _error(error: type[Exception]) -> tuple[str, ...]:
    bases = ", ".join(f"`{each.__name__}`" for each in error.__bases__)
    return f"`{error.__name__}`", bases, _prose(error).replace("\n", " ")


def _field(field: Any) -> tuple[str, ...]:
    return f"`{field.name}`", field.type.name, field.since, "yes" if field.compared else ""


def _document(named: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    name, schema = named
    return f"`{name}`", schema["title"]


def _options(name: str) -> str:
    parser = argparse.ArgumentParser(prog=f"regcb {name}", add_help=False)
    command = find_command(name)
    command.add_arguments(parser)
    rows = [
        (f"`{' '.join(each.option_strings) or _metavar(each)}`", _help(each))
        for each in parser._actions
    ]
    return f"### regcb {name}\n\n{command.summary}\n\n{_table(('', ''), rows) if rows else ''}"


def _metavar(action: argparse.Action) -> str:
    name = action.metavar or action.dest
    return " ".join(name) if isinstance(name, tuple) else name


def _help(action: argparse.Action) -> str:
    default = "the number of processors" if action.dest == "jobs" else action.default
    text = (action.help or "") % {**vars(action), "default": default, "prog": "regcb"}
    choices = f" ({', '.join(map(str, action.choices))})" if action.choices else ""
    return (text + choices).replace("|", "\\|")


def _prose(what: Any) -> str:
    """Its docstring up to the examples, as Markdown."""
    text = (inspect.getdoc(what) or "").partition("\n>>> ")[0].strip()
    text = re.sub(r":\w+:`[.~]*([^`]*)`", r"`\1`", text.replace("``", "`"))
    return text.replace("::\n", ":\n")


def _table(titles: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
