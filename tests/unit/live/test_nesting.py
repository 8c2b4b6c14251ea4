"""Which callbacks an operation was asked for in: on the lab's kernel, at every call of a callback.

A thread is in all callbacks of an operation at once; only those of other operations are around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import unicorn

from pykd_ext.live.nesting import Around, active_callbacks, callbacks_around
from pykd_ext.target.errors import MemoryUnreadable, TypeNotFound

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab
    from tests.lab.kd.script import Act, Actor, Operation

pytestmark = pytest.mark.toolchain

PRE_SET, POST_SET, PRE_CREATE, POST_CREATE, PRE_OPEN = 1, 16, 26, 27, 28
DENIED = 0xC0000022
KEY = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"


class Pointers:
    """All that is asked of a target's memory."""

    pointer_size = 8


class RunningTarget:
    """The lab's machine as a target, as far as nesting asks; ``holes`` cannot be read."""

    memory = Pointers()

    def __init__(self, lab: LiveLab) -> None:
        self._lab = lab
        self.architecture = lab.world.profile.architecture
        self.build = lab.world.profile.build
        self.reads = 0
        self.holes: set[int] = set()

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        data = self._lab.machine.memory.read(address, size)
        if len(data) < size or address in self.holes:
            raise MemoryUnreadable(address, size)
        return data

    def field_offset(self, type_name: str, field: str) -> int:
        if not self._lab.world.offsets.has(type_name, field):
            raise TypeNotFound(type_name, "nt")
        return self._lab.world.offsets.field(type_name, field)


class Played:
    """A script with the callbacks of stage.sys alone, and what is around each call of one."""

    def __init__(self, actors: list[Actor], *operations: Operation) -> None:
        from tests.lab.kd.lab import build_live_lab
        from tests.lab.kd.script import Script, Work

        work = Work("regedit.exe", 0x1A3C, 0x1A40, operations, rounds=1)
        self.lab = build_live_lab(Script((work,), ("stage.sys",), tuple(actors)))
        self.target = RunningTarget(self.lab)
        self.calls: list[tuple[int, int, list[int]]] = []  # actor, class, the actors around
        symbols = self.lab.world.images["stage.sys"].symbols
        self._functions = {symbols[f"StageCallback{each}"]: each for each in range(len(actors))}
        emulator = self.lab.machine._emulator
        for function in self._functions:
            emulator.hook_add(unicorn.UC_HOOK_CODE, self._called, begin=function, end=function)

    def run(self) -> list[tuple[int, int, list[int]]]:
        while not self.lab.machine.is_idle:
            self.lab.machine.run()
        return self.calls

    def at(self, thread: int, block: int) -> Around:
        return callbacks_around(self.target, thread, block)  # type: ignore[arg-type]

    def thread(self) -> int:
        return self.unsigned(self.lab.world.nt("KiInitialPCR") + 0x188)

    def unsigned(self, address: int) -> int:
        return self.lab.machine.memory.unsigned(address, 8)

    def block(self, function: int) -> int:
        head = self.lab.world.nt("CallbackListHead")
        block = self.unsigned(head)
        while self.unsigned(block + 0x28) != function:
            block = self.unsigned(block)
            assert block != head
        return block

    def actor(self, block: int) -> int:
        return self._functions[self.unsigned(block + 0x28)]

    def _called(self, emulator: Any, address: int, _size: int, _data: object) -> None:
        number = emulator.reg_read(unicorn.x86_const.UC_X86_REG_RDX)
        around = self.at(self.thread(), self.block(address))
        assert around.problem is None
        actors = [self.actor(each) for each in around.blocks]
        self.calls.append((self._functions[address], number, actors))


def actor(altitude: int, *acts: Act) -> Actor:
    from tests.lab.kd.script import Actor

    return Actor(str(altitude), acts)


def act(kind: str, notify_class: int, **fields: Any) -> Act:
    from tests.lab.kd.script import Act

    return Act(kind, notify_class, **fields)


def operation(kind: str) -> Operation:
    from tests.lab.kd.script import Operation

    return Operation(kind, KEY, "Volume")


def test_a_refusal_by_the_third_is_inside_nothing() -> None:
    refuses = actor(100, act("return", PRE_SET, status=DENIED))
    played = Played([actor(300), actor(200), refuses], operation("set-value"))
    assert played.run() == [(0, 1, []), (1, 1, []), (2, 1, []), (1, 16, []), (0, 16, [])]


