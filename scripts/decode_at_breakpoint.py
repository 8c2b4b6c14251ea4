#!python3.9
"""What one callback is told, five times: !py decode_at_breakpoint.py regprotect

To read: a breakpoint with a Python function, and what can be asked inside it. `regcb trace` shows
all callbacks, and their verdicts.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parents[1]))

from pykd_ext.kernel.listing import read_listing, target_facts
from pykd_ext.kernel.requestor import read_requestor
from pykd_ext.kernel.selection import select
from pykd_ext.kernel.stopped_callback import read_stop
from pykd_ext.live.breakpoints import Breakpoints
from pykd_ext.notify.occurrence import read_occurrence
from pykd_ext.present.notification import operation_text, requestor_text
from pykd_ext.present.output import Output
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.pykd_session import open_session

TIMES = 5


def decode_at(name: str) -> None:
    """Prints what the callback called ``name`` (an owner, an altitude, a function) is told."""
    target = open_session()
    facts = target_facts(target)
    output = Output(sys.stdout)  # with links in WinDbg
    callback = select(read_listing(target), name)[0].callback
    left = TIMES

    def told() -> bool:
        """Runs at the callback's first instruction; True keeps the target stopped."""
        nonlocal left
        left -= 1
        stop = read_stop(target)
        requestor = read_requestor(target)
        found = read_occurrence(
            target, stop.notify_class, stop.information, callback=callback, requestor=requestor
        )
        output.write(requestor_text(requestor))
        output.write("  " + operation_text(found.notification, facts))
        return left == 0

    with Breakpoints(target) as breakpoints:  # they are gone when the block is left
        breakpoints.add(callback.function or 0, told)
        target.go(None)


if __name__ == "__main__":
    try:
        decode_at(sys.argv[1] if len(sys.argv) > 1 else "0")
    except RegcbError as error:
        print(error)
