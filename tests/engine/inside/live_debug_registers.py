"""live_regcb.py, where the user has a breakpoint in each debug register. Run by attached.py."""

from __future__ import annotations

import json
import sys

import pykd

from tests.engine.inside.live_regcb import run

if __name__ == "__main__":
    for number in range(1, 5):
        pykd.dbgCommand(f"ba e1 nt!NtFlushKey+{number}")
    print("\n" + json.dumps(run(sys.argv[1:])))
