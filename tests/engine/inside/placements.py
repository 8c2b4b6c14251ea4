"""``placements.py VARIANT``: what a placement of breakpoints costs. Run by attached.py.

Prints JSON: KD requests for each operation, averaged over some. The first ones but
``gc`` know after each stop which thread it is in, and three registers; the last are regcb.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Callable

import pykd

from pykd_ext.kernel.callbacks import read_callbacks
from pykd_ext.live.call_site import find_call_sites
from pykd_ext.live.globs import KeyGlob
from pykd_ext.live.operations import Returned
from pykd_ext.live.policy import PRE_CLASSES
from pykd_ext.live.returns import Placement, follow_returns, place
from pykd_ext.live.trace import Filters, Tracer
from pykd_ext.target.pykd_session import PykdSession, open_session
from tests.engine.inside import live

OPERATIONS = 6
_LONG = ("other-key", "nobody-refuses")
_SECONDS = 3.0

Place = Callable[[int, Callable[[], Any]], Any]


class Counter:
    """Stops the target in the last callback of so many operations."""

    def __init__(self, session: PykdSession) -> None:
        self.session = session
        self.callbacks = [each.function or 0 for each in read_callbacks(session).callbacks]
        self.left = OPERATIONS * 2 * len(self.callbacks)

    def count(self) -> bool:
        self.left -= 1
        return self.left == 0

    def look(self) -> None:
        """What no placement can do without."""
        self.session.current_thread()
        for name in ("rax", "rsp", "rcx"):
            self.session.register(name)

    def returned(self, _: Returned) -> bool:
        return self.count()


def gc(counter: Counter) -> None:
    """Breakpoints of the engine's own, as a person sets them; the first one counts."""
    first, *others = counter.callbacks
    count = f"r $t0 = @$t0 + 1; .if (@$t0 >= {2 * OPERATIONS:#x}) {{}} .else {{gc}}"
    pykd.dbgCommand(f'bp {first:#x} "{count}"')
    for function in others:
        pykd.dbgCommand(f'bp {function:#x} "gc"')
    pykd.go()


def pair(counter: Counter, set_breakpoint: Place) -> None:
    """Two breakpoints around each call."""
    start = counter.session.symbol("CmpCallCallBacksEx")

    def call() -> Any:
        counter.look()
        return pykd.eventResult.Proceed

    def back() -> Any:
        counter.look()
        return pykd.eventResult.Break if counter.count() else pykd.eventResult.Proceed

    kept = []
    for site in find_call_sites(counter.session, start):
        kept += [set_breakpoint(site.call, call), set_breakpoint(site.back, back)]
    pykd.go()
    del kept


def behind(counter: Counter, set_breakpoint: Place) -> None:
    """One breakpoint behind each call."""
    start = counter.session.symbol("CmpCallCallBacksEx")

    def back() -> Any:
        counter.look()
        return pykd.eventResult.Break if counter.count() else pykd.eventResult.Proceed

    sites = find_call_sites(counter.session, start)
    kept = [set_breakpoint(site.back, back) for site in sites]
    pykd.go()
    del kept


def software(address: int, hit: Callable[[], Any]) -> Any:
    return pykd.setBp(address, hit)


def hardware(address: int, hit: Callable[[], Any]) -> Any:
    return pykd.setBp(address, 1, pykd.breakpointAccess.Execute, hit)


def entries_once(counter: Counter) -> None:
    """One at each callback, which sets another where it returns to, for once."""
    returns: dict[int, Any] = {}

    def called() -> Any:
        counter.look()
        back = pykd.ptrPtr(pykd.reg("rsp"))

        def returned() -> Any:
            counter.look()
            returns.pop(back).remove()
            return pykd.eventResult.Break if counter.count() else pykd.eventResult.Proceed

        returns[back] = pykd.setBp(back, returned)
        return pykd.eventResult.Proceed

    kept = [pykd.setBp(function, called) for function in counter.callbacks]
    pykd.go()
    del kept


def entries(counter: Counter) -> None:
    """regcb's fallback."""
    callbacks = read_callbacks(counter.session).callbacks
    with follow_returns(
        counter.session, Placement([], callbacks, []), PRE_CLASSES, counter.returned
    ):
        counter.session.go(None)


def shown(counter: Counter, filters: Filters, each: bool = False) -> None:
    """regcb trace, until it has shown some operations."""
    seen = [0]

    def report(_: object) -> bool:
        seen[0] += 1
        return seen[0] == OPERATIONS

    Tracer(counter.session, filters, report, each=each).run(place(counter.session), None)


def passed_by(counter: Counter, filters: Filters) -> None:
    """regcb trace, for some seconds that show nothing."""
    Tracer(counter.session, filters, lambda _: True).run(place(counter.session), _SECONDS)


VARIANTS: dict[str, Callable[[Counter], None]] = {
    "gc": gc,
    "entries": entries,
    "entries-once": entries_once,
    "pair": lambda counter: pair(counter, software),
    "pair-hardware": lambda counter: pair(counter, hardware),
    "behind": lambda counter: behind(counter, software),
    "behind-hardware": lambda counter: behind(counter, hardware),
    "trace-each": lambda counter: shown(counter, Filters(), each=True),
    "trace": lambda counter: shown(counter, Filters()),
    "refused": lambda counter: shown(counter, Filters(only_blocked=True)),
    "other-key": lambda counter: passed_by(counter, Filters(keys=(KeyGlob("HKLM\\None"),))),
    "nobody-refuses": lambda counter: passed_by(counter, Filters(only_blocked=True)),
}


def done() -> int:
    """Operations of all threads, up to now."""
    return sum(each["count"] for thread in live.state()["operations"] for each in thread)


def measure(name: str) -> float:
    """By what has been done meanwhile; what comes before the first and behind the last is not
    counted, where that is more than a stop."""
    counter = Counter(open_session())
    if name in _LONG:
        VARIANTS[name](counter)  # what is read once
    before = done()
    live.clear()
    VARIANTS[name](counter)
    counts = live.counts()
    requests = sum(count for kind, count in counts.items() if kind not in ("stop", "print"))
    if name not in _LONG:
        return requests / OPERATIONS
    return requests / (done() - before)


if __name__ == "__main__":
    print("\n" + json.dumps(measure(sys.argv[1])))
