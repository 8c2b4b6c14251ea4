"""Where a function starts, without symbols: by the table of x64 and ARM64, by x86's prologues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel.function_start import function_starts
from tests.lab.kd.scripts import DEFAULT_SCRIPT
from tests.support.assembly import PLACE, assembled
from tests.support.kernel_code import KernelCode

pytestmark = pytest.mark.toolchain

PROLOGUES = {
    "frame": "push ebp; mov ebp, esp",
    "patchable": "mov edi, edi; push ebp; mov ebp, esp",
    "seh": "push 0x40; push 0x82859DA8; call 1f; 1:",
    "seh-large": "push 0x140; push 0x82859DA8; call 1f; 1:",
}


@pytest.mark.parametrize("name", PROLOGUES)
def test_an_x86_function(name: str, tmp_path: Path) -> None:
    """Behind another, with padding or without."""
    text = f"push ebp; mov ebp, esp; pop ebp; ret; nop; nop; {PROLOGUES[name]}; nop; call eax; ret"
    code: Any = KernelCode("x86", assembled("x86", text, tmp_path))
    first = PLACE["x86"]
    found = list(function_starts(code, first + 7 + 12))
    assert found[0] == first + 7
    # The first bytes of a page have nothing before them that would tell.
    assert first not in found


def test_an_x64_function() -> None:
    """Of a kernel that unwinds."""
    from tests.support.lab_target import LabTarget

    target: Any = LabTarget(DEFAULT_SCRIPT)
    start = target.symbol("CmpCallCallBacksEx")
    assert list(function_starts(target, start + 0x40)) == [start]
    assert list(function_starts(target, target.nt_base + 0x40)) == []
