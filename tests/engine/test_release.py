"""A release runs in the engine: the bundle for machines without a network from what is in it alone,
and the wheel from what pip installs with it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.licenses import canonicalize_license_expression

from tests.lab import make_dump
from tests.release.release import make_release
from tests.release.requirements import WindowsPython, pip_for, requirements_of
from tests.release.sources import Sources, commit_of_checkout, export

from .engine import INSIDE, Engine


class Release(NamedTuple):
    sources: Sources
    wheel: Path
    sdist: Path
    bundle: Path
    bill: Path
    sums: Path


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    sources = export(folder / "sources", commit_of_checkout(with_changes=True))
    return Release(sources, *make_release(sources, folder))


def test_the_bundle_runs(engine: Engine, release: Release, tmp_path: Path) -> None:
    with zipfile.ZipFile(release.bundle) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / release.bundle.stem
    truth = make_dump(tmp_path / "list.dmp")
    here = (folder, Path(truth.path), Path(truth.symbols))
    commit = f"built from commit {release.sources.commit[:12]}"
    for words, wanted in (
        (["--version"], commit),
        (["--engine", "pykd", "list"], "netmon!NetMonRegFilter"),
        (["--engine", "pykd", "show", "0"], "found by"),
        (["--engine", "pykd", "check"], "findings: "),
        (["--engine", "pykd", "doctor"], "pykd               0.3.4.15"),
        (["--engine", "pykd", "report", folder / "out.html"], ""),
    ):
        done = engine.run(INSIDE / "from_release.py", *here, *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert wanted in done.stdout
        assert done.stdout.endswith("from elsewhere: []\n")


def test_the_wheel_runs(engine: Engine, release: Release, tmp_path: Path) -> None:
    """With what it needs, and no extra."""
    python = WindowsPython("3.9", "win_amd64")
    needed = [str(release.wheel), *requirements_of(release.wheel, python), "pykd"]
    site = tmp_path / "site-packages"
    pip_for(python, "install", site, needed)
    installed = {each.name.partition("-")[0] for each in site.glob("*.dist-info")}
    assert installed == {
        "capstone", "dissect_cstruct", "pefile", "pykd", "regcb", "tabulate", "tomli",
    }  # fmt: skip
    truth = make_dump(tmp_path / "list.dmp")
    here = (site, Path(truth.path), Path(truth.symbols))
    done = engine.run(INSIDE / "from_release.py", *here, "--engine", "pykd", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "netmon!NetMonRegFilter" in done.stdout
    assert done.stdout.endswith("from elsewhere: []\n")


def test_the_bundle_is_for_every_python_and_made_of_its_sources_alone(release: Release) -> None:
    with zipfile.ZipFile(release.bundle) as archive:
        entries = archive.infolist()
    folders = {each.filename.split("/")[2] for each in entries if "/packages/" in each.filename}
    platforms = ("win32", "win_amd64")
    pythons = [f"cp3{minor}-{platform}" for minor in range(9, 14) for platform in platforms]
    assert folders == {"any", *platforms, *pythons}
    assert len({each.date_time for each in entries}) == 1
    assert [each.filename for each in entries] == sorted(each.filename for each in entries)


def test_the_bill_names_every_package_with_its_licence(release: Release) -> None:
    text = release.bill.read_text("utf-8")
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert errors is None, str(errors)[:300]
    bill = json.loads(text)
    with zipfile.ZipFile(release.bundle) as archive:
        names = [each.split("/")[3] for each in archive.namelist() if "/packages/" in each]
    there = {each.partition(".dist-info")[0] for each in names if each.endswith(".dist-info")}
    named = {f"{each['name'].replace('.', '_')}-{each['version']}" for each in bill["components"]}
    assert named == there
    notice = (release.sources.folder / "NOTICE").read_text("utf-8")
    rows = [line.split() for line in notice.splitlines()]
    for each in bill["components"]:
        licence = each["licenses"][0]["expression"]
        assert canonicalize_license_expression(licence) == licence
        assert [each["name"], *licence.split()] in rows, each["name"]


def test_the_sums_are_those_of_the_files(release: Release) -> None:
    lines = [line.split("  ") for line in release.sums.read_text("utf-8").splitlines()]
    assert [name for _, name in lines] == [each.name for each in release[1:5]]
    for digest, name in lines:
        data = (release.sums.parent / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
