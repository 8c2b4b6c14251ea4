"""One engine to run things in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Union

from . import wine
from .errors import EngineError
from .installation import Installation, install

__all__ = ["INSIDE", "Command", "CompletedRun", "Engine"]

INSIDE = Path(__file__).with_name("inside")
_PROJECT = Path(__file__).parents[2]

Command = tuple[Union[str, Path], ...]


class CompletedRun(NamedTuple):
    """What a program said and how it ended."""

    returncode: int
    stdout: str
    stderr: str


class Engine:
    """Runs Windows Python programs with pykd, the project and its packages importable.

    Arguments that are Paths are given to the program as Windows writes them; strings as they are.
    Whatever takes longer than ``timeout`` seconds is ended and raises EngineError.
    """

    REGCB: Command = ("-m", "pykd_ext", "--engine", "pykd")
    UNIT_TESTS: Command = (
        "-m", "pytest", "-p", "no:cacheprovider", "-m", "not toolchain",
        # Here there is one.
        "--deselect", "tests/unit/commands/test_bad_input.py::test_pykd_where_there_is_none",
        "tests/unit",
    )  # fmt: skip

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Engine]:
        """The engine, installed first where it is not yet; raises EngineError."""
        processors = sorted(os.sched_getaffinity(0))
        number = _worker_number() % len(processors)
        installation = install(number)
        yields = installation.server_yields
        servers = wine.running(installation.prefix, installation.python, yields)
        with _on(processors[number]), servers:
            yield cls(installation)

    def run(self, script: Path, *arguments: str | Path, timeout: float = 600) -> CompletedRun:
        """Runs a script."""
        return self._complete((script, *arguments), timeout)

    def regcb(self, *arguments: str | Path, timeout: float = 600) -> CompletedRun:
        """``regcb --engine pykd`` and the arguments."""
        return self._complete((*self.REGCB, *arguments), timeout)

    def unit_tests(self, *arguments: str | Path, timeout: float = 3600) -> CompletedRun:
        """The project's unit tests; the arguments are pytest's."""
        return self._complete((*self.UNIT_TESTS, *arguments), timeout)

    def start(
        self, command: Command, errors_apart: bool = True, is_asked: bool = False
    ) -> subprocess.Popen[str]:
        """Starts ``SCRIPT ARG...`` or ``-m MODULE ARG...`` in the project's folder; see
        :func:`wine.start`."""
        installed = self.installation
        words = [each if isinstance(each, str) else wine.windows_path(each) for each in command]
        python = [
            wine.windows_path(installed.python), "-X", "utf8",
            "-X", f"pycache_prefix={wine.windows_path(installed.bytecode)}",
        ]  # fmt: skip
        return wine.start(installed.prefix, [*python, *words], _PROJECT, errors_apart, is_asked)

    def _complete(self, command: Command, timeout: float) -> CompletedRun:
        process = self.start(command)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            words = " ".join(map(str, command))
            raise EngineError(f"took longer than {timeout:.0f} s: {words}") from None
        return CompletedRun(process.returncode, stdout, stderr)


def _worker_number() -> int:
    """Of this process among those of a test run."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


@contextmanager
def _on(processor: int) -> Iterator[None]:
    """For this thread and all that it starts: the engine, Wine's server and a live target wait for
    each other at every byte, and to be woken on another processor takes longer than what is done
    then (200 operations traced on an idle machine: 24 s, and 12 s like this)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
