#!python3.9
"""Who is told of registry operations, in the order in which the kernel asks: !py list_callbacks.py

To read: the shortest way to the callbacks. `regcb list` shows more.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from pykd_ext.documents.text import printable
from pykd_ext.kernel.listing import read_listing
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.pykd_session import open_session


def list_callbacks() -> None:
    """A line a callback: its altitude, its function, and the driver that the function lies in."""
    for entry in read_listing(open_session()).entries:
        names = (entry.callback.altitude, entry.function_symbol, entry.owner.name)
        print("  ".join(map(printable, names)))


if __name__ == "__main__":
    try:
        list_callbacks()
    except RegcbError as error:
        print(error)
