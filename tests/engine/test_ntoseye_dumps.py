"""The lab's dumps as ntoseye reads them: an oracle that shares no code with ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import pykd_ext
from pykd_ext.target.pdb_server import PdbServer
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import make_dump
from tests.lab.as_microsofts import as_microsofts
from tests.lab.build import build
from tests.lab.profiles import PROFILES

SYMBOLS = ("CallbackListHead", "PsLoadedModuleList", "CmUnRegisterCallback")
BUILDS = ("x64-7601", "x64-19041", "x64-26100")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PdbServer]:
    """Of all their PDBs: ntoseye asks for its address once a process."""
    folders = ";".join(str(build(PROFILES[each]).symbols) for each in BUILDS)
    server = PdbServer(SymbolPath(folders))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("NTOSEYE_PDB_SERVERS", server.url)
        yield server


@pytest.mark.toolchain
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("profile", "dump_type"),
    [("x64-7601", 1), ("x64-19041", 5), ("x64-26100", 6), ("x64-19041", 8), ("x64-19041", 0xA)],
)
def test_both_see_the_same_kernel(tmp_path: Path, profile: str, dump_type: int) -> None:
    dump = tmp_path / "lab.dmp"
    truth = make_dump(dump, profile, dump_type, also=as_microsofts)
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
