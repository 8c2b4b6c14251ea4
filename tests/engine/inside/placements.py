"""``placements.py VARIANT``: what a plan of breakpoints costs. Run by attached.py.

Prints JSON: KD requests for each operation. The first ones but ``gc`` know after each stop which
thread it is in, and three registers, and are averaged over some operations; of regcb it is what
more operations cost more, without what is read once a run.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any, Callable

import pykd

from pykd_ext.kernel.callbacks import read_callbacks
from pykd_ext.live.call_site import find_call_sites
from pykd_ext.live.filters import Filters
from pykd_ext.live.globs import KeyGlob
from pykd_ext.live.operations import Returned
from pykd_ext.live.policy import PRE_CLASSES
from pykd_ext.live.refusal_stop import RefusalStop
from pykd_ext.live.returns import BreakpointPlan, follow_returns, place
from pykd_ext.live.trace import Tracer
from pykd_ext.notify.classes import NotifyClass
from pykd_ext.target.pykd_session import PykdSession, open_session
from tests.engine.inside import live
from tests.engine.measured import OPERATIONS, TIMES

_SET, _QUERY = frozenset([NotifyClass(1)]), frozenset([NotifyClass(7)])

Measure = Callable[[int], int]  # runs so many times as long, and says how many operations it were
SetBreakpoint = Callable[[int, Callable[[], Any]], Any]


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
        """What no plan can do without."""
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


def pair(counter: Counter, set_breakpoint: SetBreakpoint) -> None:
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


def behind(counter: Counter, set_breakpoint: SetBreakpoint) -> None:
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
        counter.session, BreakpointPlan([], callbacks, []), PRE_CLASSES, counter.returned
    ):
        counter.session.go(None)


def shown(counter: Counter, filters: Filters, each: bool = False) -> Measure:
    """regcb trace, until it has shown some operations."""

    def run(times: int) -> int:
        left = [times * OPERATIONS]

        def report(_: object) -> bool:
            left[0] -= 1
            return left[0] == 0

        Tracer(counter.session, filters, report, each=each).run(place(counter.session), None)
        return times * OPERATIONS

    return run


def passed_by(counter: Counter, filters: Filters) -> Measure:
    """regcb trace, until what it shows is done once."""
    return until_asked(Tracer(counter.session, filters, lambda _: True), counter)


def stop_passed_by(counter: Counter) -> Measure:
    """regcb who-blocks --stop, where nobody refuses until the end."""
    callbacks = read_callbacks(counter.session).callbacks
    return until_asked(
        RefusalStop(counter.session, callbacks, PRE_CLASSES, lambda _: True), counter
    )


def until_asked(follower: Tracer | RefusalStop, counter: Counter) -> Measure:
    """How many pass by before, the other process of tests.engine.placements knows."""

    def run(_: int) -> int:
        before = done()
        follower.run(place(counter.session), None)
        return done() - before

    return run


ENGINES: dict[str, Callable[[Counter], None]] = {
    "gc": gc,
    "entries": entries,
    "entries-once": entries_once,
    "pair": lambda counter: pair(counter, software),
    "pair-hardware": lambda counter: pair(counter, hardware),
    "behind": lambda counter: behind(counter, software),
    "behind-hardware": lambda counter: behind(counter, hardware),
}
REGCBS: dict[str, Callable[[Counter], Measure]] = {
    "trace-each": lambda counter: shown(counter, Filters(), each=True),
    "stop": stop_passed_by,
    "trace": lambda counter: shown(counter, Filters()),
    "own-class": lambda counter: shown(counter, Filters(numbers=_SET)),
    "other-key": lambda counter: passed_by(
        counter, Filters(keys=(KeyGlob("HKLM\\SOFTWARE\\Example\\Settings"),))
    ),
    "other-process": lambda counter: passed_by(counter, Filters(process_id=0x2AC)),
    "other-thread": lambda counter: passed_by(counter, Filters(thread_id=0x2B0)),
    "other-class": lambda counter: passed_by(counter, Filters(numbers=_QUERY)),
    "refused": lambda counter: shown(counter, Filters(only_blocked=True)),
    "nobody-refuses": lambda counter: passed_by(counter, Filters(only_blocked=True)),
}


def done() -> int:
    """Operations of the first thread, up to now."""
    return sum(each["count"] for each in live.state()["operations"][0])


def requests(run: Callable[[], object]) -> int:
    live.clear()
    run()
    return sum(count for kind, count in live.counts().items() if kind not in ("stop", "print"))


def measure(name: str) -> float:
    counter = Counter(open_session())
    if name in ENGINES:
        return requests(lambda: ENGINES[name](counter)) / OPERATIONS
    run = REGCBS[name](counter)
    first, *measured = TIMES
    run(first)  # what is read once
    operations: list[int] = []
    few, many = (requests(partial(lambda t: operations.append(run(t)), t)) for t in measured)
    return (many - few) / (operations[1] - operations[0])


if __name__ == "__main__":
    print("\n" + json.dumps(measure(sys.argv[1])))
