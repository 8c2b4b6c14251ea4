"""Which callback a block is, for as few reads as that takes."""

from __future__ import annotations

from typing import Any

import pytest

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
