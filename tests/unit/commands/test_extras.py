"""What a command says, or does without, where an optional package is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pykd_ext.command_line.progress import bytes_bar, progress_bar
from tests.support.regcb import Regcb

SAMPLE = Path(__file__).parents[3] / "samples" / "sound-x64.dmp"


def test_a_report_without_jinja(
    regcb: Regcb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    page = tmp_path / "page.html"
    status, output, errors = regcb("-z", SAMPLE, "report", page)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "pip install 'regcb[report]'" in errors
    assert not page.exists()


def test_no_bar_without_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    bar = progress_bar(total=2, unit="dump")
    bar.update()
    bar.update(5 - bar.n)
    assert bar.n == 5
    bar.close()
    with bytes_bar("searching") as progress:
        progress(1, 2)
        progress(2, 2)
