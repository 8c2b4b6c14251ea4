"""``windbg_py.py DUMP SYMBOLS SCRIPT ARG...``: runs a script as ``!py SCRIPT ARG...`` in WinDbg.

As the pykd bootstrapper does it (pykd-ext, sources/windbgext.cpp, function py): pykd is in a
session, standard output and error are the command window, the recursion limit is 500, and the
script is run as a string, so that it has no __file__. Prints what came to the window as JSON:
``text``, ``dml``, and the engine's ``status`` after it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pykd


class Window:
    """The command window. The bootstrapper's has these attributes, and no others of a file's."""

    encoding = "ascii"

    def __init__(self) -> None:
        self.text = ""
        self.dml = ""

    def write(self, text: str) -> None:
        self.text += text

    def writedml(self, text: str) -> None:
        self.dml += text

    def flush(self) -> None:
        pass


def run(script: Path) -> Window:
    """``script`` with sys.argv as it stands."""
    window = Window()
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = window
    try:
        exec(compile(script.read_bytes(), "<string>", "exec"), {"__name__": "__main__"})
    finally:
        sys.stdout, sys.stderr = before
    return window


if __name__ == "__main__":
    dump, symbols, *sys.argv = sys.argv[1:]
    script = Path(sys.argv[0])
    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.loadDump(dump)
    # As on a user's machine: the script's folder is on the path, the project is not.
    project = str(Path(__file__).parents[3])
    sys.path[:] = [str(script.parent), *(each for each in sys.path if each != project)]
    sys.setrecursionlimit(500)
    window = run(script)
    status = str(pykd.getExecutionStatus())
    print(json.dumps({"text": window.text, "dml": window.dml, "status": status}))
