#!python3.9
"""What one callback is told, five times: !py decode_at_breakpoint.py regprotect

To read: a breakpoint with a Python function, and what can be asked inside it. `regcb trace` shows
all callbacks, and their verdicts.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(sys.argv[0]).resolve().parent.parent))

import pykd_ext
from pykd_ext.kernel.listing import target_facts
from pykd_ext.live.breakpoints import Breakpoints
from pykd_ext.present.notification import operation_text, requestor_text
from pykd_ext.present.output import Output

TIMES = 5


def decode_at(name: str) -> None:
    """Prints what the callback called ``name`` (an owner, an altitude, a function) is told."""
    with pykd_ext.open_target() as target:
        callback = pykd_ext.select(pykd_ext.callbacks(target), name)[0]
        facts = target_facts(target)
        output = Output(sys.stdout)  # with links in WinDbg
        left = TIMES

        def told() -> bool:
            """Runs at the callback's first instruction; True keeps the target stopped."""
            nonlocal left
            left -= 1
            found = pykd_ext.decode(target)
            output.write(requestor_text(found.requestor))
            output.write("  " + operation_text(found.notification, facts))
            return left == 0

        with Breakpoints(target) as breakpoints:  # they are gone when the block is left
            breakpoints.add(callback.function or 0, told)
            target.go(None)


if __name__ == "__main__":
    try:
        decode_at(sys.argv[1] if len(sys.argv) > 1 else "0")
    except pykd_ext.RegcbError as error:
        print(error)
