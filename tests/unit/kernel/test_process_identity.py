"""Whose process it is, in a dump of the lab, with symbols and without, and where memory is bad."""

from __future__ import annotations

import pytest

from pykd_ext import open_target
from pykd_ext.kernel.process_identity import ProcessIdentity, read_process_identity
from pykd_ext.kernel.processes import find_process
from tests.support.regcb import MakeDump

SYSTEM, REGEDIT = 4, 0x1A3C


@pytest.mark.parametrize(
    ("process_id", "identity"),
    [
        (SYSTEM, ProcessIdentity("\\Device\\HarddiskVolume3\\Windows\\System", 0, "S-1-5-18")),
        (
            REGEDIT,
            ProcessIdentity(
                "\\Device\\HarddiskVolume3\\Windows\\regedit.exe", 1, "S-1-5-21-1-2-3-1001"
            ),
        ),
    ],
)
def test_by_the_kernel_s_symbols(
    lab_dump: MakeDump, process_id: int, identity: ProcessIdentity
) -> None:
    truth = lab_dump()
    with open_target(truth.path, truth.symbols) as target:
        process = find_process(target, process_id)
        assert read_process_identity(target, process.address) == identity


def test_nothing_is_said_without_them(lab_dump: MakeDump) -> None:
    truth = lab_dump()
    with open_target(truth.path, truth.symbols) as target:
        process = find_process(target, REGEDIT).address
    with open_target(truth.path, "") as target:
        assert read_process_identity(target, process) == (None, None, None)


def test_nothing_is_said_of_what_is_no_process(lab_dump: MakeDump) -> None:
    truth = lab_dump()
    with open_target(truth.path, truth.symbols) as target:
        assert read_process_identity(target, 0x1000) == (None, None, None)
