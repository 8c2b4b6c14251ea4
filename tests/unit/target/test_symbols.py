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
from tests.support.regcb import MakeDump
from tests.support.symbol_files.fixtures import BuildSample, sample
from tests.support.symbol_files.image_target import BASE, ImageTarget
from tests.support.symbol_files.oracles import identity
from tests.support.targets import open_dump

__all__ = ["sample"]  # a fixture


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
            nearest = symbols.nearest(address)
            assert nearest is not None and (exported[nearest[0]], nearest[1]) == (address, 0)
            if address + 1 not in exported.values():
                assert symbols.nearest(address + 1) is None  # most functions are no exports
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


def of_image(target: ImageTarget, symbol_path: str) -> tuple[ModuleSymbols, list[str]]:
    problems: list[str] = []
    size = len(target.data)
    path = SymbolPath(symbol_path)
    return ModuleSymbols(target.memory, "sample", BASE, size, path, problems), problems


@pytest.mark.toolchain
def test_nothing_is_read_before_it_is_asked_for(sample: BuildSample) -> None:
    built = sample()
    target = ImageTarget(built.image)
    symbols, _ = of_image(target, str(built.pdb.parent))
    assert target.reads == 0
    assert symbols.symbol("Twin") is not None
    assert target.reads <= 3  # the headers, the debug directory and its record


@pytest.mark.toolchain
@pytest.mark.parametrize("private", [False, True])
def test_a_pdb_and_the_exports_agree(sample: BuildSample, private: bool) -> None:
    """On exported names, and on the first of several names for one address."""
    built = sample("x64", private)
    target = ImageTarget(built.image)
    with_pdb, _ = of_image(target, str(built.pdb.parent))
    without, _ = of_image(target, "")
    for name in ("CdeclFunction", "Twin", "ATwin", "sink"):
        assert with_pdb.symbol(name) == without.symbol(name) is not None
    twin = with_pdb.symbol("Twin") or 0
    assert without.nearest(twin) == ("ATwin", 0)
    assert with_pdb.nearest(twin + 2) == ("Twin" if private else "ATwin", 2)


@pytest.mark.toolchain
def test_headers_that_are_paged_out(sample: BuildSample) -> None:
    target = ImageTarget(sample().image)
    target.page_out(0)
    symbols, problems = of_image(target, str(sample().pdb.parent))
    assert symbols.symbol("Twin") is None
    assert symbols.nearest(BASE + 0x1000) is None
    assert "headers" in symbols.why_not
    assert problems and all(each.startswith("sample: ") for each in problems)


@pytest.mark.toolchain
def test_another_images_pdb(sample: BuildSample) -> None:
    """Refused with both GUIDs, and the exports serve."""
    symbols, problems = of_image(ImageTarget(sample().image), str(sample("arm64").pdb.parent))
    assert symbols.symbol("Twin") is not None
    assert symbols.symbol("DriverEntry") is None
    (problem,) = problems
    for guid, _ in (identity(sample().pdb), identity(sample("arm64").pdb)):
        assert guid in problem
