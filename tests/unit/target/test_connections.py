"""What --connect means, before anything is attached to; and the PDBs that are served for it."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

import pykd_ext
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.pdb_server import PdbServer
from pykd_ext.target.symbol_path import SymbolPath

SYMBOLS = Path(__file__).parents[3] / "samples" / "symbols"
DUMP = Path(__file__).parents[3] / "samples" / "sound-x64.dmp"


@pytest.mark.parametrize(
    "connect",
    [
        "",
        "kd",
        "kd:",
        "com:1",
        "kdnet:50000",
        "kdnet:port=50000",
        "kdnet:port=x,key=1.2.3.4",
        "gdb:",
    ],
)
def test_what_is_no_connection(connect: str) -> None:
    with pytest.raises(RegcbError, match="--connect"):
        pykd_ext.open_target(connect=connect)


@pytest.mark.parametrize("engine", ["none", "pykd"])
def test_others_connect_to_nothing(engine: str) -> None:
    with pytest.raises(RegcbError, match="--connect"):
        pykd_ext.open_target(engine=engine, connect="kd:/run/vm.sock")  # type: ignore[call-overload]


def test_a_dump_is_none_of_a_connections() -> None:
    with pytest.raises(RegcbError, match="no dump"):
        pykd_ext.open_target(DUMP, connect="kd:/run/vm.sock")


def test_the_engine_alone_is_not_enough() -> None:
    with pytest.raises(RegcbError, match="--connect"):
        pykd_ext.open_target(engine="ntoseye")


def test_a_pdb_is_served_by_its_identity() -> None:
    (kernel,) = SYMBOLS.glob("ntkrnlmp.pdb/*/ntkrnlmp.pdb")
    server = PdbServer(SymbolPath(f"srv*{SYMBOLS}"))
    served = f"{server.url}/{kernel.relative_to(SYMBOLS).as_posix()}"
    with urllib.request.urlopen(served) as answer:
        assert answer.read() == kernel.read_bytes()


@pytest.mark.parametrize(
    "path",
    ["", "/", "/x", "/ntkrnlmp.pdb/nonsense/ntkrnlmp.pdb", f"/../a/{'0' * 33}/a", "/a/" + "0" * 33],
)
def test_what_is_not_there_is_not_served(path: str) -> None:
    server = PdbServer(SymbolPath(f"srv*{SYMBOLS}"))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(server.url + path)
