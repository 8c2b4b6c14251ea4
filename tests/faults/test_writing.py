"""Output that is refused or cut off: a full disk, a closed pipe, a place that takes nothing, and a
process that is killed at any byte of what it writes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.command_line.main import main
from pykd_ext.documents.line_file import LineFile, LineFileError
from pykd_ext.target.image import PdbReference
from pykd_ext.target.symbol_path import SymbolPath
from tests.support.regcb import Regcb
from tests.support.symbol_files.msf_file import empty_pdb
from tests.support.symbol_files.server import Answer, symbol_server

from .full_disk import ended_after, full_after
from .questions import QUESTIONS

SAMPLES = Path(__file__).parents[2] / "samples"
SOUND = SAMPLES / "sound-x64.dmp"
SYMBOLS = str(SAMPLES / "symbols")

PRINTING = [
    *(
        ["-z", str(each.dump), "-y", each.symbols, *each.command]
        for each in QUESTIONS
        if not {"--json", "report"}.intersection(each.command)
    ),
    ["altitude", "328010"],
    ["classes"],
    ["scan", str(SOUND), "--jobs", "1"],
    ["--help"],
    ["list", "--help"],
    ["--version"],
]


def full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
@pytest.mark.parametrize(
    ("place", "says"),
    [(full, "regcb: the output cannot be written: No space left on device\n"), (closed_pipe, "")],
    ids=["full", "closed"],
)
def test_a_stream_that_takes_nothing(
    words: list[str],
    place: Callable[[], int],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = open(place(), "w", encoding="utf-8")  # noqa: PTH123, SIM115
    monkeypatch.setattr("sys.stdout", stream)
    assert main(words) == 2
    assert sys.stdout is not stream  # or it would be flushed again at exit
    sys.stdout.close()
    assert capsys.readouterr().err == says
    with suppress(OSError):
        stream.close()


def test_errors_that_nobody_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit status says it all the same, where 1 would be findings."""
    stream = open(full(), "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    monkeypatch.setattr("sys.stderr", stream)
    assert main(["list", "-z", "none"]) == 2
    assert sys.stderr is not stream
    sys.stderr.close()
    with suppress(OSError):
        stream.close()


WRITING: dict[str, list[str]] = {
    "report": ["-z", str(SOUND), "-y", SYMBOLS, "report"],
    "install": ["install"],
    "scan": ["-y", SYMBOLS, "scan", str(SAMPLES), "--jobs", "1", "-o"],
    "csv": ["-y", SYMBOLS, "scan", str(SAMPLES), "--jobs", "1", "--format", "csv", "-o"],
}


@pytest.mark.parametrize("words", WRITING.values(), ids=WRITING)
def test_a_place_that_takes_nothing(words: list[str], tmp_path: Path, regcb: Regcb) -> None:
    (tmp_path / "file").touch()
    places = [tmp_path / "file" / "x"]
    if "install" not in words:
        places.append(Path("/dev/full"))
    for place in places:
        status, output, errors = regcb(*words, place)
        assert (status, output) == (2, ""), place
        assert errors.startswith("regcb: ") and errors.count("\n") == 1
        assert str(place.parent) in errors


def test_a_file_that_cannot_go_on(tmp_path: Path, regcb: Regcb) -> None:
    status, output, errors = regcb(*WRITING["scan"], tmp_path, "--skip-done")
    assert (status, output) == (2, "")
    assert errors == f"regcb: {tmp_path}: cannot be read: Is a directory\n"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [0, 1, 3000])
@pytest.mark.parametrize(
    "words", [WRITING["report"], WRITING["install"]], ids=["report", "install"]
)
def test_a_file_is_whole_or_as_it_was(
    words: list[str], size: int, tmp_path: Path, regcb: Regcb
) -> None:
    """Killed at that byte, or told that the disk is full."""
    place = tmp_path / "place"
    target = place / "page.html" if "report" in words else place
    place.mkdir()
    old = {"page.html": b"<!doctype html>"}
    if "install" in words:
        assert regcb(*words, place)[0] == 0
        old = contents(place)
    old = {name: raw + b"old" for name, raw in old.items()}
    for name, raw in old.items():
        (place / name).write_bytes(raw)
    with full_after(size):
        status, output, errors = regcb(*words, target)
    assert (status, output) == (2, "")
    assert "File too large" in errors and errors.count("\n") == 1
    told = contents(place)
    assert not any(name.endswith(".part") for name in told)
    assert ended_after(size, *words, target)
    for name, raw in {**told, **contents(place)}.items():
        # What the disk took whole is there, and what it did not is what it was.
        assert name.endswith(".part") or 0 < len(raw) <= size or raw == old.get(name), name


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """Where the lines of a scan of the samples end."""
    path = tmp_path_factory.mktemp("scan") / "all.jsonl"
    main([*WRITING["scan"], str(path)])
    ends = [0]
    for line in path.read_bytes().splitlines(keepends=True):
        ends.append(ends[-1] + len(line))
    return ends


