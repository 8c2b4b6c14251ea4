"""The live lab without a debugger: it boots, and its kernel calls the callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS
from tests.lab.kd.structures import layouts
from tests.lab.profiles import PROFILES
from tests.lab.world import DUMP_TIME

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab

pytestmark = pytest.mark.toolchain

REGPROTECT_DENIES = 0xC0000022
STATUSES = [0, 0, 0, REGPROTECT_DENIES, REGPROTECT_DENIES]


@pytest.fixture
def lab() -> LiveLab:
    return live_lab("x64-19041")


def live_lab(profile: str) -> LiveLab:
    from tests.lab.kd.lab import build_live_lab  # Windows' Python has no unicorn

    return build_live_lab(DEFAULT_SCRIPT, PROFILES[profile])


def statuses(lab: LiveLab) -> list[int]:
    """What the callers of the only thread's operations got, once each was done."""
    (operations,) = lab.operations
    at = layouts(lab.world.profile.pointer_size).operation.at
    unsigned = lab.machine.memory.unsigned
    while unsigned(operations.addresses[-1] + at["Count"], 4) == 0:
        lab.machine.run()
    return [unsigned(each + at["Status"], 4) for each in operations.addresses]


@pytest.mark.parametrize(
    ("profile", "function"), [("x64-19041", 0x28), ("x86-19041", 0x1C), ("x86-6002", 0x1C)]
)
def test_drivers_have_registered(profile: str, function: int) -> None:
    lab = live_lab(profile)
    memory, nt, size = lab.machine.memory, lab.world.nt, lab.world.profile.pointer_size
    assert memory.unsigned(nt("CmpCallBackCount"), 4) == 4
    functions = []
    head = nt("CallbackListHead")
    block = memory.unsigned(head, size)
    while block != head:
        functions.append(memory.unsigned(block + function, size))
        block = memory.unsigned(block, size)
    symbols = {
        address: name
        for image in lab.world.images.values()
        for name, address in image.symbols.items()
    }
    assert [symbols[each] for each in functions] == [
        "OldFiltRegistryCallback", "NetMonRegFilter", "AvfRegistryCallback", "RegisterCallback",
    ]  # fmt: skip


@pytest.mark.parametrize("profile", ["x64-19041", "x64-26100", "x86-19041"])
def test_regprotect_refuses_what_it_protects(profile: str) -> None:
    assert statuses(live_lab(profile)) == STATUSES


@pytest.mark.parametrize("profile", ["x86-6002", "x86-7601"])
def test_its_stand_in_before_windows_8_refuses_to_set_a_value(profile: str) -> None:
    assert statuses(live_lab(profile)) == [0, 0, 0, 0, REGPROTECT_DENIES]


@pytest.mark.parametrize("profile", ["x86-2600", "x64-7601", "arm64-22621"])
def test_what_cannot_be_run(profile: str) -> None:
    with pytest.raises(ValueError, match=f"{profile} cannot be run; x64-19041, x64-26100, x86-"):
        live_lab(profile)


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
    count = layouts(lab.world.profile.pointer_size).operation.at["Count"]
    return min(lab.machine.memory.unsigned(each + count, 4) for each in last)


ENDLESS = sorted(set(SCRIPTS) - {"dying", "recorded"})
ON_X86 = ("running-on", "nested", "coming-and-going", "devirtualised", "cold")


@pytest.mark.parametrize(
    ("name", "profile"),
    [*((name, "x64-19041") for name in ENDLESS), *((name, "x86-19041") for name in ON_X86)],
)
def test_scripts_go_round(name: str, profile: str) -> None:
    from tests.lab.kd.lab import build_live_lab

    lab = build_live_lab(SCRIPTS[name], PROFILES[profile])
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
