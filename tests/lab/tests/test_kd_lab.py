"""The live lab without a debugger: it boots, and its kernel calls the callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS
from tests.lab.world import DUMP_TIME

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab

pytestmark = pytest.mark.toolchain

REGPROTECT_DENIES = 0xC0000022
STATUSES = [0, 0, 0, REGPROTECT_DENIES, REGPROTECT_DENIES]


@pytest.fixture
def lab() -> LiveLab:
    from tests.lab.kd.lab import build_live_lab  # Windows' Python has no unicorn

    return build_live_lab(DEFAULT_SCRIPT)


def test_drivers_have_registered(lab: LiveLab) -> None:
    memory, nt = lab.machine.memory, lab.world.nt
    assert memory.unsigned(nt("CmpCallBackCount"), 4) == 4
    functions = []
    head = nt("CallbackListHead")
    block = memory.unsigned(head, 8)
    while block != head:
        functions.append(memory.unsigned(block + 0x28, 8))
        block = memory.unsigned(block, 8)
    symbols = {
        address: name
        for image in lab.world.images.values()
        for name, address in image.symbols.items()
    }
    assert [symbols[each] for each in functions] == [
        "OldFiltRegistryCallback", "NetMonRegFilter", "AvfRegistryCallback", "RegisterCallback",
    ]  # fmt: skip


def test_regprotect_refuses_what_it_protects(lab: LiveLab) -> None:
    (operations,) = lab.operations
    while lab.machine.memory.unsigned(operations.addresses[-1] + 0x34, 4) == 0:
        lab.machine.run()
    statuses = [lab.machine.memory.unsigned(each + 0x30, 4) for each in operations.addresses]
    assert statuses == STATUSES


def test_keys_lead_to_the_root_of_the_registry(lab: LiveLab) -> None:
    unsigned, offsets = lab.machine.memory.unsigned, lab.world.offsets
    parent = offsets.field("_CM_KEY_CONTROL_BLOCK", "ParentKcb")
    name_block = offsets.field("_CM_KEY_CONTROL_BLOCK", "NameBlock")
    set_answer = lab.operations[0].addresses[-1]
    names, block = [], unsigned(unsigned(set_answer + 8, 8) + 8, 8)
    while block:
        place = unsigned(block + name_block, 8)
        length = unsigned(place + 0x18, 2)
        names.append(lab.machine.memory.read(place + 0x1A, length))
        block = unsigned(block + parent, 8)
    assert names == [b"REGPROTECT", b"ROOT", b"SOFTWARE", b"MACHINE", b"REGISTRY"]


def test_the_clock_goes_on_from_the_time_of_the_dumps(lab: LiveLab) -> None:
    from tests.lab.kd.clock import Clock

    def system_time() -> int:
        return lab.machine.memory.unsigned(lab.world.profile.shared_data + 0x14, 8)

    clock = Clock(lab.world, lab.machine.memory)
    clock.tick()
    first = system_time()
    clock.tick()
    assert DUMP_TIME <= first <= system_time() < DUMP_TIME + 3600 * 10_000_000


def test_guarded_calls_go_through_the_dispatch() -> None:
    from tests.lab.kd.lab import build_live_lab

    world = build_live_lab(SCRIPTS["guarded"]).world
    start, pointer = world.nt("CmpCallCallBacksEx"), world.nt("__guard_dispatch_icall_fptr")
    code = world.space.read(start, 0x300)
    calls = [index for index in range(len(code) - 6) if code[index : index + 2] == b"\xff\x15"]
    targets = {
        start + index + 6 + int.from_bytes(code[index + 2 : index + 6], "little", signed=True)
        for index in calls
    }
    assert pointer in targets


def rounds_done(lab: LiveLab) -> int:
    """How often the thread has come to its end that has come there least."""
    last = [each.addresses[-1] for each in lab.operations]
    return min(lab.machine.memory.unsigned(each + 0x34, 4) for each in last)


ENDLESS = sorted(set(SCRIPTS) - {"dying"})


@pytest.mark.parametrize("name", ENDLESS)
def test_scripts_go_round(name: str) -> None:
    from tests.lab.kd.lab import build_live_lab

    lab = build_live_lab(SCRIPTS[name])
    for _ in range(2000):
        event = lab.machine.run()
        assert not hasattr(event, "code"), event  # Raised
        if rounds_done(lab) == 5:
            return
    raise AssertionError(f"{name} does not get on")


def test_the_dying_thread_dies_alone() -> None:
    from tests.lab.kd.lab import build_live_lab

    lab = build_live_lab(SCRIPTS["dying"])
    for _ in range(100):
        lab.machine.run()
    first, second = (each.addresses[-1] + 0x34 for each in lab.operations)
    assert lab.machine.memory.unsigned(first, 4) == 0
    assert lab.machine.memory.unsigned(second, 4) > 5
