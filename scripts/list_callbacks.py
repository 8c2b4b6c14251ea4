#!python3.9
"""Who is told of registry operations, in the order in which the kernel asks: !py list_callbacks.py

To read: the shortest way to the callbacks. `regcb list` shows more.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent.parent))

import pykd_ext


def list_callbacks() -> None:
    """A line a callback: its altitude, its function, and the driver that the function lies in."""
    with pykd_ext.open_target() as target:
        for callback in pykd_ext.callbacks(target):
            names = (callback.altitude, callback.function_symbol, callback.owner.name)
            print("  ".join(map(pykd_ext.printable, names)))


if __name__ == "__main__":
    try:
        list_callbacks()
    except pykd_ext.RegcbError as error:
        print(error)
