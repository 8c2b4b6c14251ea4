"""Every verb of the pykd session, asked in the real engine about what the lab put into a dump."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pykd_ext.target.registers import CONTEXTS
from tests.lab import PROFILES, CallbackTruth, Truth, make_dump
from tests.lab.kernel_types import kernel_offsets
from tests.support.symbol_files.stripped_pdb import strip_symbols
from tests.support.targets import open_dump

from .engine import INSIDE, Engine

NOT_READABLE = {"error": "MemoryUnreadable"}
NO_SYMBOL = {"error": "SymbolNotFound"}
NO_TYPE = {"error": "TypeNotFound"}
PATIENCE = 600.0  # seconds for an answer


class Session(NamedTuple):
    """A dump of the lab, and a process in which the engine has opened it."""

    truth: Truth
    process: subprocess.Popen[str]

    def ask(self, *questions: tuple[Any, ...]) -> list[Any]:
        """The answers, in order; see :mod:`.inside.ask`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        self.process.stdin.write(json.dumps(questions) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        patience.cancel()
        assert line, self.process.communicate()[1]
        answers: list[Any] = json.loads(line)
        return answers


@contextmanager
def session_on(engine: Engine, truth: Truth) -> Iterator[Session]:
    command = (INSIDE / "ask.py", Path(truth.path), Path(truth.symbols))
    with engine.start(command, is_asked=True) as process:
        yield Session(truth, process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module", params=["x64-19041", "x86-7601", "arm64-22621"])
def session(
    engine: Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    truth = make_dump(tmp_path_factory.mktemp("session") / "lab.dmp", request.param)
    with session_on(engine, truth) as opened:
        yield opened


def test_what_the_target_is(session: Session) -> None:
    truth = session.truth
    names = ("kind", "architecture", "build", "nt_base", "module_list", "symbol_problems")
    answers = dict(zip(names, session.ask(*((name,) for name in names))))
    assert answers == {
        "kind": "crash-dump",
        "architecture": truth.architecture,
        "build": truth.build,
        "nt_base": truth.nt_base,
        "module_list": truth.module_list,
        "symbol_problems": [],
    }


def test_reading_gives_all_or_nothing(session: Session) -> None:
    truth = session.truth
    pointer = PROFILES[truth.profile].pointer_size
    first = truth.callbacks[0].address.to_bytes(pointer, "little").hex()
    answers = session.ask(
        ("read", truth.list_head, pointer),
        ("read", truth.nt_base, 2),
        ("read", truth.nt_base, 0),
        ("read", truth.nt_base - 1, 1),
        ("read", truth.nt_base - 1, 2),
        ("read", 0, 1),
    )
    assert answers == [first, b"MZ".hex(), "", *[NOT_READABLE] * 3]


@pytest.mark.parametrize("address", [-1, (1 << 64) - 1, 1 << 64, 0x1234_5678_9ABC_DEF0])
def test_no_such_address(session: Session, address: int) -> None:
    answers = session.ask(("read", address, 2), ("nearest_symbol", address))
    assert answers == [NOT_READABLE, None]


def test_an_address_of_64_bits_is_none_of_a_32_bit_target(session: Session) -> None:
    low = session.truth.nt_base & 0xFFFFFFFF
    extended = low | 0xFFFFFFFF_00000000
    assert session.ask(("read", extended, 2), ("nearest_symbol", extended)) == [NOT_READABLE, None]


def test_symbols_by_name(session: Session) -> None:
    truth = session.truth
    netmon = with_symbols(truth, "netmon.sys")
    answers = session.ask(
        ("symbol", "CallbackListHead"),
        ("symbol", "PsLoadedModuleList", "nt"),
        ("symbol", netmon.function_name, "netmon"),
        ("symbol", "NoSuchSymbol"),
        ("symbol", "_EPROCESS"),
        ("symbol", "DriverEntry", "nosuchmodule"),
        ("symbol", "CallbackListHead+8"),
    )
    assert answers[:3] == [truth.list_head, truth.module_list, netmon.function]
    assert answers[3:] == [NO_SYMBOL] * 4


def test_the_symbol_at_or_below_an_address(session: Session) -> None:
    truth = session.truth
    public, private = with_symbols(truth, "netmon.sys"), with_symbols(truth, "avfilter.sys")
    none = with_symbols(truth, "oldfilt.sys")
    answers = session.ask(
        ("nearest_symbol", truth.list_head),
        ("nearest_symbol", public.function),
        ("nearest_symbol", public.function + 4),
        ("nearest_symbol", private.function),  # static: in no table of publics
        ("nearest_symbol", none.function),
        ("nearest_symbol", truth.nt_base),  # below the first symbol
        ("nearest_symbol", truth.nt_base - 1),
        ("nearest_symbol", truth.unloaded[0].start),
    )
    assert answers == [
        ["nt", "CallbackListHead", 0],
        ["netmon", public.function_name, 0],
        ["netmon", public.function_name, 4],
        ["avfilter", private.function_name, 0],
        *[None] * 4,
    ]


def test_a_stripped_pdb_shows_the_functions_that_it_kept(
    engine: Engine, session: Session, tmp_path: Path
) -> None:
    private = with_symbols(session.truth, "avfilter.sys")
    symbols = tmp_path / "stripped"
    shutil.copytree(session.truth.symbols, symbols)
    strip_symbols(Path(session.truth.symbols) / "avfilter.pdb", symbols / "avfilter.pdb")
    stripped = dataclasses.replace(session.truth, symbols=str(symbols))
    places = [private.function, private.function + 4]
    expected = [("avfilter", private.function_name, distance) for distance in (0, 4)]
    with open_dump(stripped) as target:
        assert [target.nearest_symbol(each) for each in places] == expected
    with session_on(engine, stripped) as opened:
        answers = opened.ask(*(("nearest_symbol", each) for each in places))
    assert [tuple(each) for each in answers] == expected


def test_registers_are_those_of_the_dumps_header(session: Session) -> None:
    names = list(CONTEXTS[session.truth.architecture].registers)
    with open_dump(session.truth) as target:
        expected = [target.register(name) for name in names]
    assert any(expected)
    assert session.ask(*(("register", name) for name in names)) == expected


def test_the_thread_that_crashed(session: Session) -> None:
    with open_dump(session.truth) as target:
        assert session.ask(("current_thread",)) == [target.current_thread()]


def test_no_such_register(session: Session) -> None:
    assert session.ask(("register", "nosuch")) == [{"error": "RegisterUnavailable"}]


def test_fields_of_types(session: Session) -> None:
    expected = kernel_offsets(PROFILES[session.truth.profile]).field(
        "_EPROCESS", "ActiveProcessLinks"
    )
    answers = session.ask(
        ("field_offset", "_EPROCESS", "ActiveProcessLinks"),
        ("field_offset", "_EPROCESS", "NoSuchField"),
        ("field_offset", "_NO_SUCH_TYPE", "Field"),
        ("field_offset", "_EPROCESS", "ActiveProcessLinks", "netmon"),
        ("field_offset", "_EPROCESS", "ActiveProcessLinks", "nosuchmodule"),
    )
    assert answers == [expected, *[NO_TYPE] * 4]


def test_modules(session: Session) -> None:
    truth = session.truth
    (modules,) = session.ask(("modules",))
    found = {name: (base, size) for name, base, size in modules}
    assert found["nt"][0] == truth.nt_base
    for callback in truth.callbacks:
        if callback.owner != "ntoskrnl.exe":
            name = callback.owner.partition(".")[0]
            assert found[name] == (callback.owner_base, callback.owner_size)


def with_symbols(truth: Truth, owner: str) -> CallbackTruth:
    return next(each for each in truth.callbacks if each.owner == owner)
