#!python3.9
"""Who refuses what is asked of a key: !py who_blocks.py HKLM\\SOFTWARE\\Vendor

To read: how a question is put to a running target. `regcb who-blocks` has more options.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from pykd_ext.documents.text import printable
from pykd_ext.live.globs import KeyGlob
from pykd_ext.live.returns import place
from pykd_ext.live.trace import Filters, Traced, Tracer
from pykd_ext.notify.ntstatus import status_text
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.pykd_session import open_session


def refused(operation: Traced) -> bool:
    """Prints who it was; True: that is enough."""
    name = operation.occurrence.notification.notify_class.name
    blocked = operation.blocked_by
    if blocked is not None and blocked.entry is not None:
        entry, status = blocked.entry, blocked.verdict.status
        print(f"{name}: {status_text(status)}")
        print(f"  by {printable(entry.owner.name)}, {printable(entry.function_symbol)}")
    return True


def who_blocks(key: str) -> None:
    """Waits for the next operation on ``key`` that a callback refuses."""
    target = open_session()
    filters = Filters(keys=(KeyGlob(key),), only_blocked=True)
    Tracer(target, filters, refused).run(place(target), seconds=None)


if __name__ == "__main__":
    try:
        who_blocks(sys.argv[1])
    except (RegcbError, ValueError, IndexError) as error:
        print(error)
