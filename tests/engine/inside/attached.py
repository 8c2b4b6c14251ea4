"""``attached.py PORT CONTROL SYMBOLS SCRIPT ARG...``: a script with pykd attached to a live target.

SCRIPT ``regcb`` is the command line. The script finds its own words in sys.argv, and in
:mod:`tests.engine.inside.live` what the target says of itself.
"""

from __future__ import annotations

import os
import runpy
import sys

import pykd

from pykd_ext.command_line.main import main
from tests.engine.inside.live import CONTROL


def attach(port: str, symbols: str) -> None:
    """A session of the engine on the target, which is stopped."""
    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.attachKernel(f"com:ipport={port},port=127.0.0.1")
    pykd.dbgCommand(".reload")  # the engine asks for the drivers later, of its own accord


if __name__ == "__main__":
    port, os.environ[CONTROL], symbols, *sys.argv = sys.argv[1:]
    attach(port, symbols)
    if sys.argv[0] == "regcb":
        sys.exit(main(["--engine", "pykd", *sys.argv[1:]]))
    runpy.run_path(sys.argv[0], run_name="__main__")
