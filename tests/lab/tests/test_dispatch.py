"""The lab's kernels call the callbacks as a real Vista SP2 and a real 7 SP1 did, call for call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pykd_ext.kernel.threads import innermost_calls

pytestmark = pytest.mark.toolchain


def facts(name: str) -> dict[str, dict[str, Any]]:
    """By scenario."""
    text = Path(__file__).with_name(name).read_text(encoding="ascii")
    return {each["scenario"]: each for each in json.loads(text)["facts"]}


FACTS = facts("dispatch_x86_7601.json")
VISTA = {**FACTS, **facts("dispatch_x86_6002.json")}  # where it differs
PROFILES = ["x86-7601", "x64-7601", "x64-10586", "x64-19041", "x64-22621", "x64-26100",
            "x86-19041", "arm64-22621"]  # fmt: skip
PENDING = 0x80000000

if TYPE_CHECKING:
    from tests.support.lab_kernel import LabKernel


def facts_of(profile: str) -> dict[str, dict[str, Any]]:
    return VISTA if int(profile.split("-")[1]) < 7600 else FACTS


def lab_kernel(profile: str, shape: str = "plain") -> LabKernel:
    from tests.support.lab_kernel import LabKernel

    return LabKernel(profile, shape)


SHAPED = [(profile, shape) for profile in ("x64-19041", "x86-7601", "x86-19041", "arm64-22621")
          for shape in ("guarded", "devirtualised", "cold")]  # fmt: skip


PLAIN = [(profile, "plain") for profile in ("x86-6002", "x64-6000", *PROFILES)]


@pytest.mark.parametrize(("profile", "shape"), [*PLAIN, *SHAPED])
def test_every_scenario(profile: str, shape: str) -> None:
    from tests.support.scenarios import play

    differing, kernel = {}, lab_kernel(profile, shape)
    for name, fact in facts_of(profile).items():
        record = play(kernel, fact)
        if record != fact["record"]:
            differing[name] = first_difference(fact["record"], record)
    assert differing == {}


def first_difference(real: Any, ours: Any, where: str = "") -> str:
    if isinstance(real, dict) and isinstance(ours, dict):
        for key in [*real, *(each for each in ours if each not in real)]:
            if real.get(key) != ours.get(key):
                return first_difference(real.get(key), ours.get(key), f"{where} {key}")
    if isinstance(real, list) and isinstance(ours, list):
        for index, (one, other) in enumerate(zip(real, ours)):
            if one != other:
                return first_difference(one, other, f"{where} {index}")
    return f"{where}: the real kernel {real!r}, ours {ours!r}"


@pytest.mark.parametrize("profile", ["x86-7601", "arm64-22621"])
def test_who_asked_whom(profile: str) -> None:
    """At every call the innermost callback of each operation is told from those above it."""
    from tests.support.scenarios import play

    kernel = lab_kernel(profile)

    def watch(expected: list[str], names: dict[int, str]) -> None:
        calls = innermost_calls(kernel.read, kernel.thread_calls, kernel.pointer_size)
        assert [names[each.block] for each in calls] == expected

    for fact in FACTS.values():
        play(kernel, fact, watch)


def passed_over(profile: str) -> bool:
    """Whether a callback whose uses have bit 31 is not told."""
    kernel = lab_kernel(profile)
    told: list[int] = []

    def note(context: int, _number: int, _information: int) -> int:
        told.append(context)
        return 0

    for context, altitude in enumerate(("300", "200", "100")):
        assert kernel.register(kernel.stub(3, note), altitude, context)[0] == 0
    kernel.write_ulong(kernel.blocks()[1] + 2 * kernel.pointer_size, PENDING)
    head = kernel.scratch
    kernel.write_pointers(head, head, head)
    assert kernel.tell(1, kernel.scratch + 0x100, True, 16, head) == 0
    assert told in ([0, 2], [0, 1, 2])
    return told == [0, 2]


@pytest.mark.parametrize("profile", PROFILES)
def test_bit_31_counts_from_windows_8_on(profile: str) -> None:
    """7 knows no such bit: it unlinks the block first, and then waits (SOURCES 3.3, 3.7)."""
    assert passed_over(profile) == (int(profile.split("-")[1]) >= 9200)


def told_of(kernel: LabKernel, extended: int) -> list[tuple[int, int]]:
    """(class, argument) of an internal callback and of an ordinary one below it, pre and post;
    ``extended`` is passed to the dispatcher."""
    told: list[tuple[int, int]] = []

    def note(_context: int, number: int, information: int) -> int:
        told.append((number, information))
        return 0

    for altitude, internal in (("300", True), ("200", False)):
        status, _ = kernel.register(kernel.stub(3, note), altitude, 0, internal)
        assert status == 0
    head, pre, post = (kernel.scratch + 0x100 * each for each in range(3))
    kernel.write_pointers(head, head, head)
    kernel.tell(1, pre, True, 16, head, extended)
    kernel.tell(16, post, False, 16, head, extended)
    return told


@pytest.mark.parametrize("profile", ["x64-19041", "x86-19041", "arm64-22621"])
def test_an_internal_callback_gets_the_extended_argument(profile: str) -> None:
    """Where there is one (SOURCES 3.5)."""
    kernel = lab_kernel(profile)
    pre, post, extended = (kernel.scratch + 0x100 * each for each in (1, 2, 3))
    assert told_of(kernel, extended) == [(1, extended), (1, pre), (16, post), (16, extended)]
    assert told_of(lab_kernel(profile), 0) == [(1, pre), (1, pre), (16, post), (16, post)]


def test_a_refusals_extended_argument_leads_to_what_the_others_get() -> None:
    kernel = lab_kernel("x64-19041")
    told: list[int] = []

    def note(_context: int, number: int, argument: int) -> int:
        if number == 16:
            information = kernel.pointer(argument)
            told.extend((kernel.pointer(information), kernel.unsigned(information + 8, 4)))
        return 0

    assert kernel.register(kernel.stub(3, note), "300", 0, internal=True)[0] == 0
    assert kernel.register(kernel.stub(3, lambda *_: 0xC0000022), "200", 0)[0] == 0
    head, pre, extended = (kernel.scratch + 0x100 * each for each in range(3))
    kernel.write_pointers(head, head, head)
    assert kernel.tell(1, pre, True, 16, head, extended) == 0xC0000022
    assert told == [kernel.key, 0xC0000022]


def test_the_kernels_own_callback_is_called_directly() -> None:
    """24H2: a Function that is VrpRegistryCallback is not called through the guard's dispatch."""
    kernel = lab_kernel("x64-19041", "devirtualised")
    seen: list[int] = []
    own, dispatch = map(
        kernel.world.nt, ("VrpRegistryCallback", "_guard_dispatch_icall_no_overrides")
    )
    for address in (own, dispatch):
        kernel.on_code(address, address, seen.append)
    other = kernel.stub(3, lambda *_: 0)
    for function, altitude in ((own, "300"), (other, "200")):
        assert kernel.register(function, altitude, 0)[0] == 0
    head = kernel.scratch
    kernel.write_pointers(head, head, head)
    kernel.tell(1, head + 0x100, True, 16, head)
    assert seen == [own, dispatch]
    kernel.tell(16, head + 0x100, False, 16, head)
    assert seen == [own, dispatch, dispatch, own]


