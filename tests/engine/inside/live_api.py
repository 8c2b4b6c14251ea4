"""``live_api.py NAME``: the example of an exported function, on a live target. Run by attached.py.

Prints JSON: how many examples there are, what is wrong with them, and what is left in the engine.
"""

from __future__ import annotations

import doctest
import io
import json
import sys
from typing import Any

import pykd

import pykd_ext


def run(name: str) -> dict[str, Any]:
    report = io.StringIO()
    with pykd_ext.open_target() as target:
        names = {"pykd_ext": pykd_ext, "target": target}
        (test,) = doctest.DocTestFinder(recurse=False).find(
            getattr(pykd_ext, name), name, globs=names
        )
        doctest.DocTestRunner().run(test, out=report.write, clear_globs=False)
        breakpoints = pykd.dbgCommand("bl") or ""
    return {
        "examples": len(test.examples),
        "wrong": report.getvalue(),
        "breakpoints": breakpoints.strip(),
        "is_stopped": str(pykd.getExecutionStatus()) == "Break",
    }


if __name__ == "__main__":
    print("\n" + json.dumps(run(sys.argv[1])))
