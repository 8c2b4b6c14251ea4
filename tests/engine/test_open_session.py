"""What cannot be opened, and why: one line each, from the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import make_dump
from tests.lab.bad_inputs import BAD_INPUTS, make_bad_input

from .engine import INSIDE, Engine
from .inside.batch import run
from .wine import windows_path


@pytest.mark.parametrize("kind", [*BAD_INPUTS, "missing"])
def test_bad_files(engine: Engine, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bad.dmp"
    if kind in BAD_INPUTS:
        make_bad_input(path, kind)
    done = engine.regcb("-z", path, "list")
    assert (done.returncode, done.stdout) == (2, "")
    if kind == "unknown-machine":  # the engine opens it
        assert done.stderr == "regcb: the target's processor (ARM) is none of x64, x86, ARM64\n"
        return
    _, _, errors = run(["-z", str(path), "list"])
    assert done.stderr == errors.replace(str(path), windows_path(path))


def test_no_session(engine: Engine) -> None:
    done = engine.regcb("list")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("regcb: no debugging session: open a dump with -z FILE")


def test_sessions_that_are_there_already(engine: Engine, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "lab.dmp")
    dump = windows_path(truth.path)
    done = engine.run(INSIDE / "open_twice.py", Path(truth.path), Path(truth.symbols))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    nothing, own, closed, bare, path_after, refused, session, again, user_mode = lines
    assert nothing == closed
    assert nothing.startswith("no debugging session")
    assert own == session == again == f"crash-dump {dump} {windows_path(truth.symbols)}"
    assert bare == f"crash-dump {dump} NUL"  # which is not Microsoft's server, as "" would be
    assert path_after == "''"
    assert refused.startswith("the debugger has a target already: leave out -z and -y")
    assert user_mode.startswith("the debugger's target is not a kernel target")
