"""The code on a thread's stack, of which a page is not in the dump."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import make_dump
from tests.lab.processes import Processes
from tests.lab.world import World
from tests.support.regcb import Regcb

PAGE = 0x1000


@pytest.mark.toolchain
def test_a_stack_ends_where_a_page_is_missing(tmp_path: Path, regcb: Regcb) -> None:
    """The thread's own base says that it goes on, by three pages, of which the second is there."""
    ends: list[int] = []

    def longer(world: World, processes: Processes) -> None:
        ends.append((processes.stack_pointer & -PAGE) + PAGE)
        world.space.map(ends[0] + PAGE, PAGE)
        ends.append(ends[0] + 3 * PAGE)
        for thread in processes.threads:
            world.fill(thread, "_KTHREAD", StackBase=ends[1])

    truth = make_dump(tmp_path / "holed.dmp", stopped_in="RegNtPreSetValueKey", also=longer)
    sentence = (
        f"the thread's stack could be read up to {ends[0]:#x} alone, and it goes up to "
        f"{ends[1]:#x}: the memory between is not there"
    )
    assert sentence in regcb.json(truth, "show", "--thread")["problems"]
    output = regcb("-z", truth.path, "-y", truth.symbols, "show", "--thread")[1]
    assert f"! {sentence}" in output.splitlines()


@pytest.mark.toolchain
def test_a_whole_stack_has_no_such_problem(tmp_path: Path, regcb: Regcb) -> None:
    truth = make_dump(tmp_path / "whole.dmp", stopped_in="RegNtPreSetValueKey")
    assert "stack could be read" not in str(regcb.json(truth, "show", "--thread")["problems"])
