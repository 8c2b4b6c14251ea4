"""``attached.py PORT CONTROL SYMBOLS SCRIPT ARG...``: a script with pykd attached to a live target.

SCRIPT ``regcb`` is the command line. The script finds its own words in sys.argv, and in the module
``live`` what a test needs besides: ``counts()`` and ``clear()`` of the target's KD requests.
"""

from __future__ import annotations

import runpy
import sys
from types import ModuleType

import pykd

from pykd_ext.commands.main import main
from tests.lab.kd.control import ask_target


def attach(port: str, symbols: str) -> None:
    """A session of the engine on the target, which is stopped."""
    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.attachKernel(f"com:ipport={port},port=127.0.0.1")
    pykd.dbgCommand(".reload")  # the engine asks for the drivers later, of its own accord


def offer(control: int) -> None:
    """The module ``live``."""
    live = ModuleType("live")
    live.__dict__["counts"] = lambda: ask_target(control, "counts")
    live.__dict__["clear"] = lambda: ask_target(control, "clear")
    sys.modules["live"] = live


if __name__ == "__main__":
    port, control, symbols, *sys.argv = sys.argv[1:]
    offer(int(control))
    attach(port, symbols)
    if sys.argv[0] == "regcb":
        sys.exit(main(["--engine", "pykd", *sys.argv[1:]]))
    runpy.run_path(sys.argv[0], run_name="__main__")
