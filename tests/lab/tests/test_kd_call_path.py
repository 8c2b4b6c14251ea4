"""The live lab calls callbacks as Windows does (SOURCES 3), from what stage.sys was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab
    from tests.lab.kd.script import Act, Actor, Operation

pytestmark = pytest.mark.toolchain

PRE_SET, POST_SET, PRE_CLOSE, POST_CLOSE = 1, 16, 14, 25
PRE_CREATE, POST_CREATE = 26, 27
SUCCESS, ACCESS_DENIED, BYPASS = 0, 0xC0000022, 0xC0000503
COLLISION = 0xC01C0011
FIRST, SECOND = 0x1A40, 0x1A44  # thread ids
KEY = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
PENDING = 0x80000000
LIMIT = 5000  # slices: more is a kernel that hangs


class Call(NamedTuple):
    """One call of an actor's callback."""

    actor: int
    notify_class: int
    thread: int = FIRST


class Stage:
    """A lab in which only the actors are registered."""

    def __init__(self, actors: list[Actor], *work: tuple[Operation, ...], processors: int) -> None:
        from tests.lab.kd.lab import build_live_lab
        from tests.lab.kd.script import Script, Work

        works = tuple(
            Work("regedit.exe", 0x1A3C, FIRST + 4 * index, each, 1, index % processors)
            for index, each in enumerate(work)
        )
        script = Script(works, ("stage.sys",), tuple(actors), processors)
        self.lab: LiveLab = build_live_lab(script)
        self._symbols = self.lab.world.images["stage.sys"].symbols

    def run(self) -> None:
        """To the end of all threads."""
        for _ in range(LIMIT):
            if self.lab.machine.is_idle:
                return
            assert self.lab.machine.run() is None
        raise AssertionError("the kernel hangs")

    def run_until(self, calls: int) -> None:
        for _ in range(LIMIT):
            if len(self.calls()) >= calls:
                return
            self.lab.machine.run()
        raise AssertionError(self.calls())

    def calls(self) -> list[Call]:
        memory, place = self.lab.machine.memory, self._symbols["g_Calls"]
        count = memory.unsigned(self._symbols["g_CallCount"], 4)
        offset = self.lab.world.offsets.field("_ETHREAD", "Cid") + 8
        found = []
        for entry in range(place, place + 0x10 * count, 0x10):
            thread = memory.unsigned(memory.unsigned(entry + 8, 8) + offset, 8)
            found.append(Call(memory.unsigned(entry, 4), memory.unsigned(entry + 4, 4), thread))
        return found

    def statuses(self, thread: int = 0) -> list[int]:
        memory = self.lab.machine.memory
        return [memory.unsigned(each + 0x30, 4) for each in self.lab.operations[thread].addresses]

    def uses(self) -> list[int]:
        """PreCallListCount of every block in the list."""
        memory, head = self.lab.machine.memory, self.lab.world.nt("CallbackListHead")
        counts, block = [], memory.unsigned(head, 8)
        while block != head:
            counts.append(memory.unsigned(block + 0x10, 4))
            block = memory.unsigned(block, 8)
        return counts

    def is_in_callback(self, thread_id: int) -> bool:
        """Whether the thread's CmCallbackListHead holds anything."""
        offsets, memory = self.lab.world.offsets, self.lab.machine.memory
        client = offsets.field("_ETHREAD", "Cid") + 8
        head = offsets.field("_ETHREAD", "CmCallbackListHead")
        (thread,) = [
            each.ethread
            for processor in self.lab.machine.processors
            for each in (processor.current, *processor.ready)
            if memory.unsigned(each.ethread + client, 8) == thread_id
        ]
        return memory.unsigned(thread + head, 8) != 0


def operation(kind: str, **fields: Any) -> Operation:
    from tests.lab.kd.script import Operation

    return Operation(kind, KEY, "Volume", **fields)


def actor(altitude: str, *acts: Act, at_load: bool = True) -> Actor:
    from tests.lab.kd.script import Actor

    return Actor(altitude, acts, at_load)


def act(kind: str, notify_class: int, **fields: Any) -> Act:
    from tests.lab.kd.script import Act

    return Act(kind, notify_class, **fields)


def stage(actors: list[Actor], *work: tuple[Operation, ...], processors: int = 1) -> Stage:
    return Stage(actors, *work, processors=processors)


def seen(stage: Stage) -> list[tuple[int, int]]:
    return [(each.actor, each.notify_class) for each in stage.calls()]


def test_pre_goes_down_post_comes_up() -> None:
    played = stage([actor("300"), actor("100"), actor("200")], (operation("set-value"),))
    played.run()
    assert seen(played) == [(0, 1), (2, 1), (1, 1), (1, 16), (2, 16), (0, 16)]
    assert played.statuses() == [SUCCESS]
    assert played.uses() == [0, 0, 0]


