"""Which callback a block is, for as few reads as that takes."""

from __future__ import annotations

from typing import Any

import pytest

import pykd_ext
from pykd_ext.kernel.listing import read_listing
from pykd_ext.live.callback_names import CallbackNames
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.symbol_path import SymbolPath
from tests.support.regcb import MakeDump


@pytest.mark.toolchain
def test_a_block_of_no_list_is_looked_for_once(
    lab_dump: MakeDump, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = lab_dump(callbacks=4)
    names = CallbackNames(CrashDump(truth.path, SymbolPath(truth.symbols)))
    times = []

    def counted(target: Any) -> Any:
        times.append(target)
        return read_listing(target)

    monkeypatch.setattr("pykd_ext.live.callback_names.read_listing", counted)
    assert [names.entry(0x1234) for _ in range(3)] == [None, None, None]
    assert len(times) == 1


@pytest.mark.toolchain
def test_a_block_in_anothers_place_without_symbols() -> None:
    """Where the last cookie lies is read in the kernel's code then."""
    from tests.lab.kd.script import Actor, Operation, Script, Work
    from tests.support.lab_target import WithoutSymbols

    write = Operation("set-value", "\\REGISTRY\\MACHINE\\SOFTWARE\\Example", "Volume")
    replaced = Operation("unregister-callback", actor=0), Operation("register-callback", actor=1)
    work = Work("regedit.exe", 0x1A3C, 0x1A40, (write, *replaced, write), rounds=1)
    actors = Actor("200000"), Actor("190000", at_load=False)
    target: Any = WithoutSymbols(Script((work,), ("stage.sys",), actors))
    told: list[tuple[int, str | None]] = []

    def report(operation: pykd_ext.Operation) -> bool:
        told.extend(
            (each.verdict.block, each.callback and each.callback.altitude)
            for each in operation.verdicts
            if each.verdict.phase == "pre"
        )
        return False

    pykd_ext.trace(target, each=True).run(report)
    (first, high), (second, low) = told
    assert (first == second, high, low) == (True, "200000", "190000")
