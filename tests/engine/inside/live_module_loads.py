"""live_regcb.py where the user stops at modules that are loaded (sxe ld). Run by attached.py."""

from __future__ import annotations

import json
import sys

import pykd

from tests.engine.inside.live_regcb import run

if __name__ == "__main__":
    pykd.dbgCommand("sxe ld")
    print("\n" + json.dumps(run(sys.argv[1:])))
