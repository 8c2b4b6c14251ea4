"""A debugger's command window: the engine, ``!py`` as the pykd bootstrapper has it, and DML.

What runs is windbg/window.c, in a folder as WinDbg's is: the engine's DLLs, extensions, and beside
them a Python as a user installs it, which takes its path from PYTHONPATH.
"""

from __future__ import annotations

import html
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, NamedTuple

from . import wine
from .engine import Engine
from .errors import EngineError
from .installation import Installation

__all__ = ["Link", "Window", "links", "open_window", "plain", "prepare"]

_SOURCES = Path(__file__).with_name("windbg")
_COMPILER = "x86_64-w64-mingw32-gcc"
_END, _CTRL_BREAK = "\x1e\n", "\x03"
_LONGEST = 600.0  # seconds, for one command


class Link(NamedTuple):
    """What is shown, and what a click on it executes."""

    text: str
    command: str


class Window:
    """One debugger, with a target."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: list[str] = []
        self._read()

    def execute(self, command: str, break_when: Callable[[], bool] | None = None) -> str:
        """What ``command`` shows, as DML. Raises EngineError when it or the debugger ends.

        ``break_when`` is asked all the time: when to press Ctrl+Break, which is done again each
        second until the command has ended.
        """
        self._lines = []
        self._write(command)
        is_over = threading.Event()
        finger = threading.Thread(target=self._press, args=(break_when, is_over), daemon=True)
        finger.start()
        try:
            return self._read()
        finally:
            is_over.set()
            finger.join()

    def has_shown(self, text: str) -> bool:
        """Whether a line of the command that runs, or of the last one, holds ``text``."""
        return any(text in line for line in self._lines)

    def _press(self, is_time: Callable[[], bool] | None, is_over: threading.Event) -> None:
        while is_time and not is_time():
            if is_over.wait(0.1):
                return
        while is_time and not is_over.is_set():
            self._write(_CTRL_BREAK)
            is_over.wait(1)

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        watchdog = threading.Timer(_LONGEST, self._process.kill)
        watchdog.start()
        try:
            for line in self._process.stdout:
                if line == _END:
                    return "".join(self._lines)[:-1]
                self._lines.append(line)
        finally:
            watchdog.cancel()
        raise EngineError(f"the debugger has ended: {''.join(self._lines)[-2000:]}")

    def close(self) -> None:
        """Ends the session, and the debugger."""
        try:
            self._process.communicate(timeout=_LONGEST)
        finally:
            self._process.kill()


def links(dml: str) -> list[Link]:
    """In the order in which they are shown."""
    return [
        Link(plain(text), html.unescape(command))
        for command, text in re.findall(r'<(?:link|exec) cmd="([^"]*)">(.*?)</', dml, re.DOTALL)
    ]


def plain(dml: str) -> str:
    """``dml`` as it is read."""
    return html.unescape(re.sub(r"<[^>]*>", "", dml))


def prepare(installation: Installation, folder: Path) -> Path:
    """Builds the debugger in ``folder``."""
    engine, python = installation.packages / "pykd", installation.python.parent
    for each in [*engine.glob("*.dll"), *python.glob("*.dll"), *python.glob("*.pyd")]:
        (folder / each.name).symlink_to(each)
    (folder / "python39.zip").symlink_to(python / "python39.zip")
    libraries = [str(engine / "dbgeng.dll"), str(python / "python39.dll")]
    for source, output, kind in (
        ("window.c", "window.exe", []),
        ("bootstrapper.c", "pykd.dll", ["-shared"]),
        ("kdexts.c", "kdexts.dll", ["-shared"]),
    ):
        command = [_COMPILER, "-O1", "-Wall", "-Werror", *kind, "-o", str(folder / output)]
        subprocess.run([*command, str(_SOURCES / source), *libraries], check=True)
    return folder


@contextmanager
def open_window(
    engine: Engine, folder: Path, words: Sequence[str | Path], path: Sequence[Path]
) -> Iterator[Window]:
    """The debugger of ``folder``; ``words`` are those of window.c. Its Python imports from ``path``
    and from the packages."""
    packages = engine.installation.packages
    shown = [wine.windows_path(each) if isinstance(each, Path) else each for each in words]
    process = wine.start(
        engine.installation.prefix,
        [wine.windows_path(folder / "window.exe"), *shown],
        folder,
        errors_apart=False,
        is_asked=True,
        environment={
            "PYTHONPATH": ";".join(wine.windows_path(each) for each in [*path, packages]),
            "REGCB_PROJECT": "",
        },
    )
    try:
        window = Window(process)
        window.execute(".load pykd")
        yield window
        window.close()
    finally:
        process.kill()