@pytest.mark.parametrize(
    ("verdict", "caller_gets"), [(ACCESS_DENIED, ACCESS_DENIED), (BYPASS, SUCCESS)]
)
def test_a_verdict_turns_round_where_it_is(verdict: int, caller_gets: int) -> None:
    middle = actor("200", act("return", PRE_SET, status=verdict))
    played = stage([actor("300"), actor("100"), middle], (operation("set-value"),))
    played.run()
    assert seen(played) == [(0, 1), (2, 1), (0, 16)]
    assert played.statuses() == [caller_gets]
    assert played.uses() == [0, 0, 0]


def test_a_higher_post_turns_a_denial_into_success() -> None:
    actors = [
        actor("300", act("overrule", POST_SET, status=SUCCESS)),
        actor("200", act("return", PRE_SET, status=ACCESS_DENIED)),
    ]
    played = stage(actors, (operation("set-value"),))
    played.run()
    assert played.statuses() == [SUCCESS]


def test_a_post_turns_success_into_a_denial() -> None:
    overrules = actor("200", act("overrule", POST_CREATE, status=ACCESS_DENIED))
    played = stage([overrules], (operation("create"),))
    played.run()
    assert played.statuses() == [ACCESS_DENIED]


def test_a_status_for_a_closing_handle_is_ignored() -> None:
    denies = actor("200", act("return", PRE_CLOSE, status=ACCESS_DENIED))
    played = stage([denies, actor("100")], (operation("close"),))
    played.run()
    assert seen(played) == [(0, 14), (1, 14), (1, 25), (0, 25)]


@pytest.mark.parametrize("kind", ["perform", "apc"])
def test_what_a_callback_asks_for_begins_below_it(kind: str) -> None:
    asks = actor("200", act(kind, PRE_SET, times=1, operations=(operation("create"),)))
    played = stage([actor("300"), asks, actor("100")], (operation("set-value"),))
    played.run()
    nested = [(2, PRE_CREATE), (2, POST_CREATE)]
    before, after = [(0, 1), (1, 1)], [(2, 1), (2, 16), (1, 16), (0, 16)]
    assert seen(played) == [*before, *nested, *after]


def test_an_equal_altitude_collides() -> None:
    late = actor("200", at_load=False)
    played = stage([actor("200"), late], (operation("register-callback", actor=1),))
    played.run()
    assert played.statuses() == [COLLISION]


def test_callbacks_come_and_go() -> None:
    steps = (
        operation("set-value"),
        operation("register-callback", actor=1),
        operation("set-value"),
        operation("unregister-callback", actor=0),
        operation("set-value"),
    )
    played = stage([actor("200"), actor("300", at_load=False)], steps)
    played.run()
    assert played.statuses() == [SUCCESS] * 5
    assert [each.actor for each in played.calls()] == [0, 0, 1, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("processors", [1, 2])
def test_two_threads_in_one_callback(processors: int) -> None:
    waits = actor("200", act("yield", PRE_SET))
    works = ((operation("set-value"),), (operation("set-value"),))
    played = stage([waits], *works, processors=processors)
    played.run_until(2)
    assert {each.thread for each in played.calls()} == {FIRST, SECOND}
    assert played.uses() == [2]
    assert played.is_in_callback(FIRST)
    assert played.is_in_callback(SECOND)
    played.run()
    assert played.uses() == [0]
    assert played.statuses(0) + played.statuses(1) == [SUCCESS, SUCCESS]


def test_a_thread_that_ends_in_a_callback_leaves_it_in_use() -> None:
    ends = actor("200", act("end-thread", PRE_SET, times=1))
    played = stage([ends], (operation("set-value"),), (operation("set-value"),))
    played.run()
    assert [each[1:] for each in played.calls()] == [(1, FIRST), (1, SECOND), (16, SECOND)]
    assert played.uses() == [1]


def test_unregistering_waits_for_those_inside() -> None:
    waits = actor("200", *[act("yield", PRE_SET)] * 5)
    works = ((operation("set-value"),), (operation("unregister-callback", actor=0),))
    played = stage([waits], *works)
    played.run_until(1)
    for _ in range(3):
        played.lab.machine.run()
    assert played.uses() == [PENDING + 1]
    played.run()
    assert played.uses() == []
    assert played.statuses(1) == [SUCCESS]
    assert [each.notify_class for each in played.calls()] == [PRE_SET, POST_SET]


def test_too_many_actors() -> None:
    with pytest.raises(ValueError, match="65 actors"):
        stage([actor(str(number)) for number in range(65)])
