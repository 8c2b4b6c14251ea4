"""One regcb command on a live target, beside a breakpoint of the user's. Run by attached.py.

Prints JSON: exit status, what was printed, the KD requests and stops that it took, breakpoints of
the engine and of the target afterwards, and how the target is left.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pykd

from pykd_ext.command_line.main import main
from tests.engine.inside import live


def run(words: list[str]) -> dict[str, Any]:
    pykd.dbgCommand("bp nt!NtFlushKey")
    output, errors = io.StringIO(), io.StringIO()
    live.clear()
    with redirect_stdout(output), redirect_stderr(errors):
        status = main(["--engine", "pykd", *words])
    counts = live.counts()
    return {
        "status": status,
        "output": output.getvalue(),
        "errors": errors.getvalue(),
        "counts": counts,
        "engine_breakpoints": [
            line.split()[-1] for line in pykd.dbgCommand("bl").splitlines() if line.strip()
        ],
        "state": live.state(),
        "is_stopped": str(pykd.getExecutionStatus()) == "Break",
    }


if __name__ == "__main__":
    print("\n" + json.dumps(run(sys.argv[1:])))
