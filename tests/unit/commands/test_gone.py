"""A target that goes while a command runs."""

from __future__ import annotations

import pytest

from pykd_ext.command_line import main as program
from pykd_ext.target.errors import ConnectionLost


def test_it_has_an_exit_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def goes(*_: object) -> int:
        raise ConnectionLost("the target is gone")

    monkeypatch.setattr(program, "_run", goes)
    assert program.main(["trace"]) == 6
    assert capsys.readouterr().err == "regcb: the target is gone\n"
