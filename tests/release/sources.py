"""What a release is made of: the files of one commit, which git archive writes that commit into."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

from .errors import ReleaseError

__all__ = ["Sources", "commit_of_checkout", "export"]

_CHECKOUT = Path(__file__).parents[2]


class Sources(NamedTuple):
    """The files of ``commit`` in ``folder``; ``time`` is the commit's, in seconds since 1970, and
    what archives made of them have for that of the day."""

    folder: Path
    commit: str
    time: int


def commit_of_checkout(with_changes: bool = False) -> str:
    """The checkout's commit. Raises ReleaseError where files differ from it, unless
    ``with_changes`` makes a commit of them, which no branch has: for tests."""
    if not _git("status", "--porcelain", "--untracked-files=no"):
        return _git("rev-parse", "HEAD")
    if not with_changes:
        raise ReleaseError("files are changed that are not committed")
    return _git("stash", "create")


def export(folder: Path, commit: str) -> Sources:
    """The files of ``commit`` in ``folder``, which is made. Raises ReleaseError."""
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(_output("archive", "--format=tar", commit))) as archive:
        archive.extractall(folder)
    return Sources(folder, commit, int(_git("show", "--no-patch", "--format=%ct", commit)))


def _git(*words: str) -> str:
    return _output(*words).decode().strip()


def _output(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=_CHECKOUT, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ReleaseError(f"git {words[0]}: {said or 'failed'}; a release is made in a checkout")
    return done.stdout
