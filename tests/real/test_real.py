"""``python -m tests.real``: what holds is counted, and what does not is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import make_dump
from tests.real.__main__ import main

pytestmark = pytest.mark.toolchain


def test_a_folder_of_the_lab_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = make_dump(tmp_path / "a.dmp")
    for path in Path(truth.symbols.partition(";")[0]).rglob("*.pdb"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert main([str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "dump: commands" in text
    assert "PDB: publics by name" in text


def test_a_broken_file_is_named_and_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = make_dump(tmp_path / "a.dmp")
    pdb = next(Path(truth.symbols.partition(";")[0]).rglob("ntkrnlmp.pdb")).read_bytes()
    # A public under a name that its hash table has not got.
    (tmp_path / "broken.pdb").write_bytes(pdb.replace(b"CallbackListHead", b"CallbackListHeap"))
    assert main([str(tmp_path)]) == 1
    text = capsys.readouterr().out
    assert "dump: commands" in text
    assert "broken.pdb" in text
    assert "CallbackListHeap is at" in text
