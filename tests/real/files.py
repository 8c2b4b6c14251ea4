"""The files of a folder by what their first bytes say they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["KINDS", "sort_files"]

KINDS = {
    "dump": (b"PAGEDU64", b"PAGEDUMP"),
    "pdb": (b"Microsoft C/C++ MSF 7.00",),
    "image": (b"MZ",),
}
_LONGEST_MAGIC = 24


def sort_files(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """The files below ``folder`` (or that one file), by kind, and what could not be looked at.
    Links are not followed."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    problems: list[str] = []
    for path in sorted(_files(folder, problems)):
        try:
            with path.open("rb") as file:
                start = file.read(_LONGEST_MAGIC)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        for kind, magics in KINDS.items():
            if start.startswith(magics):
                found[kind].append(path)
    return found, problems


def _files(folder: Path, problems: list[str]) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for root, _, names in os.walk(
        folder, onerror=lambda error: problems.append(f"{error.filename}: {error.strerror}")
    ):
        for name in names:
            path = Path(root) / name
            if path.is_file() and not path.is_symlink():
                yield path
