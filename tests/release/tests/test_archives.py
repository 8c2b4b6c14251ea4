"""What a release is made of: the same bytes each time, and nothing missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pykd_ext import __version__
from tests.release.archives import Archives, make_archives
from tests.release.bill import bill_of_materials
from tests.release.bundle import make_bundle
from tests.release.environment import make_environment, newest_python
from tests.release.errors import ReleaseError
from tests.release.lowest import lowest_requirements
from tests.release.requirements import WindowsPython, metadata_of, requirements_of
from tests.release.sources import Sources, commit_of_checkout, export

SAMPLES = Path(__file__).parents[3] / "samples"
SAMPLE = ("-z", str(SAMPLES / "blinded-x64.dmp"), "-y", str(SAMPLES / "symbols"))

pytestmark = pytest.mark.toolchain


def made(folder: Path, commit: str) -> tuple[Sources, Archives]:
    sources = export(folder / "sources", commit)
    return sources, make_archives(sources, folder)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sources, Archives]:
    return made(tmp_path_factory.mktemp("release"), commit_of_checkout(with_changes=True))


@pytest.fixture
def strange_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another machine's habits."""
    monkeypatch.setenv("TZ", "Pacific/Chatham")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_what_is_not_committed_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    monkeypatch.setattr("tests.release.sources._CHECKOUT", checkout)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(ReleaseError, match="not a git repository"):
        commit_of_checkout()
    for variable in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{variable}_NAME", "somebody")
        monkeypatch.setenv(f"{variable}_EMAIL", "somebody@example.invalid")
    file = checkout / "file"
    file.write_text("committed")
    for words in (["init"], ["add", "file"], ["commit", "-m", "first"]):
        subprocess.run(["git", *words], cwd=checkout, check=True, capture_output=True)
    file.write_text("changed")
    with pytest.raises(ReleaseError, match="not committed"):
        commit_of_checkout()
    sources = export(tmp_path / "sources", commit_of_checkout(with_changes=True))
    assert (sources.folder / "file").read_text() == "changed"
    file.write_text("committed")
    assert len(commit_of_checkout()) == 40


@pytest.mark.usefixtures("strange_place")
def test_made_twice_it_is_the_same(release: tuple[Sources, Archives], tmp_path: Path) -> None:
    sources, archives = release
    again_sources, again = made(tmp_path, sources.commit)
    folder = archives.wheel.parent
    for ours, theirs in zip(archives, again):
        assert ours.name == theirs.name and ours.read_bytes() == theirs.read_bytes()
    first = make_bundle(sources, "1", [archives.wheel], folder)
    second = make_bundle(again_sources, "1", [again.wheel], tmp_path)
    assert first.read_bytes() == second.read_bytes()
    committed = time.gmtime(sources.time)[:5]  # zip files count seconds by two
    for path in (archives.wheel, first):
        with zipfile.ZipFile(path) as archive:
            assert {each.date_time[:5] for each in archive.infolist()} == {committed}
    assert bill_of_materials(sources, archives.wheel, []) == bill_of_materials(
        again_sources, again.wheel, []
    )


def test_the_sdist_has_everything_and_its_tests_run(
    release: tuple[Sources, Archives], tmp_path: Path
) -> None:
    with tarfile.open(release[1].sdist) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / f"regcb-{__version__}"
    ours = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    theirs = release[0].folder
    named = {each.relative_to(theirs).as_posix() for each in theirs.rglob("*") if each.is_file()}
    assert ours == {*named, "PKG-INFO"}
    assert os.access(folder / "tests" / "run", os.X_OK)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "tests/unit/command_line/test_origin.py",
        ],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_four_small_packages_are_needed(release: tuple[Sources, Archives]) -> None:
    four = {"capstone", "dissect.cstruct", "pefile", "tabulate"}
    for python, needed in (("3.9", {*four, "tomli"}), ("3.13", four)):
        found = requirements_of(release[1].wheel, WindowsPython(python, "win_amd64"))
        assert {Requirement(each).name for each in found} == needed


def test_what_extras_bring_and_its_licence_is_said(release: tuple[Sources, Archives]) -> None:
    sources, archives = release
    page = (sources.folder / "docs" / "release.md").read_text("utf-8")
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in page.splitlines()]
    brings = {row[0]: row[2] for row in rows if len(row) == 4}
    for text in metadata_of(archives.wheel).get_all("Requires-Dist", []):
        extra = re.search("extra == .([a-z]+)", text)
        if extra and extra[1] not in ("test", "lint"):
            assert Requirement(text).name in brings.get(extra[1], ""), f"docs/release.md: {text}"


def test_the_changelog_has_this_version_and_its_day(release: tuple[Sources, Archives]) -> None:
    changes = (release[0].folder / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(__version__)} - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE)


def run_regcb(python: Path, *words: str) -> tuple[int, str]:
    """The installed one, with nothing of the checkout."""
    done = subprocess.run(
        [str(python.with_name("regcb")), *words],
        cwd=python.parent, env={**os.environ, "PYTHONPATH": ""},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_installed_in_the_newest_python(release: tuple[Sources, Archives], tmp_path: Path) -> None:
    """That this machine has."""
    sources, archives = release
    python = make_environment(tmp_path / "there", newest_python(), [str(archives.wheel)])
    status, said = run_regcb(python, "--version")
    assert status == 0
    assert said.startswith(f"regcb {__version__}, built from commit {sources.commit[:12]} of 20")
    status, said = run_regcb(python, *SAMPLE, "list")
    assert status == 0 and "netmon!NetMonRegFilter" in said
    status, said = run_regcb(python, *SAMPLE, "report", "page.html")
    assert status == 2 and said.count("\n") == 1 and "pip install 'regcb[report]'" in said


def test_the_lowest_versions_do(release: tuple[Sources, Archives], tmp_path: Path) -> None:
    """All unit tests with them: ``python -m tests.release.lowest``, by hand."""
    wheel = release[1].wheel
    lowest = lowest_requirements(wheel, "report", "progress")
    assert {"capstone==5.0.2", "jinja2==3.1", "pefile==2023.2.7"} <= set(lowest)
    python = make_environment(tmp_path / "there", sys.executable, [str(wheel), *lowest])
    for words, wanted in (
        (("show", "0"), (0, "cmp edx, 0x32")),
        (("check",), (1, "findings: ")),
        (("report", "page.html"), (0, "page.html: ")),
    ):
        status, said = run_regcb(python, *SAMPLE, *words)
        assert status == wanted[0] and wanted[1] in said, said
