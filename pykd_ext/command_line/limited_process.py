"""A process that looks at one dump after another, and is ended where one takes too long."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import IO, Any, NamedTuple

from .scan_request import ScanOptions, ScanResult, failed

__all__ = ["DEFAULT_LIMITS", "LimitedProcess", "Limits"]

_PACKAGES = str(Path(__file__).parents[2])
_MOST = 200  # dumps, for one process: what a library keeps of each does not add up
_FAREWELL = 5.0  # seconds; a process that waits for a dead mount does not end


class Limits(NamedTuple):
    """Of one dump: seconds, and MiB of memory beside the dump's own pages."""

    seconds: float
    megabytes: int


DEFAULT_LIMITS = Limits(600.0, 4096)


class _Died(Exception):
    """The process has ended with this status; None: it took too long."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class LimitedProcess:
    """Of one thread at a time. The process starts with the first question; one that has died, or
    was ended, is followed by a new one."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._asked = 0
        self._is_closed = False

    def scan(self, path: str, options: ScanOptions) -> ScanResult:
        """What :func:`.scan_dump.scan_dump` says. Where the process dies the dump is looked at once
        more in a new one, for it may have been ended for what others did; never raises."""
        try:
            result = ScanResult(**self._ask_again({"dump": path, "options": options}))
        except _Died as end:
            return self._failed(path, end, "took longer than", options)
        if result.fault == "memory":
            self._end()
        return result

    def dumps_of(self, path: str, options: ScanOptions) -> tuple[list[str], list[ScanResult]]:
        """The dumps of :func:`.scan_process.dumps_of`, and lines about what could not be looked
        through; never raises."""
        try:
            found = self._ask_again({"dumps_of": path})
        except _Died as end:
            return [], [self._failed(path, end, "does not answer in", options)]
        unreadable = [failed(each, "dump", why, options) for each, why in found["unreadable"]]
        return found["dumps"], unreadable

    def _failed(self, path: str, end: _Died, so_long: str, options: ScanOptions) -> ScanResult:
        """What is said of ``path`` where the process died, twice, or took ``so_long``."""
        if end.status is None:
            said = f"{so_long} {self.limits.seconds:g} s (--timeout)"
            return failed(path, "time", said, options, self.limits.seconds)
        how = f"signal {-end.status}" if end.status < 0 else f"exit status {end.status}"
        said = f"its process died, twice ({how}): out of memory, or is --memory too little?"
        return failed(path, "process", said, options)

    def close(self) -> None:
        """Ends the process, also under a question that another thread waits for."""
        self._is_closed = True
        self._end()

    def _ask_again(self, question: dict[str, Any]) -> Any:
        """As :meth:`_ask`, of a new process where the first one died."""
        try:
            return self._ask(question)
        except _Died as end:
            if end.status is None:
                raise
            return self._ask(question)

    def _ask(self, question: dict[str, Any]) -> Any:
        if self._is_closed:
            raise _Died(0)
        if self._asked == _MOST:
            self._end()
        process = self._process or self._start()
        self._asked += 1
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
            line = self._answers.get(timeout=self.limits.seconds)
        except OSError:  # it died before
            line = ""
        except queue.Empty:
            self._end()
            raise _Died(None) from None
        if not line.endswith("\n"):
            raise _Died(self._end())
        return json.loads(line)

    def _start(self) -> subprocess.Popen[str]:
        path = [_PACKAGES, os.environ.get("PYTHONPATH")]
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pykd_ext.command_line.scan_process",
                str(self.limits.megabytes),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        )
        assert process.stdout is not None
        answers = queue.SimpleQueue[str]()
        Thread(target=_pass_on, args=(process.stdout, answers), daemon=True).start()
        self._process, self._answers, self._asked = process, answers, 0
        return process

    def _end(self) -> int:
        process, self._process, self._asked = self._process, None, 0
        if process is None:
            return 0
        process.kill()
        try:
            return process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            return 0


def _pass_on(source: IO[str], answers: queue.SimpleQueue[str]) -> None:
    """Every line, and at the end one that is empty."""
    with source:
        for line in source:
            answers.put(line)
    answers.put("")
