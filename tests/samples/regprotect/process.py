"""The harness as a running program: a command in, a line out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType

from tests.samples.regprotect.toolchain import CHECKOUT, tool

SUCCESS = "0x00000000"


class Harness:
    """harness.exe under Wine; what it understands is at the top of harness.c.

    Raises AssertionError when it dies, with the last command: a stray access of the driver ends it.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [tool("wine"), str(self._program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )

    def __enter__(self) -> Harness:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, *words: object) -> str:
        """The answer to one command."""
        line = "\t".join(str(word) for word in words)
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self._process.stdout.readline().decode().rstrip("\r\n")
        assert answer, f"the harness died at: {line[:200]}\n{self._last_words()}"
        return answer

    def reset(self) -> None:
        """Everything as at the beginning, in a new process when a test has killed the last one."""
        if self._process.poll() is not None:
            self._process = self._start()
        self.do("reset")

    def do(self, *words: object) -> None:
        """A command that answers "ok"."""
        assert self.ask(*words) == "ok"

    def _last_words(self) -> str:
        _, errors = self._process.communicate()
        return errors.decode(errors="replace")


def _environment() -> dict[str, str]:
    """Wine's prefix in the checkout's cache, and neither its chatter nor its offers to install."""
    environment = dict(os.environ, WINEARCH="win64", WINEDEBUG="-all")
    environment["WINEDLLOVERRIDES"] = "mscoree,mshtml="
    environment.setdefault("WINEPREFIX", str(CHECKOUT / ".cache" / "wine"))
    Path(environment["WINEPREFIX"]).mkdir(parents=True, exist_ok=True)
    return environment
