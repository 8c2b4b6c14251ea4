"""Finding the list by the kernel's code, on every Windows of the lab and under damage."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel.builds import has_vector
from pykd_ext.kernel.callbacks import read_callbacks
from pykd_ext.kernel.layouts import BLOCKS, VECTORS
from pykd_ext.kernel.locate import Located, locate_list, locate_vector
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import TargetError
from pykd_ext.target.symbol_path import SymbolPath
from pykd_ext.target.without_symbols import WithoutSymbols
from tests.lab import PROFILES, Truth, make_dump
from tests.lab.code_shapes import shape_of
from tests.lab.processes import Processes
from tests.lab.profiles import Profile
from tests.lab.toolchain import compile_c
from tests.lab.world import World
from tests.support.regcb import MakeDump, Regcb


@pytest.fixture
def opened() -> Iterator[Any]:
    """Opens a lab dump, with its symbols or without."""
    targets: list[CrashDump] = []

    def open_dump(truth: Truth, symbols: bool) -> CrashDump:
        targets.append(CrashDump(truth.path, SymbolPath(truth.symbols if symbols else "")))
        return targets[-1]

    yield open_dump
    for target in targets:
        target.close()


def located(target: CrashDump) -> Located:
    if has_vector(target.build):
        return locate_vector(target, VECTORS.layout(target))
    return locate_list(target, BLOCKS.layout(target))


def known(target: CrashDump) -> tuple[int, int, int | None]:
    if has_vector(target.build):
        return target.symbol("CmpCallBackVector"), target.symbol("CmpCallBackCount"), None
    names = ("CallbackListHead", "CmpCallBackCount", "CmpCallbackCookie")
    head, count, cookie = (target.symbol(name) for name in names)
    return head, count, cookie


@pytest.mark.parametrize("callbacks", [1, 8])
@pytest.mark.parametrize("profile", PROFILES)
def test_the_code_and_the_symbols_agree(
    profile: str, callbacks: int, lab_dump: MakeDump, opened: Any
) -> None:
    truth = lab_dump(profile, callbacks=callbacks)
    found = located(opened(truth, False))
    assert found[:3] == known(opened(truth, True))
    assert found.problems == ()


@pytest.mark.parametrize("profile", ["x64-19041", "x86-19041", "arm64-22621"])
@pytest.mark.parametrize(
    "damage",
    ["head-emptied", "cookie-forged", "function-null", "altitude-dml", "entry-unreadable@1"],
)
def test_tampering_does_not_hide_the_list(
    profile: str, damage: str, lab_dump: MakeDump, opened: Any
) -> None:
    truth = lab_dump(profile, callbacks=4, damage=(damage,))
    head, _, cookie = known(opened(truth, True))
    found = located(opened(truth, False))
    assert (found.head, found.last_cookie) == (head, cookie)


def test_a_count_of_zero_is_told_by_what_the_code_does(lab_dump: MakeDump, opened: Any) -> None:
    truth = lab_dump(callbacks=4, damage=("count-zero",))
    found = located(opened(truth, False))
    assert found.callback_count == known(opened(truth, True))[1]
    assert "was taken for CmpCallBackCount" in found.problems[0]


def test_an_empty_list_is_one(lab_dump: MakeDump, opened: Any) -> None:
    truth = lab_dump(callbacks=0)
    assert located(opened(truth, False)).head == known(opened(truth, True))[0]


def test_an_empty_vector_cannot_be_told(lab_dump: MakeDump, opened: Any) -> None:
    found = located(opened(lab_dump("x86-2600", callbacks=0), False))
    assert (found.head, found.problems) == (
        None,
        ("none of what the kernel's exports refer to is a callback vector",),
    )


@pytest.mark.parametrize("profile", ["x86-2600", "x64-3790"])
def test_what_lies_behind_the_vector_is_no_slot(profile: str, tmp_path: Path, opened: Any) -> None:
    """The first slot is empty, and the code of x64, as that of a real XP, refers to the second."""

    def with_a_list_behind(world: World, _: Processes) -> None:
        vector, size = world.nt("CmpCallBackVector"), world.profile.pointer_size
        world.space.write_pointer(vector + 100 * size, world.nt("PsLoadedModuleList"))

    truth = make_dump(tmp_path / "a.dmp", profile, also=with_a_list_behind)
    assert truth.callbacks[0].slot
    assert located(opened(truth, False)).head == truth.list_head


DECOY = """
CM_DATA LIST_ENTRY CmpDecoy = {&CmpDecoy, &CmpDecoy};
static BOOLEAN CmpDecoyIsEmpty(VOID) { return CmpDecoy.Flink == &CmpDecoy; }
"""
HEAD, FIRST = "CM_DATA LIST_ENTRY CallbackListHead", "    LIST_ENTRY *Next = NULL;\n"


def with_decoy(work: Path) -> None:
    """CmUnRegisterCallback looks at another list, before its own."""
    file = work / "c" / "callback_list.c"
    text = file.read_text()
    if DECOY not in text:
        assert (text.count(HEAD), text.count(FIRST)) == (1, 1)
        text = text.replace(HEAD, DECOY + HEAD)
        text = text.replace(FIRST, FIRST + "    if (!CmpDecoyIsEmpty()) return 1;\n")
        file.write_text(text)


@pytest.mark.toolchain
@pytest.mark.parametrize("options", [["-O1"], ["-O2", "-DCOUNT_OTHERWISE"]], ids=["O1", "counts"])
@pytest.mark.parametrize("profile", ["x64-19041", "x86-19041", "arm64-22621"])
def test_compiled_otherwise_and_behind_another_list(
    profile: str, options: list[str], tmp_path: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one of two ways to count (../lab/c/nt.h); on ARM64 ldadd in place of a loop."""
    newer = ["-march=armv8.1-a"] if profile.startswith("arm64") and "-O2" in options else []

    def compiled(
        profile: Profile,
        source: str,
        work: Path,
        extra: Sequence[str],
        _rewrite: object = None,
    ) -> str:
        with_decoy(work)
        return compile_c(profile, source, work, [*extra, *options, *newer])

    building, making = sys.modules["tests.lab.build"], sys.modules["tests.lab.make"]
    plain = shape_of(PROFILES[profile], "plain")
    rest = building.build(PROFILES[profile])
    monkeypatch.setattr(building, "compile_c", compiled)
    other = building.build_into(tmp_path / "built", PROFILES[profile], False, plain, rest)
    monkeypatch.setattr(making, "build", lambda _: other)
    truth = make_dump(tmp_path / "a.dmp", profile, callbacks=4)
    found = located(opened(truth, False))
    assert found[:3] == known(opened(truth, True))
    assert opened(truth, True).symbol("CmpDecoy") != found.head


