"""live_regcb.py, with Ctrl+C once the target runs. Run by attached.py.

The first argument: ``busy`` waits for the first operation to be done, ``round`` for each of them
twice, ``idle`` for breakpoints.
"""

from __future__ import annotations

import _thread
import json
import sys
import threading
import time
from typing import Callable

from tests.engine.inside import live
from tests.engine.inside.live_regcb import run


def is_busy() -> bool:
    return any(each["count"] for thread in live.state()["operations"] for each in thread)


def is_round() -> bool:
    return all(each["count"] > 1 for thread in live.state()["operations"] for each in thread)


def is_idle() -> bool:
    return bool(live.state()["breakpoints"])  # the engine takes them out while it is stopped


def interrupt_when(runs: Callable[[], bool]) -> None:
    while not runs():
        time.sleep(0.1)
    _thread.interrupt_main()


if __name__ == "__main__":
    live.state()  # what a socket imports is imported by one thread
    runs = {"busy": is_busy, "round": is_round, "idle": is_idle}[sys.argv[1]]
    threading.Thread(target=interrupt_when, args=(runs,), daemon=True).start()
    print("\n" + json.dumps(run(sys.argv[2:])))
