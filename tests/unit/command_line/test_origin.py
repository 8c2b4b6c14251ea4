"""``regcb --version`` says what it was built from, without git."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext import __version__
from pykd_ext.command_line import origin
from tests.support.regcb import Regcb

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOT_ARCHIVED = "$Format:%H %cs$\n"
UNKNOWN = "built from a checkout, its commit is not known"


def of_checkout(git: Path) -> str:
    return origin._origin(NOT_ARCHIVED, git)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def test_of_a_release(tmp_path: Path) -> None:
    said = origin._origin(f"{COMMIT} 2026-11-28\n", tmp_path)
    assert said == "built from commit 0123456789ab of 2026-11-28"


@pytest.mark.parametrize("head", ["ref: refs/heads/main\n", f"{COMMIT}\n"])
@pytest.mark.parametrize(
    "refs",
    [
        ("refs/heads/main", f"{COMMIT}\n"),
        ("packed-refs", f"# peeled\n{'f' * 40} refs/heads/x\n{COMMIT} refs/heads/main\n"),
    ],
)
def test_of_a_checkout(tmp_path: Path, head: str, refs: tuple[str, str]) -> None:
    git = tmp_path / ".git"
    write(git / "HEAD", head)
    write(git / refs[0], refs[1])
    assert of_checkout(git) == "a checkout at commit 0123456789ab"


def test_of_a_worktree(tmp_path: Path) -> None:
    shared = tmp_path / "project" / ".git"
    write(shared / "refs/heads/topic", f"{COMMIT}\n")
    write(shared / "worktrees/wt/HEAD", "ref: refs/heads/topic\n")
    write(shared / "worktrees/wt/commondir", "../..\n")
    write(tmp_path / "wt/.git", f"gitdir: {shared.as_posix()}/worktrees/wt\n")
    assert of_checkout(tmp_path / "wt/.git") == "a checkout at commit 0123456789ab"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other", ""),
        ("HEAD", "ref: refs/heads/not-there\n"),
        ("HEAD", "\ufeffref:"),
        ("../.git-file", "nonsense"),
    ],
)
def test_where_nothing_tells(tmp_path: Path, name: str, text: str) -> None:
    git = tmp_path / ".git"
    write(git / name, text)
    write(git / "packed-refs", f"{COMMIT} refs/heads/main\n")
    of_file = (git / name).resolve() if name.startswith("..") else git
    assert of_checkout(of_file) == UNKNOWN


def test_it_is_shown(regcb: Regcb) -> None:
    status, said, errors = regcb("--version")
    assert (status, errors, said.count("\n")) == (0, "", 1)
    assert said.startswith(f"regcb {__version__}, ") and said.endswith("\n")
