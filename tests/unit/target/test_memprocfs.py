"""MemProcFS finds in the lab's dumps and images the Windows that we find."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import pykd_ext
from pykd_ext.kernel.processes import find_process
from pykd_ext.target.protocol import Target
from tests.lab import Truth, make_dump
from tests.lab.as_microsofts import as_microsofts

pytestmark = pytest.mark.toolchain

_LEAST = 16 << 20  # bytes: it opens no shorter file


@contextmanager
def both(truth: Truth) -> Iterator[tuple[Target, Any]]:
    """The file as we open it, and as MemProcFS does."""
    import memprocfs

    os.truncate(truth.path, _LEAST)
    device = "hibr://file=" if truth.dump_type == "sys" else ""
    quiet = ("-disable-python", "-disable-symbols", "-disable-symbolserver", "-norefresh")
    theirs = memprocfs.Vmm(["-device", device + truth.path, *quiet])
    with pykd_ext.open_target(truth.path, truth.symbols) as ours:
        yield ours, theirs
    theirs.close()


@pytest.mark.parametrize("kind", [1, 5, "raw", "lime", "elf", "vmem", "sys"])
def test_the_same_kernel(tmp_path: Path, kind: int | str) -> None:
    path = tmp_path / f"memory.{kind if isinstance(kind, str) else 'dmp'}"
    # It opens no hibernation file of a machine with less memory.
    size = _LEAST if kind == "sys" else None
    truth = make_dump(path, "x64-19041", kind, callbacks=6, size=size, also=as_microsofts)
    with both(truth) as (ours, theirs):
        assert theirs.kernel.build == ours.build
        system = theirs.process(4)
        modules = {each.name: (each.base, each.image_size) for each in system.module_list()}
        assert modules["ntoskrnl.exe"][0] == ours.nt_base
        assert sorted(modules.values()) == sorted((base, size) for _, base, size in ours.modules())
        found = theirs.process_list()
        assert len(found) > 10
        for each in found:
            assert find_process(ours, each.pid).name == each.name
        for each in truth.callbacks:
            for address in (each.address, each.altitude_buffer, each.function):
                assert address is not None
                assert system.memory.read(address, 32) == ours.read(address, 32)
        assert [each.function for each in pykd_ext.callbacks(ours)] == [
            each.function for each in truth.callbacks
        ]
