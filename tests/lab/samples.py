"""Writes the dumps of ``samples/`` and their PDBs: ``python -m tests.lab.samples``.

The PDBs go into a symbol store, so that one folder serves every dump. The first dump's list is
saved too, as the baseline that the others can be compared with.
"""

from __future__ import annotations

import os
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from pykd_ext.command_line.main import main
from pykd_ext.target.pdb import Pdb

from .make import make_dump

__all__ = ["SAMPLES", "Sample", "write_samples"]

_FOLDER = Path(__file__).parents[2] / "samples"


class Sample(NamedTuple):
    """One dump; the fields are :func:`make_dump`'s."""

    name: str
    profile: str
    callbacks: int
    damage: tuple[str, ...] = ()
    stopped_in: str | None = None


SAMPLES = (
    Sample("sound-x64.dmp", "x64-19041", 6),
    Sample("blinded-x64.dmp", "x64-19041", 6, ("head-emptied", "function-unloaded@3")),
    Sample("stopped-x64.dmp", "x64-19041", 4, stopped_in="RegNtPreSetValueKey"),
    Sample("windows7-x86.dmp", "x86-7601", 6, ("entry-unreadable@2",)),
)

BASELINE = "sound-x64.json"


def write_samples(folder: Path = _FOLDER) -> None:
    """Writes every dump to ``folder``, the PDBs to its ``symbols``."""
    store = folder / "symbols"
    shutil.rmtree(store, ignore_errors=True)
    for sample in SAMPLES:
        truth = make_dump(
            folder / sample.name,
            sample.profile,
            callbacks=sample.callbacks,
            damage=sample.damage,
            stopped_in=sample.stopped_in,
        )
        for path in Path(truth.symbols).glob("*.pdb"):
            _store(path, store)
    _save_list(folder)


def _save_list(folder: Path) -> None:
    """From the folder above, so that the file names its dump as a reader of the README would."""
    before = Path.cwd()
    os.chdir(folder.parent)
    words = ["-z", f"{folder.name}/{SAMPLES[0].name}", "-y", f"{folder.name}/symbols"]
    try:
        with (folder / BASELINE).open("w", encoding="utf-8") as file, redirect_stdout(file):
            main([*words, "list", "--json"])
    finally:
        os.chdir(before)


def _store(path: Path, store: Path) -> None:
    pdb = Pdb(str(path))
    identity = f"{pdb.guid.replace('-', '')}{pdb.age:X}"
    pdb.close()
    folder = store / path.name / identity
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / path.name)


if __name__ == "__main__":
    write_samples()