def test_cold_parts_lie_far_away() -> None:
    kernel = lab_kernel("x64-19041", "cold")
    refuses = kernel.stub(3, lambda *_: 0xC0000022)
    assert kernel.register(refuses, "300", 0)[0] == 0
    image = kernel.world.kernel.image
    (cold,) = [each for each in image.sections if each.name == "PAGECOLD"]
    seen: list[int] = []
    first = image.base + cold.rva + 0x1AC000
    kernel.on_code(first, image.base + cold.rva + cold.size, seen.append)
    head = kernel.scratch
    kernel.write_pointers(head, head, head)
    assert kernel.tell(1, head + 0x100, True, 16, head) == 0xC0000022
    assert seen
    assert first - kernel.world.nt("CmpCallCallBacksEx") > 0x1AC000


@pytest.mark.parametrize("profile", ["x86-7601", "x64-7601", "x64-10586", "arm64-22621"])
def test_unregistering_a_callback_in_use(profile: str) -> None:
    """It waits: 7 has unlinked the block by then, later builds have marked it (SOURCES 3.7)."""
    kernel = lab_kernel(profile)
    _, cookie = kernel.register(kernel.stub(3, lambda *_: 0), "300", 0)
    (block,) = kernel.blocks()
    kernel.write_ulong(block + 2 * kernel.pointer_size, 1)
    with pytest.raises(RuntimeError, match="did not come back"):
        kernel.unregister(cookie)
    if kernel.profile.build < 9200:
        assert kernel.blocks() == []
    else:
        assert [kernel.uses(each) for each in kernel.blocks()] == [PENDING + 1]
