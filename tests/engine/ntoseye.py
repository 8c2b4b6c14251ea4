"""The other live engine: regcb with ntoseye, natively, on the same targets as with pykd."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.kd.script import Script

from .engine import CompletedRun
from .errors import EngineError
from .live import LiveTarget, is_let_go, live_target

__all__ = ["Ntoseye", "runs"]


class Ntoseye:
    """Runs regcb commands; ``home`` is the folder in which ntoseye keeps its symbols."""

    def __init__(self, home: Path) -> None:
        self._environment = {**os.environ, "HOME": str(home)}

    def regcb(self, target: LiveTarget, *words: str | Path, timeout: float = 600) -> CompletedRun:
        """``regcb --connect`` and ``words``, attached to ``target``."""
        process = self.start(target, *words)
        try:
            output, errors = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise EngineError(f"took longer than {timeout:.0f} s: {words}") from None
        return CompletedRun(process.returncode, output, errors)

    def start(self, target: LiveTarget, *words: str | Path) -> subprocess.Popen[str]:
        """The same, which is still at it."""
        return subprocess.Popen(
            [
                sys.executable, "-m", "pykd_ext", "--connect", f"kd:{target.path}",
                "-y", target.symbols, *words,
            ],
            env=self._environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    @staticmethod
    @contextmanager
    def target(script: Script, **options: Any) -> Iterator[LiveTarget]:
        """As :func:`.live.live_target`, with a socket; its path may not be long."""
        with (
            tempfile.TemporaryDirectory() as folder,
            live_target(script, path=Path(folder) / "kd", **options) as target,
        ):
            yield target


def runs(target: LiveTarget) -> bool:
    """Whether ``target`` has been let go at the end, with nothing in it that stops it."""
    return is_let_go(target.counts(), target.state())
