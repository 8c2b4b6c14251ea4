"""``regcb scan``: many dumps, broken ones among them, in one process, in two, and on a cluster."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, get_args

import pytest

from pykd_ext.command_line.limited_process import DEFAULT_LIMITS, LimitedProcess, Limits
from pykd_ext.command_line.scan_dump import scan_dump
from pykd_ext.command_line.scan_process import dumps_of
from pykd_ext.command_line.scan_request import ScanOptions, ScanResult
from pykd_ext.command_line.workers import NoScheduler, in_processes, on_cluster, scan_on_worker
from pykd_ext.documents.scan_format_names import EVENTS, ScanFormat
from pykd_ext.documents.scan_formats import FORMATS
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

PROJECT = Path(__file__).parents[3]


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


def document_of(result: ScanResult) -> dict[str, Any]:
    (document,) = lines(result.text)
    validate(document)
    assert (document["state"], document["fault"]) == result[:2]
    return document


def without_times(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [{**each, "started": 0, "seconds": 0} for each in results]
    return sorted(kept, key=lambda each: str(each["path"]))


def test_every_dump_of_a_folder(folder: Path, regcb: Regcb) -> None:
    status, output, errors = regcb("scan", folder, "--jobs", "1")
    assert status == 1 + 8  # findings, and some that could not be looked at
    assert errors == (
        "regcb: 2 of 6 dumps could not be looked at (dump: 2); "
        "-o FILE --skip-done tries them again\n"
    )
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


@pytest.mark.toolchain
@pytest.mark.parametrize("jobs", [1, 2])
def test_who_finds_the_dumps_looks_at_them(
    jobs: int, folder: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process takes longer to start than a small dump does."""
    started: list[LimitedProcess] = []
    start = LimitedProcess._start

    def counted(process: LimitedProcess) -> Any:
        started.append(process)
        return start(process)

    monkeypatch.setattr(LimitedProcess, "_start", counted)
    assert len(lines(regcb("scan", folder, "--jobs", str(jobs))[1])) == 6
    assert len(started) == jobs


def test_who_asks_loads_nothing_of_what_looks() -> None:
    code = "import sys, pykd_ext.commands.scan; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not [each for each in loaded if each.startswith("pykd_ext.triage")]


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the processes of a scan import first: at a path with a word in it they die, stand still
    or take memory, as a file can make them that regcb does not know."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins, os, time\n"
        "opens = builtins.open\n"
        "def open(path, *words, **options):\n"
        "    if 'deadly' in str(path): os._exit(3)\n"
        "    if 'endless' in str(path): time.sleep(3600)\n"
        "    if 'huge' in str(path): return bytearray(1 << 31)\n"
        "    if 'unlucky' in str(path):\n"
        "        try: os.remove(path)\n"
        "        except OSError: pass\n"
        "        else: os._exit(4)\n"
        "    return opens(path, *words, **options)\n"
        "builtins.open = open\n",
        "utf-8",
    )
    return tmp_path


@pytest.mark.toolchain
@pytest.mark.parametrize("pause", [0, 0.05], ids=["at-once", "slow-reader"])
@pytest.mark.usefixtures("deadly")
def test_a_process_that_dies_costs_one_dump(pause: float) -> None:
    paths = [*map(str, range(10)), "deadly", *map(str, range(10, 20))]
    results = {}
    for result in in_processes(paths, ScanOptions(), LimitedProcess(), 2):
        each = document_of(result)
        results[each["path"]] = (each["fault"], each["error"])
        time.sleep(pause)
    assert set(results) == set(paths)
    why = "its process died, twice (exit status 3): out of memory, or is --memory too little?"
    assert results.pop("deadly") == ("process", why)
    assert {fault for fault, _ in results.values()} == {"dump"}


@pytest.mark.toolchain
def test_one_that_was_ended_for_others_is_looked_at_again(deadly: Path) -> None:
    (deadly / "unlucky.dmp").touch()
    process = LimitedProcess()
    result = document_of(process.scan(str(deadly / "unlucky.dmp"), ScanOptions()))
    process.close()
    assert (result["fault"], "No such file" in (result["error"] or "")) == ("dump", True)


@pytest.mark.toolchain
@pytest.mark.usefixtures("deadly")
def test_a_dump_has_limits() -> None:
    process = LimitedProcess(Limits(0.5, 1024))
    slow = document_of(process.scan("endless", ScanOptions()))
    assert (slow["fault"], slow["error"]) == ("time", "took longer than 0.5 s (--timeout)")
    process.close()
    process = LimitedProcess(Limits(600, 1024))
    large = document_of(process.scan("huge", ScanOptions()))
    assert (large["fault"], large["error"]) == (
        "memory",
        "needs more memory than --memory allows",
    )
    assert process.scan("another", ScanOptions()).fault == "dump"
    process.close()


@pytest.mark.toolchain
@pytest.mark.usefixtures("deadly")
def test_a_clusters_worker_takes_each_scans_limits() -> None:
    """It serves one scan after another, and keeps a process between dumps."""
    assert scan_on_worker("another", ScanOptions(), DEFAULT_LIMITS).fault == "dump"
    assert scan_on_worker("huge", ScanOptions(), Limits(600, 1024)).fault == "memory"


