"""``commands.py DUMP SYMBOLS COMMAND...``: what the debugger's own commands print, as JSON."""

from __future__ import annotations

import json
import sys

import pykd

if __name__ == "__main__":
    dump, symbols, *commands = sys.argv[1:]
    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.loadDump(dump)
    print(json.dumps([(pykd.dbgCommand(each) or "").strip() for each in commands]))
