"""What this was built from: a release's commit and its day, or where a checkout stands."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from ..packaged import packaged_text

__all__ = ["origin"]

_CHECKOUT = Path(__file__).parents[2]
_NOT_ARCHIVED = "$Format"  # what git archive puts a commit and its day in place of
_SHOWN = 12  # digits of a commit


def origin() -> str:
    """``built from commit 0123456789ab of 2026-11-28`` of a release, ``a checkout at commit
    0123456789ab`` where git's files lie beside the package, else that nobody knows.

    Reads one file of a release, four at most of a checkout; git itself is not needed.
    """
    return _origin(packaged_text(__name__, "built_from.txt"), _CHECKOUT / ".git")


def _origin(built_from: str, git: Path) -> str:
    commit, _, day = built_from.strip().partition(" ")
    if not commit.startswith(_NOT_ARCHIVED):
        return f"built from commit {commit[:_SHOWN]} of {day}"
    with suppress(OSError, ValueError):
        return f"a checkout at commit {_commit(_head(git))[:_SHOWN]}"
    return "built from a checkout, its commit is not known"


def _commit(text: str) -> str:
    """``text`` where it is a commit's hash. Raises ValueError."""
    if not re.fullmatch("[0-9a-f]{40,64}", text):
        raise ValueError(text)
    return text


def _head(git: Path) -> str:
    """What HEAD leads to (gitrepository-layout(5)). Raises OSError, ValueError."""
    if git.is_file():  # of a worktree, whose files lie elsewhere
        git = git.parent / _behind("gitdir: ", git.read_text("utf-8"))
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref: "):
        return head
    name = _behind("ref: ", head)
    common = git / "commondir"
    shared = git / common.read_text("utf-8").strip() if common.exists() else git
    loose = shared / name
    if loose.is_file():
        return loose.read_text("utf-8").strip()
    for line in (shared / "packed-refs").read_text("utf-8").splitlines():
        if line.endswith(f" {name}"):
            return line.partition(" ")[0]
    raise ValueError(name)


def _behind(prefix: str, text: str) -> str:
    """What stands behind ``prefix``. Raises ValueError where that does not stand first."""
    if not text.startswith(prefix):
        raise ValueError(text)
    return text[len(prefix) :].strip()
