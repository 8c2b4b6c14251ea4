"""Processes and threads of kernels without types: the table, and what is found by it."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.builds import NEWEST
from pykd_ext.kernel.threads import active_callbacks, threads_of_all
from pykd_ext.kernel.type_rows import row_of_field
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import TypeNotFound
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import PROFILES, Truth
from tests.lab.kernel_types import kernel_offsets
from tests.support.byte_target import ByteTarget
from tests.support.regcb import MakeDump
from tests.support.targets import open_dump

FIELDS = [
    ("_EPROCESS", "UniqueProcessId"), ("_EPROCESS", "ActiveProcessLinks"),
    ("_EPROCESS", "ObjectTable"), ("_EPROCESS", "ImageFileName"), ("_EPROCESS", "ThreadListHead"),
    ("_ETHREAD", "ThreadListEntry"), ("_ETHREAD", "Cid"), ("_ETHREAD", "CmCallbackListHead"),
    ("_KTHREAD", "ApcState"), ("_KTHREAD", "PreviousMode"),
]  # fmt: skip

# The lab has inferred these, and MemProcFS has seen them: the lab's are not held against the table.
INFERRED = {("x64-10586", "_ETHREAD", "Cid")}

WITH_CALLBACKS = ["x64-10586", "x64-19041", "x64-22621", "x64-26100", "x86-7601",
                  "x86-19041"]  # fmt: skip


class WithoutTypes(CrashDump):
    """A dump whose PDBs have names alone."""

    def field_offset(self, type_name: str, _: str, module: str = "nt") -> int:
        raise TypeNotFound(type_name, module)


def without_types(truth: Truth) -> WithoutTypes:
    return WithoutTypes(truth.path, SymbolPath(truth.symbols))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_table_and_the_labs_own_agree(profile: str) -> None:
    target = ByteTarget(PROFILES[profile].architecture)
    target.build = PROFILES[profile].build
    offsets = kernel_offsets(PROFILES[profile])
    compared = 0
    for type_name, field in FIELDS:
        known = row_of_field(target, type_name, field)
        if (profile, type_name, field) in INFERRED or known is None:
            continue
        if offsets.has(type_name, field):
            assert known == offsets.field(type_name, field), f"{type_name}.{field}"
            compared += 1
    assert compared >= 4


@pytest.mark.parametrize("profile", WITH_CALLBACKS)
def test_threads_in_callbacks_are_found_by_the_table(profile: str, lab_dump: MakeDump) -> None:
    truth = lab_dump(profile, damage=("thread-inside",))
    problems: list[str] = []
    with open_dump(truth) as target:
        every = list(threads_of_all(target))
        expected = list(active_callbacks(target, problems))
    target = without_types(truth)
    assert list(threads_of_all(target)) == every != []
    assert list(active_callbacks(target, problems)) == expected != []
    assert problems == []
    target.close()


@pytest.mark.parametrize(
    ("architecture", "build", "field", "known"),
    [
        ("arm64", 22000, "UniqueProcessId", 0x3F8),
        ("x64", 22000, "UniqueProcessId", 0x440),
        ("arm64", 22000, "ThreadListHead", None),  # x64's is known, and it is not ARM64's
        ("arm64", 26100, "UniqueProcessId", None),
        ("x64", 25398, "UniqueProcessId", None),  # insiders were given other ones in between
        ("x64", 26100, "UniqueProcessId", 0x1D0),
        ("x64", NEWEST["x64"] + 1, "UniqueProcessId", None),
        ("x86", 20000, "UniqueProcessId", None),
    ],
)
def test_what_nobody_has_seen_is_not_known(
    architecture: str, build: int, field: str, known: int | None
) -> None:
    target = ByteTarget(architecture)
    target.build = build
    assert row_of_field(target, "_EPROCESS", field) == known


@pytest.mark.parametrize(
    ("architecture", "build", "type_name", "field", "known"),
    [
        ("x86", 3790, "_KTHREAD", "ApcState", 0x28),  # XP's is 0x34
        ("x64", 7601, "_ETHREAD", "Cid", None),  # 0x3B0, and 0x3B8 since some update
        ("x64", 7601, "_ETHREAD", "ThreadListEntry", None),
    ],
)
def test_threads_that_are_not_their_neighbours(
    architecture: str, build: int, type_name: str, field: str, known: int | None
) -> None:
    target = ByteTarget(architecture)
    target.build = build
    assert row_of_field(target, type_name, field) == known


def test_without_a_row_it_is_said(lab_dump: MakeDump) -> None:
    target = without_types(lab_dump("arm64-22621"))
    problems: list[str] = []
    assert list(active_callbacks(target, problems)) == []
    assert problems == ["threads in callbacks: type nt!_ETHREAD.CmCallbackListHead not found"]
    target.close()
