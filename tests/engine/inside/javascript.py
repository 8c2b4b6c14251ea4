"""``javascript.py DUMP SYMBOLS``: a session of the engine that answers a script's host object.

A line of JSON for every question, ``["read", ADDRESS, BYTES]`` or ``["command", TEXT]``, and one
for its answer: the bytes in hex, null where they cannot be read; the lines of what was printed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pykd


def answer(what: str, *arguments: Any) -> Any:
    """One answer."""
    if what == "command":
        try:
            return (pykd.dbgCommand(*arguments) or "").splitlines()
        except pykd.DbgException as error:
            return str(error).splitlines()
    address, size = arguments
    try:
        return bytes(pykd.loadBytes(int(address, 16), size)).hex()
    except pykd.MemoryException:
        return None


if __name__ == "__main__":
    dump, symbols = sys.argv[1:]
    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.loadDump(dump)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(*json.loads(line))) + "\n")
        sys.stdout.flush()
