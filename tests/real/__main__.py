"""``python -m tests.real FOLDER``: a table of what held, exit status 1 if anything did not."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tabulate import tabulate
from tqdm import tqdm

from . import dumps, false_accusations, images, kernels, pdbs
from .files import sort_files
from .row import Check, Row

CHECKS: dict[str, tuple[Check, ...]] = {
    "pdb": (pdbs.check,),
    "image": (images.check, kernels.check, false_accusations.check),
    "dump": (dumps.check,),
}
_CONTROL = dict.fromkeys((*range(32), 127), "?")


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real", description=__doc__)
    parser.add_argument("folder", type=Path, help="kernels, drivers, PDBs and dumps, at any depth")
    parser.add_argument("--all", action="store_true", help="a line for each file, not only faults")
    arguments = parser.parse_args(words)
    files, problems = sort_files(arguments.folder)
    rows = judged(files)
    print(table(rows, arguments.all))
    for problem in problems:
        print(f"! {problem}")
    return 0 if rows and all(row.is_right for row in rows) else 1


def judged(files: dict[str, list[Path]]) -> list[Row]:
    """Every check of every file; a check that breaks is a row of its own."""
    rows: list[Row] = []
    work = [(check, path) for kind, checks in CHECKS.items() for check in checks
            for path in files[kind]]  # fmt: skip
    for check, path in tqdm(work, disable=None, unit="file"):
        try:
            rows += check([path])
        except Exception as error:  # one broken file must not hide the others
            rows.append(Row(check.__module__.rpartition(".")[2], path.name, 1, 0, repr(error)))
    return rows


def table(rows: list[Row], whole: bool) -> str:
    """A line a check, then the files in which something did not hold (``whole``: all)."""
    names = dict.fromkeys(row.check for row in rows)
    total = [
        (
            name,
            sum(row.check == name for row in rows),
            sum(row.judged for row in rows if row.check == name),
            sum(row.held for row in rows if row.check == name),
        )
        for name in names
    ]
    shown = [
        (row.check, row.file.translate(_CONTROL), row.judged, row.held,
         row.detail.translate(_CONTROL)[:160])
        for row in rows
        if whole or not row.is_right
    ]  # fmt: skip
    text = tabulate(total, ["check", "files", "judged", "held"])
    if shown:
        text += "\n\n" + tabulate(shown, ["check", "file", "judged", "held", "first that did not"])
    return text


if __name__ == "__main__":
    sys.exit(main())
