"""live_regcb.py, with Ctrl+C once the target has run. Run by attached.py."""

from __future__ import annotations

import _thread
import json
import sys
import threading
import time

from tests.engine.inside import live
from tests.engine.inside.live_regcb import run


def interrupt_when_it_runs() -> None:
    """As soon as the first operation is done."""
    while not any(each["count"] for thread in live.state()["operations"] for each in thread):
        time.sleep(0.1)
    _thread.interrupt_main()


if __name__ == "__main__":
    live.state()  # what a socket imports is imported by one thread
    threading.Thread(target=interrupt_when_it_runs, daemon=True).start()
    print("\n" + json.dumps(run(sys.argv[1:])))
