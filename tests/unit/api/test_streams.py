"""A running target as a stream: the lab's machine, in this process."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

import pykd_ext
from pykd_ext import Operation
from tests.support.lab_target import LabTarget
from tests.support.long_run import script

SAMPLE = Path(pykd_ext.__file__).parents[1] / "samples" / "sound-x64.dmp"

pytestmark = pytest.mark.toolchain


class Counted(LabTarget):
    """Knows its breakpoints that are set."""

    def __init__(self) -> None:
        super().__init__(script("default"))
        self.set = 0

    def break_at(self, *arguments: Any, **options: Any) -> Any:
        hook = super().break_at(*arguments, **options)
        remove = hook.remove
        self.set += 1

        def removed() -> None:
            self.set -= 1
            remove()

        hook.remove = removed  # type: ignore[method-assign]
        return hook


def fact(operation: Operation) -> tuple[Any, ...]:
    notified = operation.notified
    blocked = operation.blocked_by
    return notified.notification.notify_class, operation.result, blocked and blocked.verdict


def target() -> Any:
    return Counted()


@pytest.mark.parametrize("each", [False, True])
def test_both_ways_give_the_same(each: bool) -> None:
    told: list[Operation] = []

    def report(operation: Operation) -> bool:
        told.append(operation)
        return False

    first, second = target(), target()
    stream = pykd_ext.trace(first, each=each)
    assert stream.run(report) == stream.why == "debugger"  # the machine has no more work
    iterated = pykd_ext.trace(second, each=each)
    found = [fact(operation) for operation in iterated]
    assert found == [fact(operation) for operation in told]
    assert len(found) == 5
    assert iterated.why == "debugger"
    assert (first.set, second.set) == (0, 0)


def test_the_target_is_stopped_at_each_and_goes_on() -> None:
    kernel = target()
    counters = []
    for operation in pykd_ext.trace(kernel):
        assert kernel.set
        assert len(pykd_ext.callbacks(kernel)) == 4  # it can be read
        counters.append((kernel.register("rip"), operation.time))
    assert len(counters) == 5


def test_a_loop_that_is_left_leaves_nothing() -> None:
    kernel = target()
    gc.disable()  # nothing else takes them out
    try:
        for _ in pykd_ext.trace(kernel, only_blocked=True):
            assert kernel.set
            break
        assert kernel.set == 0
        with pytest.raises(ZeroDivisionError), pykd_ext.trace(kernel) as stream:
            for _ in stream:
                raise ZeroDivisionError
        assert (kernel.set, stream.why) == (0, "hit")
        assert list(stream) == []  # once
    finally:
        gc.enable()


def test_a_function_that_has_enough() -> None:
    kernel = target()
    seen: list[Operation] = []

    def two(operation: Operation) -> bool:
        seen.append(operation)
        return len(seen) == 2

    assert pykd_ext.trace(kernel).run(two) == "hit"
    assert (len(seen), kernel.set) == (2, 0)


def test_an_error_of_the_callers_comes_out() -> None:
    kernel = target()

    def fails(_: Operation) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pykd_ext.trace(kernel).run(fails)
    assert kernel.set == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"keys": ["SOFTWARE"]}, "is no full key path"),
        ({"classes": ["SetValue"]}, "did you mean RegNtSetValueKey"),
        ({"seconds": 0}, "more than 0"),
    ],
)
def test_what_can_fit_nothing(options: dict[str, Any], says: str) -> None:
    with pytest.raises(pykd_ext.BadArgument, match=says):
        pykd_ext.trace(target(), **options)


@pytest.mark.parametrize("start", [pykd_ext.trace, pykd_ext.watch])
def test_nothing_runs_in_a_dump(start: Any) -> None:
    with (
        pykd_ext.open_target(SAMPLE, "") as dump,
        pytest.raises(pykd_ext.TargetError, match=f"{start.__name__} needs a live kernel"),
    ):
        start(dump)