@pytest.mark.toolchain
@pytest.mark.usefixtures("deadly")
def test_a_scan_that_is_stopped_leaves_no_process() -> None:
    results = in_processes(["0", "endless"], ScanOptions(), LimitedProcess(), 2)
    assert document_of(next(results))["path"] == "0"
    results.close()  # type: ignore[attr-defined]  # as Ctrl+C does; it would wait for an hour


@pytest.mark.toolchain
@pytest.mark.usefixtures("deadly")
def test_a_process_ends_when_nobody_is_there_any_more() -> None:
    """Though it stands still at its dump: whoever would have ended it was killed."""
    command = [sys.executable, "-m", "pykd_ext.command_line.scan_process", "4096"]
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{os.environ['PYTHONPATH']}"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        process.stdin.write(b'{"dump": "endless", "options": []}\n')
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.toolchain
def test_a_pipe_is_no_dump(folder: Path, regcb: Regcb) -> None:
    os.mkfifo(folder / "pipe")
    status, output, _ = regcb("scan", folder / "pipe", "--jobs", "1")
    (result,) = lines(output)
    assert (status, result["fault"]) == (2, "dump")
    assert "a pipe or a device" in result["error"]


def test_two_spellings_of_one_dump(
    folder: Path, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    spellings = ("sound.dmp", folder / "sound.dmp", Path("deep") / ".." / "sound.dmp")
    (result,) = lines(regcb("scan", *spellings, "--jobs", "1")[1])
    assert result["path"] == os.path.realpath(folder / "sound.dmp")


@pytest.mark.toolchain
def test_on_a_cluster_of_two_workers(folder: Path, regcb: Regcb) -> None:
    from distributed import LocalCluster

    one = lines(regcb("scan", folder, "--jobs", "1")[1])
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        address = str(cluster.scheduler_address)
        status, output, _ = regcb("scan", folder, "--scheduler", address)
    assert status == 1 + 8
    assert without_times(lines(output)) == without_times(one)


@pytest.mark.toolchain
@pytest.mark.usefixtures("deadly")
def test_a_scheduler_that_goes_away(folder: Path) -> None:
    """What was not looked at has no line, and so is not done."""
    from distributed import LocalCluster

    endless = [str(folder / "endless") for _ in range(20)]
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        results = on_cluster(
            [str(folder / "sound.dmp"), *endless],
            ScanOptions(carve=False),
            DEFAULT_LIMITS,
            str(cluster.scheduler_address),
        )
        assert next(results).state == "clean"
        cluster.close()
        with pytest.raises(NoScheduler, match="has gone; --skip-done goes on from here"):
            next(results)


@pytest.mark.toolchain
def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoScheduler, match="no Dask scheduler answers at nowhere://x"):
        list(on_cluster(["a"], ScanOptions(), DEFAULT_LIMITS, "nowhere://x"))
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(NoScheduler, match=r"pip install 'regcb\[cluster\]'"):
        list(on_cluster(["a"], ScanOptions(), DEFAULT_LIMITS, "tcp://127.0.0.1:1"))


def test_what_is_done_is_not_done_again(folder: Path, tmp_path: Path, regcb: Regcb) -> None:
    """But what failed: the disk that it is on may be back."""
    out = tmp_path / "out.jsonl"
    words = ("scan", folder, "--jobs", "1", "-o", out, "--skip-done")
    assert regcb(*words)[0] == 1 + 8
    for broken in ("broken.dmp", "empty.dmp"):
        shutil.copyfile(folder / "sound.dmp", folder / broken)
    assert regcb(*words)[:2] == (0, "")
    whole = out.read_text("utf-8")
    last = {each["path"]: each["state"] for each in lines(whole)}
    assert (len(lines(whole)), list(last.values()).count("failed")) == (6 + 2, 0)
    assert regcb(*words)[:2] == (0, "")
    assert out.read_text("utf-8") == whole


def test_a_scan_goes_on_where_it_was_killed(folder: Path, tmp_path: Path, regcb: Regcb) -> None:
    for broken in ("broken.dmp", "empty.dmp"):
        (folder / broken).unlink()
    out = tmp_path / "out.jsonl"
    words = ("scan", folder, "--jobs", "1", "-o", out, "--skip-done")
    regcb(*words)
    kept = out.read_text("utf-8").splitlines()
    for last in (kept[2][:40], kept[2]):  # as after a power cut
        out.write_text("\n".join([*kept[:2], last]), "utf-8")
        regcb(*words)
        paths = [each["path"] for each in lines(out.read_text("utf-8"))]
        assert len(paths) == len(set(paths)) == len(kept)


