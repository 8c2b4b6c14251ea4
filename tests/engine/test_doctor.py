"""``regcb doctor`` in the real engine."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab import make_dump

from .engine import Engine


def test_doctor(engine: Engine, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "list.dmp")
    done = engine.regcb("doctor", "-z", Path(truth.path), "-y", Path(truth.symbols))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\n  pykd +0\.3\.4\.15\n", done.stdout)
    assert re.search(r"\n  target +crash-dump, x64, build 19041\n", done.stdout)
    assert re.search(r"\n  callbacks +4 can be listed\n", done.stdout)
