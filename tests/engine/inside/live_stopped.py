"""``who-blocks --stop``, and what the user finds there. Run by attached.py.

Prints JSON: exit status, output, the functions on the stack, the callback's result, the byte at the
program counter, the target's breakpoints and the engine's, and the function one instruction on.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from typing import Any

import pykd

from pykd_ext.command_line.main import main
from tests.engine.inside import live


def run(words: list[str]) -> dict[str, Any]:
    output = io.StringIO()
    with redirect_stdout(output):
        status = main(["--engine", "pykd", *words])
    frames = [pykd.findSymbol(each.ip).partition("+")[0] for each in pykd.getStack()]
    found = {
        "status": status,
        "output": output.getvalue(),
        "frames": frames,
        "result": pykd.reg("eax") & 0xFFFFFFFF,
        "code": bytes(pykd.loadBytes(pykd.reg("rip"), 1)).hex(),
        "breakpoints": live.state()["breakpoints"],
        "left": pykd.dbgCommand("bl").strip(),
    }
    pykd.trace()
    found["behind"] = pykd.findSymbol(pykd.reg("rip")).partition("+")[0]
    return found


if __name__ == "__main__":
    print("\n" + json.dumps(run(sys.argv[1:])))