def test_a_folder_that_cannot_be_read_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for root, who may read everything."""
    scandir = os.scandir

    def scandir_but_one(path: str) -> Any:
        if Path(path).name == "deep":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scandir_but_one)
    found, unreadable = dumps_of(str(folder))
    deep = os.path.realpath(folder / "deep")
    assert (len(found), unreadable) == (4, [(deep, "a folder that cannot be read")])


def test_no_dump_that_could_be_read(folder: Path, regcb: Regcb) -> None:
    status, output, _ = regcb("scan", folder / "broken.dmp", folder / "none.dmp", "--jobs", "1")
    assert (status, [each["state"] for each in lines(output)]) == (2, ["failed", "failed"])


def test_for_elastic(folder: Path, regcb: Regcb) -> None:
    words = ("scan", folder, "--jobs", "1", "--format", "ecs", "--host", "{folder}-{name}")
    events = lines(regcb(*words)[1])
    for each in events:
        dump = Path(each["file"]["path"])
        assert each["host"]["name"] == f"{dump.parent.name}-{dump.stem}"
        assert (each["event"]["outcome"] == "failure") == ("error" in each)
        assert ("sha256" in each["file"].get("hash", {})) != ("error" in each)
    alerts = {each["file"]["name"] for each in events if each["event"]["kind"] == "alert"}
    assert alerts == {"emptied.dmp"}


def test_events_are_whole_after_a_kill(folder: Path, tmp_path: Path, regcb: Regcb) -> None:
    """A dump that has all of its events is done, one that has some is looked at again."""
    dump = os.path.realpath(folder / "emptied.dmp")
    result = scan_dump(dump, ScanOptions())
    out = tmp_path / "out.jsonl"
    assert list(FORMATS) == list(get_args(ScanFormat))
    for form in EVENTS:
        events = FORMATS[form](result)
        assert len(events) > 1
        out.write_text("\n".join([*events, ""]), "utf-8")
        words = ("scan", dump, "--jobs", "1", "--format", form, "-o", out, "--skip-done")
        assert regcb(*words)[0] == 0
        assert out.read_text("utf-8").splitlines() == events
    out.write_text(events[0], "utf-8")
    assert regcb(*words)[0] == 1
    assert len(lines(out.read_text("utf-8"))) == 1 + len(events)


def test_a_spreadsheet_without_formulas(
    folder: Path, lab_dump: MakeDump, regcb: Regcb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    shutil.copyfile(lab_dump(dump_type=4, callbacks=4).path, "small.dmp")
    Path("=cmd.dmp").write_bytes(b"PAGEDU64")
    words = ("scan", folder, "=cmd.dmp", "--jobs", "1", "--format", "csv", "--host", "{name}")
    _, output, errors = regcb(*words)
    assert errors == "regcb: 3 of 8 dumps could not be looked at (dump: 3)\n"
    rows = list(csv.DictReader(output.splitlines()))
    assert {row["state"] for row in rows} == {"clean", "findings", "failed"}
    assert [Path(row["path"]).name for row in rows if "small memory dump" in row["problems"]] == [
        "small.dmp"
    ]
    for row in rows:
        assert row["host"].lstrip("'") == Path(row["path"]).stem
        assert (row["high"] == "") == (row["callbacks"] == "") == (row["state"] == "failed")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("{empty}",), "no kernel dump in this folder or below it (images of memory are "),
        (("{case}", ""), "regcb: an empty name: name a dump, a folder or a URL"),
        (("{case}", "--jobs", "0"), "argument --jobs: '0' is no whole number from 1 to 999999999"),
        (("{case}", "--memory", "9" * 5000), "is no whole number from 1 to 999999999"),
        (("{case}", "--timeout", "0"), "--timeout is more than 0 and at most 31536000 seconds"),
        (("{case}", "--timeout", "nan"), "--timeout is more than 0"),
        (("{case}", "--timeout", "inf"), "--timeout is more than 0"),
        (("{case}", "-o", "{empty}"), "cannot be written: "),
        (("{case}", "--skip-done"), "--skip-done needs -o FILE"),
        (("{case}", "--skip-done", "-o", "x", "--format", "csv"), "--skip-done needs -o FILE"),
        (("{case}", "--host", "{{x}}"), "it may have {folder} and {name} in it, no others"),
    ],
    ids=[
        "empty",
        "nameless",
        "jobs",
        "memory",
        "none",
        "nan",
        "inf",
        "unwritable",
        "no-file",
        "csv",
        "host",
    ],
)
def test_what_cannot_be_scanned(
    words: tuple[str, ...], says: str, folder: Path, tmp_path: Path, regcb: Regcb
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    status, output, errors = regcb("scan", *(w.format(case=folder, empty=empty) for w in words))
    assert (status, output) == (2, "")
    assert says in errors and errors.count("\n") == 1


@pytest.mark.toolchain
@pytest.mark.parametrize("what", ["sound.dmp", "deep"])
def test_too_little_memory_for_the_process_is_called_that(
    what: str, folder: Path, regcb: Regcb
) -> None:
    status, output, _ = regcb("scan", folder / what, "--memory", "1")
    (line,) = lines(output)
    assert (status, line["fault"]) == (2, "process")
    assert "its process died, twice" in line["error"] and "--memory" in line["error"]


def test_a_dump_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    result = scan_dump(str(tmp_path / "none.dmp"), ScanOptions())
    validate(result)
    assert (result["state"], "No such file" in (result["error"] or "")) == ("failed", True)
