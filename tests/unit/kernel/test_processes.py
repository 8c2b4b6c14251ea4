"""Processes by their number, and who asks for an operation."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.builds import NEWEST
from pykd_ext.kernel.doubts import doubts
from pykd_ext.kernel.process_layouts import (
    image_name_offset,
    process_layout,
    thread_callbacks_offset,
)
from pykd_ext.kernel.processes import NoSuchProcess, find_process
from pykd_ext.kernel.requestor import read_requestor
from pykd_ext.target.current_thread import current_thread
from pykd_ext.target.errors import RegisterUnavailable
from tests.support.registry import Registry
from tests.support.registry_types import BUILDS, rows

EVERY_BUILD = sorted(
    {(architecture, build) for architecture in ("x64", "x86", "arm64")
     for build in rows("_EPROCESS", architecture)} | {each for each in BUILDS if each[1] < 23000}
)  # fmt: skip

# What a PDB would say; any numbers do.
THREAD = {
    ("_KTHREAD", "Process"): 0x120,
    ("_KTHREAD", "PreviousMode"): 0x132,
    ("_ETHREAD", "Cid"): 0x278,
}


@pytest.mark.parametrize(("architecture", "build"), EVERY_BUILD)
def test_a_process_by_its_number_without_types(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    registry.link_processes(
        registry.process(4, "System"), wanted := registry.process(0x1A4, "a.exe", 0x1230)
    )
    found = find_process(registry.target, 0x1A4)
    assert found == (wanted, 0x1A4, "a.exe", 0x1230)


def test_the_symbols_are_asked_first() -> None:
    registry = Registry("x64", 19041)
    names = ("UniqueProcessId", "ActiveProcessLinks", "ObjectTable", "ImageFileName")
    moved = (0x10, 0x20, 0x40, 0x50)
    registry.target.fields = {("_EPROCESS", name): at for name, at in zip(names, moved)}
    process = registry.data(bytes(0x100))
    registry.target.write(process + 0x10, registry.word(7))
    registry.target.write(process + 0x50, b"fifteen letters and more")
    registry.target.symbols["PsActiveProcessHead"] = head = registry.data(bytes(16))
    registry.link(head, process + 0x20)
    assert find_process(registry.target, 7) == (process, 7, "fifteen letters", 0)


def test_no_such_process() -> None:
    registry = Registry("x64", 19041)
    with pytest.raises(NoSuchProcess, match="symbol nt!PsActiveProcessHead not found"):
        find_process(registry.target, 4)
    registry.link_processes(registry.process(4, "System"))
    with pytest.raises(NoSuchProcess, match="no process 5: none of 1 has that number"):
        find_process(registry.target, 5)


@pytest.mark.parametrize(
    ("architecture", "build"),
    [("x64", 25398), ("x64", NEWEST["x64"] + 1), ("x86", 20000), ("arm64", 19041)],
)
def test_a_build_that_nobody_has_looked_at_needs_its_symbols(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    registry.target.symbols["PsActiveProcessHead"] = registry.data(bytes(16))
    with pytest.raises(NoSuchProcess, match="without the kernel's symbols"):
        find_process(registry.target, 4)


@pytest.mark.parametrize(("build", "said"), [(22621, 1), (22000, 0)])
def test_that_a_row_is_derived_is_said_once(build: int, said: int) -> None:
    """An ARM64 of 22000 was seen, its successors were not."""
    target = Registry("arm64", build).target
    assert [image_name_offset(target) for _ in range(2)] == [0x560, 0x560]
    assert thread_callbacks_offset(target) is None
    assert process_layout(target) is not None
    assert (
        doubts(target)
        == [f"the place of a process's or a thread's field on arm64 build {build} is derived"]
        * said
    )


@pytest.fixture(params=["x64", "x86"])
def stopped(request: pytest.FixtureRequest) -> Registry:
    """Thread 0x1a8 of process 0x1a4, a.exe, serves a call from user mode."""
    registry = Registry(request.param, 19041)
    registry.target.fields = dict(THREAD)
    process = registry.process(0x1A4, "a.exe")
    thread = registry.data(bytes(0x300))
    registry.target.write(thread + 0x120, registry.word(process))
    registry.target.write(thread + 0x132, b"\1")
    registry.target.write(thread + 0x278, registry.word(0x1A4) + registry.word(0x1A8))
    registry.target.registers["$thread"] = thread
    return registry


def test_who_asks(stopped: Registry) -> None:
    found = read_requestor(stopped.target)
    assert found is not None
    assert (found.process_id, found.thread_id, found.process_name) == (0x1A4, 0x1A8, "a.exe")
    assert (found.previous_mode, found.problems) == (1, ())


def test_when_a_thread_was_made_tells_it_from_another_at_its_place(stopped: Registry) -> None:
    created = 0x01DA6ED549BDFE0A
    stopped.target.fields["_ETHREAD", "CreateTime"] = 0x230
    thread = stopped.target.registers["$thread"]
    stopped.target.write(thread + 0x230, created.to_bytes(8, "little"))
    found = read_requestor(stopped.target)
    assert found is not None
    assert (found.create_time, found.process_id, found.thread_id) == (created, 0x1A4, 0x1A8)


def test_a_thread_without_a_process_of_its_own_has_that_of_its_apc_state(stopped: Registry) -> None:
    del stopped.target.fields["_KTHREAD", "Process"]
    stopped.target.fields["_KTHREAD", "ApcState"] = 0x120 - 4 * stopped.pointer_size
    found = read_requestor(stopped.target)
    assert found is not None
    assert found.process_name == "a.exe"


def test_what_is_not_known_of_a_thread_is_said(stopped: Registry) -> None:
    name_at = 0x5A8 if stopped.pointer_size == 8 else 0x1AC
    stopped.target.fields = {
        ("_KTHREAD", "Process"): 0x120, ("_EPROCESS", "ImageFileName"): name_at,
    }  # fmt: skip
    stopped.target.build = 25398  # of whose threads nobody knows without types
    found = read_requestor(stopped.target)
    assert found is not None
    assert (found.process_name, found.process_id, found.previous_mode) == ("a.exe", None, None)
    (problem,) = found.problems
    assert problem.startswith("the thread: its numbers, its mode: where this build keeps that is")


def test_a_thread_that_is_not_there(stopped: Registry) -> None:
    stopped.target.registers["$thread"] = stopped.missing
    found = read_requestor(stopped.target)
    assert found is not None
    assert found[1:6] == (None,) * 5
    assert len(found.problems) == 3
    stopped.target.registers.clear()
    assert read_requestor(stopped.target) is None


@pytest.fixture
def machine() -> Registry:
    """Two processors; the second's thread is the one that crashed."""
    registry = Registry("x64", 19041)
    registry.target.fields = {("_KTHREAD", "StackLimit"): 0x30, ("_KTHREAD", "StackBase"): 0x38}
    threads = [
        registry.data(bytes(0x30) + registry.word(limit) + registry.word(limit + 0x6000))
        for limit in (0x10000, 0x20000)
    ]
    processors = [registry.data(bytes(8) + registry.word(thread)) for thread in threads]
    registry.target.symbols["KiProcessorBlock"] = registry.data(
        b"".join(map(registry.word, [*processors, 0]))
    )
    registry.target.registers = {"rsp": 0x25000, "expected": threads[1]}
    return registry


def test_the_thread_that_crashed_is_the_one_whose_stack_is_in_use(machine: Registry) -> None:
    assert current_thread(machine.target) == machine.target.registers["expected"]


@pytest.mark.parametrize("lost", ["symbol", "stack", "types"])
def test_no_thread_can_be_told(machine: Registry, lost: str) -> None:
    if lost == "symbol":
        machine.target.symbols.clear()
    elif lost == "stack":
        machine.target.registers["rsp"] = 0x30000
    else:
        machine.target.fields.clear()
    with pytest.raises(RegisterUnavailable):
        current_thread(machine.target)
