"""The registry callbacks by pykd alone, as such scripts are written: typedVarList for the links, a
read for each field. Run by attached.py; prints JSON: its KD requests, and those of `regcb list`.

For Windows 7 to 11, x64."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import pykd

from pykd_ext.command_line.main import main
from tests.engine.inside import live


def plain() -> int:
    """How many callbacks were printed."""
    head = pykd.module("nt").offset("CallbackListHead")
    callbacks = pykd.typedVarList(head, "nt!_LIST_ENTRY", "Flink")
    for each in callbacks:
        block = each.getAddress()
        altitude = pykd.loadUnicodeString(block + 0x30)
        function = pykd.ptrPtr(block + 0x28)
        cookie, context = pykd.ptrQWord(block + 0x18), pykd.ptrPtr(block + 0x20)
        print(altitude, pykd.findSymbol(function), hex(cookie), hex(context))
    return len(callbacks)


def requests() -> int:
    return sum(count for name, count in live.clear().items() if name not in ("stop", "print"))


if __name__ == "__main__":
    with redirect_stdout(io.StringIO()):
        live.clear()
        count = plain()
        by_plain = requests()
        main(["--engine", "pykd", "list"])
        by_regcb = requests()
    print(json.dumps({"callbacks": count, "plain": by_plain, "regcb": by_regcb}))
