"""The lab's kernels of every architecture call the callbacks as a real 7 SP1 did, call for call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pykd_ext.kernel.threads import innermost_calls

pytestmark = pytest.mark.toolchain

REAL = json.loads(Path(__file__).with_name("dispatch_x86_7601.json").read_text(encoding="ascii"))
FACTS = {each["scenario"]: each for each in REAL["facts"]}
PROFILES = ["x86-7601", "x64-7601", "x64-10586", "x64-19041", "x64-22621", "x86-19041",
            "arm64-22621"]  # fmt: skip
PENDING = 0x80000000

if TYPE_CHECKING:
    from .lab_kernel import LabKernel


def lab_kernel(profile: str) -> LabKernel:
    from .lab_kernel import LabKernel

    return LabKernel(profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_scenario(profile: str) -> None:
    from .scenarios import play

    differing = {}
    for name, fact in FACTS.items():
        record = play(lab_kernel(profile), fact)
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
    from .scenarios import play

    for fact in FACTS.values():
        kernel = lab_kernel(profile)

        def watch(expected: list[str], names: dict[int, str], kernel: LabKernel = kernel) -> None:
            calls = innermost_calls(kernel.read, kernel.thread_calls, kernel.pointer_size)
            assert [names[each.block] for each in calls] == expected

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
