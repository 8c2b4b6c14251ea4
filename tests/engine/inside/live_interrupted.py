"""live_regcb.py, with Ctrl+C after three seconds. Run by attached.py."""

from __future__ import annotations

import _thread
import json
import sys
import threading

from tests.engine.inside.live_regcb import run

if __name__ == "__main__":
    threading.Timer(3.0, _thread.interrupt_main).start()
    print("\n" + json.dumps(run(sys.argv[1:])))
