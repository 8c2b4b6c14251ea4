"""``regcb scan``: many dumps, broken ones among them, in one process, in two, and on a cluster."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.command_line.scan_dump import failed, scan_dump
from pykd_ext.command_line.workers import NoScheduler, in_processes, on_cluster
from pykd_ext.documents.scan import ScanDocument
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate


@pytest.fixture
def folder(tmp_path: Path, lab_dump: MakeDump) -> Path:
    """Five dumps, one of them cut off in its header and one empty, and a file that is none."""
    top = tmp_path / "case"
    (top / "deep").mkdir(parents=True)
    shutil.copyfile(lab_dump().path, top / "sound.dmp")
    shutil.copyfile(lab_dump(callbacks=4, damage=("head-emptied",)).path, top / "emptied.dmp")
    shutil.copyfile(lab_dump("x86-7601").path, top / "deep" / "seven.DMP")
    (top / "broken.dmp").write_bytes(Path(lab_dump().path).read_bytes()[:0x1800])
    (top / "empty.dmp").touch()
    shutil.copyfile(lab_dump().path, top / "deep" / "MEMORY")
    (top / "notes.txt").write_text("PAGE of notes")
    return top


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def without_times(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [{**each, "started": 0, "seconds": 0} for each in results]
    return sorted(kept, key=lambda each: str(each["path"]))


def test_every_dump_of_a_folder(folder: Path, regcb: Regcb) -> None:
    status, output, errors = regcb("scan", folder, "--jobs", "1")
    assert (status, errors) == (1, "")
    results = lines(output)
    for each in results:
        validate(each)
    states = {Path(each["path"]).name: each["state"] for each in results}
    assert states == {
        "broken.dmp": "failed", "emptied.dmp": "findings", "seven.DMP": "clean",
        "sound.dmp": "clean", "empty.dmp": "failed", "MEMORY": "clean",
    }  # fmt: skip
    said = {Path(each["path"]).name: each["error"] for each in results if each["error"]}
    assert "cut off in its header" in said["broken.dmp"]
    assert "empty" in said["empty.dmp"]


def test_a_line_has_the_callbacks_as_list_has_them(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump()
    (line,) = lines(regcb("-y", truth.symbols, "scan", truth.path, "--jobs", "1")[1])
    assert line["callback_list"] == regcb.json(truth, "list")["callbacks"]
    assert line["callbacks"] == len(line["callback_list"]) == truth.count


@pytest.mark.toolchain
def test_two_processes_say_what_one_does(folder: Path, regcb: Regcb) -> None:
    one = lines(regcb("scan", folder, "--jobs", "1")[1])
    two = lines(regcb("scan", folder, "--jobs", "2")[1])
    assert without_times(one) == without_times(two)


def dies(path: str) -> ScanDocument:
    """Work that kills its process at one of the paths."""
    if path == "deadly":
        os._exit(1)
    return failed(path, "done")


@pytest.mark.toolchain
@pytest.mark.parametrize("pause", [0, 0.05], ids=["at-once", "slow-reader"])
def test_a_worker_that_dies_costs_one_dump(pause: float) -> None:
    """A slow reader lets it die while nobody waits: the next path meets a broken pool."""
    paths = [*map(str, range(10)), "deadly", *map(str, range(10, 20))]
    results = {}
    for each in in_processes(dies, failed, paths, 2):
        results[each["path"]] = each["error"]
        time.sleep(pause)
    assert set(results) == set(paths)
    assert results.pop("deadly") == "its worker process died (out of memory?)"
    assert set(results.values()) == {"done"}


@pytest.mark.toolchain
def test_on_a_cluster_of_two_workers(folder: Path, regcb: Regcb) -> None:
    from distributed import LocalCluster

    one = lines(regcb("scan", folder, "--jobs", "1")[1])
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = str(cluster.scheduler_address)
        status, output, _ = regcb("scan", folder, "--scheduler", address)
    assert status == 1
    assert without_times(lines(output)) == without_times(one)


@pytest.mark.toolchain
def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoScheduler, match="no Dask scheduler answers at nowhere://x"):
        list(on_cluster(scan_dump, failed, ["a"], "nowhere://x"))
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(NoScheduler, match=r"pip install 'regcb\[cluster\]'"):
        list(on_cluster(scan_dump, failed, ["a"], "tcp://127.0.0.1:1"))


def test_what_is_done_is_not_done_again(folder: Path, tmp_path: Path, regcb: Regcb) -> None:
    out = tmp_path / "out.jsonl"
    words = ("scan", folder, "--jobs", "1", "-o", out, "--skip-done")
    assert regcb(*words)[:2] == (1, "")
    whole = out.read_text("utf-8")
    assert regcb(*words)[:2] == (0, "")
    assert out.read_text("utf-8") == whole
    kept = whole.splitlines()
    for last in (kept[2][:40], kept[2]):  # as after a power cut
        out.write_text("\n".join([*kept[:2], last]), "utf-8")
        regcb(*words)
        paths = [each["path"] for each in lines(out.read_text("utf-8"))]
        assert len(paths) == len(set(paths)) == len(kept)


def test_a_folder_that_cannot_be_read_is_a_line(
    folder: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for root, who may read everything."""
    scandir = os.scandir

    def scandir_but_one(path: str) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scandir_but_one)
    results = lines(regcb("scan", folder, "--jobs", "1")[1])
    assert "failed" in [each["state"] for each in results if each["path"] == str(folder / "deep")]


def test_no_dump_that_could_be_read(folder: Path, regcb: Regcb) -> None:
    status, output, _ = regcb("scan", folder / "broken.dmp", folder / "none.dmp", "--jobs", "1")
    assert (status, [each["state"] for each in lines(output)]) == (2, ["failed", "failed"])


def test_for_elastic(folder: Path, regcb: Regcb) -> None:
    for each in lines(regcb("scan", folder, "--jobs", "1", "--format", "ecs")[1]):
        validate(each["regcb"])
        assert each["@timestamp"].endswith("Z")
        assert each["event"]["kind"] == ("alert" if "emptied" in each["file"]["path"] else "event")
        assert (each["event"]["outcome"] == "failure") == ("error" in each)


def test_a_spreadsheet_without_formulas(
    folder: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    Path("=cmd.dmp").write_bytes(b"PAGEDU64")
    output = regcb("scan", folder, "=cmd.dmp", "--jobs", "1", "--format", "csv")[1]
    rows = list(csv.DictReader(output.splitlines()))
    assert {row["state"] for row in rows} == {"clean", "findings", "failed"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("{empty}",), "no kernel dump in this folder or below it"),
        (("{case}", "--jobs", "0"), "--jobs must be 1 or more"),
        (("{case}", "-o", "{empty}"), "cannot be written: "),
        (("{case}", "--skip-done"), "--skip-done needs -o FILE"),
        (("{case}", "--skip-done", "-o", "x", "--format", "csv"), "--skip-done needs -o FILE"),
    ],
    ids=["empty", "jobs", "unwritable", "no-file", "csv"],
)
def test_what_cannot_be_scanned(
    words: tuple[str, ...], says: str, folder: Path, tmp_path: Path, regcb: Regcb
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    status, output, errors = regcb("scan", *(w.format(case=folder, empty=empty) for w in words))
    assert (status, output) == (2, "")
    assert says in errors and errors.count("\n") == 1


def test_a_dump_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    result = scan_dump(str(tmp_path / "none.dmp"))
    validate(result)
    assert (result["state"], "No such file" in (result["error"] or "")) == ("failed", True)
