"""The bundle for machines without a network runs in the engine, from what is in it alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.lab import make_dump
from tests.release.bundle import make_bundle

from .engine import INSIDE, Engine


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


def test_it_runs(engine: Engine, bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / bundle.stem
    truth = make_dump(tmp_path / "list.dmp")
    here = (folder, Path(truth.path), Path(truth.symbols))
    for words, wanted in (
        (["--engine", "pykd", "list"], "netmon!NetMonRegFilter"),
        (["--engine", "pykd", "show", "0"], "found by"),
        (["--engine", "pykd", "check"], "findings: "),
        (["--engine", "pykd", "doctor"], "pykd               0.3.4.15"),
        (["--engine", "pykd", "report", folder / "out.html"], ""),
    ):
        done = engine.run(INSIDE / "from_bundle.py", *here, *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert wanted in done.stdout
        assert done.stdout.endswith("from elsewhere: []\n")


def test_it_is_for_every_python_and_made_of_its_sources_alone(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        entries = archive.infolist()
    folders = {each.filename.split("/")[2] for each in entries if "/packages/" in each.filename}
    platforms = ("win32", "win_amd64")
    pythons = [f"cp3{minor}-{platform}" for minor in range(9, 14) for platform in platforms]
    assert folders == {"any", *platforms, *pythons}
    assert {each.date_time for each in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [each.filename for each in entries] == sorted(each.filename for each in entries)