def test_a_scan_fills_the_disk(scanned: list[int], tmp_path: Path, regcb: Regcb) -> None:
    """Whole lines are in the file, whatever byte it was; and on it goes from there."""
    path = tmp_path / "all.jsonl"
    for count, end in enumerate(scanned[:3]):
        with full_after(end + 2000):  # in the next line
            status, _, errors = regcb(*WRITING["scan"], path, "--skip-done")
        assert status == 2
        assert errors == f"regcb: {path}: cannot be written: File too large\n"
        assert len(lines_of(path)) == path.read_bytes().count(b"\n") == count
    assert regcb(*WRITING["scan"], path, "--skip-done")[0] == 1
    assert len(lines_of(path)) == len({each["path"] for each in lines_of(path)}) == 4


def test_a_scan_is_killed(scanned: list[int], tmp_path: Path, regcb: Regcb) -> None:
    """Between two lines, or in one: that is taken away by the next run."""
    path = tmp_path / "all.jsonl"
    for size in (scanned[1] + 16, scanned[3] - 100):
        assert ended_after(size, *WRITING["scan"], path, "--skip-done")
        *whole, last = path.read_bytes().splitlines(keepends=True)
        assert all(json.loads(each) for each in whole)
        assert not last.endswith(b"\n")
    assert regcb(*WRITING["scan"], path, "--skip-done")[0] == 1
    assert len(lines_of(path)) == len({each["path"] for each in lines_of(path)}) == 4


def test_lines_are_whole_at_every_byte(tmp_path: Path) -> None:
    """What trace --jsonl writes."""
    path = tmp_path / "log.jsonl"
    written = ["a" * 10, "b" * 20_000, "c"]
    for size in (0, 5, 11, 12, 9000, 20_011, 20_012, 20_013):
        with full_after(size), LineFile(path) as file, suppress(LineFileError):
            for line in written:
                file.write(line)
        found = path.read_text().splitlines(keepends=True)
        assert found == [f"{line}\n" for line in written[: len(found)]]
        assert sum(len(line) + 1 for line in written[: len(found) + 1]) > size or len(found) == 3


@pytest.mark.parametrize("words", [["list"], ["verify"]], ids=["baseline", "layout"])
def test_a_document_that_is_cut_off_anywhere_is_refused(
    words: list[str], tmp_path: Path, regcb: Regcb
) -> None:
    """A shell's > cannot replace a file at once; who reads it again sees that."""
    _, whole, _ = regcb("-z", SOUND, "-y", SYMBOLS, *words, "--json")
    path = tmp_path / "cut.json"
    text = whole.rstrip("\n")
    for size in (0, 1, *range(97, len(text), 331), len(text) - 1):
        path.write_text(text[:size])
        asked = (
            ("diff", path, path) if words == ["list"] else ("-z", SOUND, "list", "--layout", path)
        )
        status, output, errors = regcb(*asked)
        assert (status, output) == (2, ""), size
        assert errors.startswith(f"regcb: {path}: no JSON") and errors.count("\n") == 1


@pytest.mark.parametrize("size", [0, 1, 4096])
def test_a_symbol_store_on_a_full_disk(size: int, tmp_path: Path) -> None:
    """It is the store's fault, not the server's, and no part of a PDB stays."""
    guid, age = bytes(range(16)), 1
    wanted = PdbReference("nt.pdb", "03020100-0504-0706-0809-0A0B0C0D0E0F", age)
    with symbol_server() as server:
        place = "/nt.pdb/030201000504070608090A0B0C0D0E0F1/nt.pdb"
        server.answers[place] = Answer(body=empty_pdb(guid, age).ljust(4000, b"\0"))
        problems: list[str] = []
        with full_after(size):
            found = SymbolPath(f"srv*{tmp_path}*{server.url}").open(wanted, problems)
    says = f"symbol store {tmp_path}: File too large; nothing is fetched from {server.url}"
    assert (found, problems) == (None, [says])
    assert contents(tmp_path) == {}
