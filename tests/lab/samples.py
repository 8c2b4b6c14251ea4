"""Writes the dumps of ``samples/`` and their PDBs: ``python -m tests.lab.samples``.

The PDBs go into a symbol store, so that one folder serves every dump.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

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


SAMPLES = (
    Sample("sound-x64.dmp", "x64-19041", 8),
    Sample("blinded-x64.dmp", "x64-19041", 6, ("head-emptied", "function-unloaded@3")),
    Sample("windows7-x86.dmp", "x86-7601", 6, ("entry-unreadable@2",)),
)


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
        )
        for path in Path(truth.symbols).glob("*.pdb"):
            _store(path, store)


def _store(path: Path, store: Path) -> None:
    pdb = Pdb(str(path))
    identity = f"{pdb.guid.replace('-', '')}{pdb.age:X}"
    pdb.close()
    folder = store / path.name / identity
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / path.name)


if __name__ == "__main__":
    write_samples()