@pytest.mark.parametrize("kind", ["perform", "apc"])
def test_who_asked_in_a_pre_notification(kind: str) -> None:
    """The second of four asks: the first is not around it, the two below see it."""
    asks = actor(300, act(kind, PRE_SET, operations=(operation("create"),)))
    played = Played([actor(400), asks, actor(200), actor(100)], operation("set-value"))
    nested = [each for each in played.run() if each[1] in (PRE_CREATE, POST_CREATE)]
    assert nested == [(2, 26, [1]), (3, 26, [1]), (3, 27, [1]), (2, 27, [1])]
    assert all(around == [] for _, number, around in played.calls if number in (PRE_SET, POST_SET))


def test_who_asked_in_a_post_notification() -> None:
    asks = actor(300, act("perform", POST_SET, operations=(operation("create"),)))
    played = Played([actor(400), asks, actor(200)], operation("set-value"))
    nested = [each for each in played.run() if each[1] in (PRE_CREATE, POST_CREATE)]
    assert nested == [(2, 26, [1]), (2, 27, [1])]


def test_three_operations_in_each_other() -> None:
    """The innermost alone of each, though the second operation has two callbacks on the list."""
    actors = [
        actor(600),
        actor(500, act("perform", PRE_SET, operations=(operation("create"),))),
        actor(400),
        actor(300, act("perform", POST_CREATE, operations=(operation("open"),))),
        actor(200),
        actor(100),
    ]
    calls = Played(actors, operation("set-value")).run()
    opens = [each for each in calls if each[1] >= PRE_OPEN]
    assert opens == [(4, 28, [3, 1]), (5, 28, [3, 1]), (5, 29, [3, 1]), (4, 29, [3, 1])]
    assert {tuple(around) for _, number, around in calls if number in (26, 27)} == {(1,)}


def test_reads_do_not_grow_with_the_callbacks() -> None:
    """One for the thread, three for each operation."""
    asks = actor(500, act("perform", PRE_SET, operations=(operation("create"),)))
    played = Stopped([actor(900), asks, *(actor(number) for number in range(110, 100, -1))])
    assert played.innermost == (11, [1])
    assert played.reads == 1 + 3 + 3


class Stopped(Played):
    """Stops for good when the lowest callback, the last, hears of what another has asked for."""

    def __init__(self, actors: list[Actor]) -> None:
        super().__init__(actors, operation("set-value"))
        self.reads = 0
        self.innermost: tuple[int, list[int]] = (0, [])
        while not self.innermost[1]:
            self.lab.machine.run()

    def _called(self, emulator: Any, address: int, size: int, data: object) -> None:
        before = self.target.reads
        super()._called(emulator, address, size, data)
        actor, number, around = self.calls[-1]
        if number == PRE_CREATE and actor == len(self._functions) - 1:
            self.innermost, self.reads = (actor, around), self.target.reads - before
            emulator.emu_stop()


def test_lists_that_lie() -> None:
    """Every pointer that is followed, once bad, once unreadable, once in a circle: no call of the
    same operation is taken for one around it, and what is missing is said."""
    asks = actor(500, act("perform", PRE_SET, operations=(operation("create"),)))
    played = Stopped([actor(900), asks, actor(200), actor(100)])
    thread, block = played.thread(), played.block(sorted(played._functions)[-1])
    offset = played.lab.world.offsets.field("_ETHREAD", "CmCallbackListHead")
    node = played.unsigned(thread + offset)
    head = played.unsigned(node - 0x10)
    first = played.unsigned(head)
    outer = played.unsigned(first + 0x10)
    assert [played.actor(each) for each in played.at(thread, block).blocks] == [1]
    for place in (thread + offset, node - 0x10, head, first):
        played.target.holes = {place}
        found = played.at(thread, block)
        assert found.blocks == () and found.problem
        assert hex(place)[2:] in found.problem.replace("`", "")
    played.target.holes = set()
    memory = played.lab.machine.memory
    for place, value in (
        (node - 0x10, 0x1000), (head, 0x1000), (head + 8, 0x1000), (first + 8, 0x1000),
    ):  # fmt: skip
        kept = played.unsigned(place)
        memory.write_unsigned(place, 8, value)
        found = played.at(thread, block)
        assert found.blocks == () and found.problem
        memory.write_unsigned(place, 8, kept)
    memory.write_unsigned(outer, 8, node)  # round and round
    assert len(played.at(thread, block).blocks) <= 16
    assert len(active_callbacks(played.target, thread, 100)) < 10  # type: ignore[arg-type]