def test_no_exports_and_no_symbols(
    lab_dump: MakeDump, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = opened(lab_dump(), False)
    monkeypatch.setattr("pykd_ext.kernel.locate._EXPORTS", ("CmNoSuchExport",))
    with pytest.raises(TargetError, match="exports CmNoSuchExport were not found"):
        read_callbacks(target)


@pytest.mark.parametrize("profile", ["x64-19041", "arm64-22621", "x86-2600"])
def test_the_option_forces_it(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile)
    with_symbols = regcb.json(truth, "list")
    without = regcb.json(truth, "list", "--no-symbols")
    assert with_symbols["target"]["list_head_found_by"] == "symbol"
    assert without["target"].pop("list_head_found_by") == "code"
    del with_symbols["target"]["list_head_found_by"]
    assert without["target"] == with_symbols["target"]
    for one, other in zip(without["callbacks"], with_symbols["callbacks"]):
        assert "!" not in one["function_symbol"] or one["owner"] == "ntoskrnl.exe"
        assert {**one, "function_symbol": ""} == {**other, "function_symbol": ""}


def test_a_session_without_symbols_is_a_dump_without_symbols(
    lab_dump: MakeDump, opened: Any
) -> None:
    """What ``--no-symbols`` puts before pykd's session, here before a dump with its PDBs."""
    truth = lab_dump()
    hidden: Any = WithoutSymbols(opened(truth, True))
    assert read_callbacks(hidden) == read_callbacks(opened(truth, False))
    assert hidden.build == truth.build
