"""``ask.py DUMP SYMBOLS``: what a PykdSession on the dump answers.

Each line of its input is a list of questions in JSON, each a property's or a method's name and its
arguments. Prints a line with the list of answers: bytes as hex, tuples as lists, an error as
``{"error": its class}``.
"""

from __future__ import annotations

import json
import sys
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
    opened = open_session(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps([answer(opened, *question) for question in json.loads(line)]), flush=True)
    opened.close()
