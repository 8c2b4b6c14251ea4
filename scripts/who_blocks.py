#!python3.9
"""Who refuses what is asked of a key: !py who_blocks.py HKLM\\SOFTWARE\\Vendor

To read: how a question is put to a running target. `regcb who-blocks` has more options.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent.parent))

import pykd_ext


def who_blocks(key: str) -> None:
    """Waits for the next operation on ``key`` that a callback refuses, and prints who it was."""
    with pykd_ext.open_target() as target:
        for operation in pykd_ext.trace(target, keys=[key], only_blocked=True):
            blocked = operation.blocked_by
            if blocked and blocked.callback:
                status = pykd_ext.status_text(blocked.verdict.status)
                print(f"{operation.notify_class.name}: {status}")
                names = (blocked.callback.owner.name, blocked.callback.function_symbol)
                print("  by", ", ".join(map(pykd_ext.printable, names)))
            break  # the breakpoints are gone now, and the target is stopped


if __name__ == "__main__":
    if len(sys.argv) == 2:
        try:
            who_blocks(sys.argv[1])
        except pykd_ext.RegcbError as error:
            print(error)
    else:
        print("which key? !py who_blocks.py HKLM\\SOFTWARE\\Vendor")
