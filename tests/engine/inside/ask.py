"""``ask.py DUMP SYMBOLS QUESTIONS.json``: what a PykdSession on the dump answers.

The file holds a list of questions, each a property's or a method's name and its arguments. Prints
the list of answers: bytes as hex, tuples as lists, an error as ``{"error": its class}``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pykd_ext.target.errors import RegcbError
from pykd_ext.target.pykd_session import PykdSession, open_session


def answer(session: PykdSession, name: str, *arguments: Any) -> Any:
    try:
        value = getattr(session, name)
        if callable(value):
            value = value(*arguments)
    except RegcbError as error:
        return {"error": type(error).__name__}
    return value.hex() if isinstance(value, bytes) else value


if __name__ == "__main__":
    dump, symbols, questions = sys.argv[1:]
    opened = open_session(dump, symbols)
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    print(json.dumps([answer(opened, *question) for question in asked]))
    opened.close()
