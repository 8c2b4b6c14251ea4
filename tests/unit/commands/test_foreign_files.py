"""A name too few, or one too many, where output goes: the file there is left as it is."""

from __future__ import annotations

import shutil
from argparse import Namespace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pykd_ext.commands import trace
from pykd_ext.documents.scan_formats import FORMATS
from pykd_ext.foreign_file import ForeignFile
from pykd_ext.present.output import Output
from tests.support.regcb import Regcb

SAMPLES = Path(__file__).parents[3] / "samples"
SOUND = SAMPLES / "sound-x64.dmp"
SAYS = "holds something else, and is left as it is: name another file\n"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A dump whose last line is no whole one."""
    return Path(shutil.copyfile(SOUND, tmp_path / "evidence.dmp"))


@pytest.mark.parametrize(
    "words",
    [
        ["report", "{evidence}", "-z", "{evidence}"],
        ["report", "{evidence}", "-z", str(SOUND)],
        ["scan", str(SOUND), "-o", "{evidence}"],
        ["scan", str(SOUND), "-o", "{evidence}", "--skip-done"],
        ["scan", str(SOUND), "-o", "{evidence}", "--format", "csv"],
    ],
    ids=["its own", "another", "scan", "skip-done", "csv"],
)
def test_a_dump_that_was_named_for_output(words: list[str], evidence: Path, regcb: Regcb) -> None:
    status, output, errors = regcb(*(each.format(evidence=evidence) for each in words))
    assert (status, output) == (2, "")
    assert errors == f"regcb: {evidence}: {SAYS}"
    assert evidence.read_bytes() == SOUND.read_bytes()


def test_a_trace_leaves_it_too(evidence: Path) -> None:
    nothing: Any = SimpleNamespace()
    with pytest.raises(ForeignFile, match="holds something else"):
        trace.run(nothing, Namespace(python=None, jsonl=str(evidence)), Output(StringIO()))


@pytest.mark.parametrize("first", FORMATS)
def test_a_file_goes_on_in_its_own_format(first: str, tmp_path: Path, regcb: Regcb) -> None:
    out = tmp_path / "out"
    words = ("scan", SOUND, "--jobs", "1", "-o", out)
    assert regcb(*words, "--format", first)[0] == 0
    once = out.read_bytes()
    for form in FORMATS:
        status, _, errors = regcb(*words, "--format", form)
        assert (status, errors.endswith(SAYS)) == ((0, False) if form == first else (2, True))
    assert len(out.read_bytes().splitlines()) > len(once.splitlines())
    assert out.read_bytes().startswith(once)


def test_a_file_that_was_cut_off_in_its_first_line(tmp_path: Path, regcb: Regcb) -> None:
    out = tmp_path / "out.jsonl"
    for held in (b"", b'{"sch'):
        out.write_bytes(held)
        assert regcb("scan", SOUND, "--jobs", "1", "-o", out, "--skip-done")[0] == 0
        assert out.read_bytes().startswith(b'{"schema": "regcb.scan/1"')


def test_a_report_takes_the_place_of_a_report(tmp_path: Path, regcb: Regcb) -> None:
    page = tmp_path / "case.html"
    for _ in range(2):
        status, output, _ = regcb("-z", SOUND, "-y", SAMPLES / "symbols", "report", page)
        assert (status, output.startswith(f"{page}: 1 finding, ")) == (0, True)
