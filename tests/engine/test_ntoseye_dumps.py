"""The lab's dumps as ntoseye reads them: an oracle that shares no code with ours.

It finds a kernel by ``MZ\\x90\\0`` and by the name POOLCODE in the image's first page, as in
Microsoft's. The lab's linker writes another stub, and the lab has no such section.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import pykd_ext
from pykd_ext.target.pdb_server import PdbServer
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import make_dump

SYMBOLS = ("CallbackListHead", "PsLoadedModuleList", "CmUnRegisterCallback")


@pytest.mark.toolchain
def test_both_see_the_same_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = make_dump(tmp_path / "lab.dmp", "x64-19041")
    raw = Path(truth.path).read_bytes()
    raw = raw.replace(b"MZx\0", b"MZ\x90\0").replace(b"INITKDBG", b"POOLCODE")
    dump = tmp_path / "as-microsofts.dmp"
    dump.write_bytes(raw)
    monkeypatch.setenv("HOME", str(tmp_path))
    server = PdbServer(SymbolPath(str(truth.symbols)))
    monkeypatch.setenv("NTOSEYE_PDB_SERVERS", server.url)
    import ntoseye

    debugger = ntoseye.attach("dmp", connect=str(dump))
    with pykd_ext.open_target(dump, str(truth.symbols)) as target:
        theirs = [(each.short_name, each.base, each.size) for each in debugger.modules]
        assert sorted(theirs) == sorted(target.modules())
        for name in SYMBOLS:
            address = target.symbol(name)
            assert debugger.symbols[f"nt!{name}"] == address
            assert debugger.memory.read(address, 64) == target.read(address, 64)
        for name in ("rip", "rsp", "rcx"):
            assert debugger.cpus[0].registers[name] == target.register(name)
    debugger.close()
