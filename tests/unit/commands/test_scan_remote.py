"""``regcb scan`` of dumps at URLs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.file_server import FileServer, file_server
from tests.support.regcb import MakeDump, Regcb

pytestmark = pytest.mark.toolchain


@pytest.fixture
def server(tmp_path: Path, lab_dump: MakeDump) -> Iterator[FileServer]:
    """Two dumps, one of them cut off in its header, and a file that is none."""
    folder = tmp_path / "dumps"
    folder.mkdir()
    shutil.copyfile(lab_dump().path, folder / "sound.dmp")
    (folder / "broken.dmp").write_bytes(Path(lab_dump().path).read_bytes()[:0x1800])
    (folder / "notes.txt").write_text("no dump")
    with file_server(folder) as running:
        yield running


def states(text: str) -> dict[str, Any]:
    results = [json.loads(line) for line in text.splitlines()]
    assert len({each["path"] for each in results}) == len(results)
    return {each["path"]: each["state"] for each in results}


def test_those_that_a_url_matches(server: FileServer, regcb: Regcb, tmp_path: Path) -> None:
    """And again those that failed."""
    into = tmp_path / "lines.jsonl"
    words: list[str | Path] = [
        "scan",
        f"{server.url}/*.dmp",
        "--jobs",
        "1",
        "-o",
        into,
        "--skip-done",
    ]
    status, _, errors = regcb(*words)
    assert (status, errors.count("\n")) == (8, 1)
    broken, sound = f"{server.url}/broken.dmp", f"{server.url}/sound.dmp"
    assert states(into.read_text()) == {sound: "clean", broken: "failed"}
    assert regcb(*words)[0] == 2
    assert [json.loads(line)["path"] for line in into.read_text().splitlines()[2:]] == [broken]


def test_a_list_of_urls(server: FileServer, regcb: Regcb) -> None:
    """One of them twice; and nothing of its user and its password is said."""
    secret = server.url.replace("//", "//me:secret@")
    words = [f"{secret}/sound.dmp", f"{secret}/sound.dmp", f"{secret}/none.dmp"]
    status, output, errors = regcb("scan", *words, "--jobs", "1")
    assert status == 8
    assert "secret" not in output + errors
    assert states(output) == {
        f"{server.url}/sound.dmp": "clean",
        f"{server.url}/none.dmp": "failed",
    }


def test_a_url_that_matches_nothing(server: FileServer, regcb: Regcb) -> None:
    status, output, errors = regcb("scan", f"{server.url}/*.raw")
    assert (status, output) == (2, "")
    assert errors == f"regcb: {server.url}/*.raw: no kernel dump matches this URL\n"


def test_a_server_that_lists_nothing(server: FileServer, regcb: Regcb) -> None:
    server.faults.add(403)
    status, output, _ = regcb("scan", f"{server.url}/*.dmp")
    assert status == 2
    assert json.loads(output)["error"] == (
        f"{server.url}/*.dmp: cannot be listed: the server answers 403"
    )


def test_a_bucket(server: FileServer, regcb: Regcb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    bucket = server.folder / "bucket"
    bucket.mkdir()
    for each in server.folder.glob("*.*"):
        each.rename(bucket / each.name)
    status, output, _ = regcb("scan", "s3://bucket/*.dmp", "--jobs", "1")
    assert states(output) == {
        "s3://bucket/sound.dmp": "clean",
        "s3://bucket/broken.dmp": "failed",
    }, output
    assert status == 8
    absent = "s3://bucket/none.dmp"
    assert regcb("list", "-z", absent)[2] == f"regcb: {absent}: cannot be opened: not found\n"
