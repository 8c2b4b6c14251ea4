"""Symbols of one loaded image: from its PDB, else from its exports, else none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pykd_ext.target.errors import TypeNotFound
from pykd_ext.target.image import exports
from pykd_ext.target.symbol_path import SymbolPath
from pykd_ext.target.symbols import ModuleSymbols
from tests.lab import Truth

from .conftest import MakeDump
from .targets import open_dump


@contextmanager
def kernel(truth: Truth, symbol_path: str) -> Iterator[tuple[ModuleSymbols, list[str]]]:
    """nt's symbols by a symbol path, and the problems that come up."""
    problems: list[str] = []
    with open_dump(truth) as dump:
        nt = dump.modules()[0]
        yield (
            ModuleSymbols(
                dump.memory, nt.name, nt.base, nt.size, SymbolPath(symbol_path), problems
            ),
            problems,
        )


def test_a_pdb_knows_what_is_not_exported(lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041")
    with kernel(truth, truth.symbols) as (symbols, problems):
        assert symbols.symbol("CallbackListHead") == truth.list_head
        assert symbols.nearest(truth.list_head + 3) == ("CallbackListHead", 3)
        assert symbols.field_offset("_EPROCESS", "UniqueProcessId") == 0x440
        assert symbols.symbol("NoSuchName") is None
        assert symbols.why_not == f"it is not in {Path(truth.symbols) / 'ntkrnlmp.pdb'}"
        with pytest.raises(TypeNotFound, match=r"nt!_EPROCESS\.NoSuchField"):
            symbols.field_offset("_EPROCESS", "NoSuchField")
    assert problems == []


def test_without_a_pdb_exports_serve(lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041")
    with kernel(truth, "") as (symbols, problems):
        with open_dump(truth) as dump:
            exported = exports(dump.memory, truth.nt_base)
        assert "CmRegisterCallbackEx" in exported
        for name, address in exported.items():
            assert symbols.symbol(name) == address
            assert symbols.nearest(address + 1) is not None
        assert symbols.symbol("CallbackListHead") is None
        assert symbols.why_not.startswith("ntkrnlmp.pdb ")
        assert "is not on the symbol path" in symbols.why_not
        with pytest.raises(TypeNotFound):
            symbols.field_offset("_EPROCESS", "UniqueProcessId")
    assert problems == []


def test_below_the_first_symbol_there_is_none(lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041")
    for symbol_path in (truth.symbols, ""):
        with kernel(truth, symbol_path) as (symbols, _):
            assert symbols.nearest(truth.nt_base) is None


def test_a_problem_is_said_once(lab_dump: MakeDump) -> None:
    truth = lab_dump(callbacks=4, damage=("pdb-damaged",))
    with kernel(truth, truth.symbols) as (symbols, problems):
        for _ in range(3):
            symbols.symbol("CallbackListHead")
            symbols.nearest(truth.list_head)
    assert len(problems) == 1
    assert "ntkrnlmp.pdb" in problems[0]
