"""live_regcb.py after a command of the debugger, the first argument. Run by attached.py."""

from __future__ import annotations

import json
import sys

import pykd

from tests.engine.inside.live_regcb import run

if __name__ == "__main__":
    command, *words = sys.argv[1:]
    pykd.dbgCommand(command)
    print("\n" + json.dumps(run(words)))
