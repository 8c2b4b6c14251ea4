"""Wine: its programs, the environment that they need, and paths as Windows writes them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from .errors import EngineError

__all__ = ["make_prefix", "running", "start", "version", "wait_for_end", "windows_path"]

# Microsoft's DLLs, which lie beside pykd, and never Wine's own of these names.
_NATIVE = "dbgeng,dbghelp,symsrv,srcsrv,dbgmodel,msdia140,mscoree=n"
# A new prefix offers to download Mono and Gecko unless both are forbidden.
_NO_DOWNLOADS = "mscoree,mshtml="
_PROJECT = Path(__file__).parents[2]
_QUIET = {"WINEDEBUG": "-all"}


def version() -> str:
    """As ``wine-8.0``; raises EngineError when there is no Wine."""
    return _run([_tool("wine"), "--version"], {**os.environ, **_QUIET}).split()[0]


def make_prefix(prefix: Path) -> None:
    """A new Windows in the folder ``prefix``; raises EngineError."""
    said = _run([_tool("wine"), "wineboot", "--init"], _environment(prefix, _NO_DOWNLOADS))
    if not (prefix / "system.reg").is_file():
        raise EngineError(f"Wine made no prefix in {prefix}: {said.strip()[-500:]}")


@contextmanager
def running(prefix: Path, python: Path, preloaded: Path) -> Iterator[None]:
    """Keeps Wine's servers up, so that a program starts in 0.3 s instead of 2.6 s; ``preloaded`` is
    a library for them.

    They stay as long as any program runs, here one that waits for the end of its input; so they end
    by themselves, even when this process is killed, and two test runs can share them. And they
    inherit the output of the program that had them started: a reader of that would never see its
    end, so it must be this one. One of them is the desktop, which ends a second after the last
    program that has asked for it: this one does, and stays.
    """
    waits = (
        "import ctypes, sys; ctypes.windll.user32.GetDesktopWindow(); print(flush=True); "
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [_tool("wine"), windows_path(python), "-c", waits],
        env={**_environment(prefix, _NATIVE), "LD_PRELOAD": str(preloaded)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        if not keeper.stdout.readline():
            raise EngineError("the Windows Python does not start under Wine")
        yield
        keeper.stdin.close()


def wait_for_end(prefix: Path) -> None:
    """Comes back when Wine's servers have ended and written the registry, about 3 s."""
    subprocess.run([_tool("wineserver"), "-w"], env=_environment(prefix, _NATIVE), check=False)


def start(
    prefix: Path,
    command: Sequence[str],
    folder: Path,
    errors_apart: bool = True,
    is_asked: bool = False,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Starts a Windows program in ``folder``, its output in two pipes, or in one; with another
    pipe for its input where it ``is_asked`` things. ``environment`` is what it has beside the rest.

    Pipes because the Windows Python ends at once ("init_sys_streams") when it is given a file.
    """
    return subprocess.Popen(
        [_tool("wine"), *command],
        cwd=folder,
        env={**_environment(prefix, _NATIVE), **(environment or {})},
        stdin=subprocess.PIPE if is_asked else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if errors_apart else subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
    )


def windows_path(path: str | Path) -> str:
    """``/tmp/a.dmp`` -> ``Z:\\tmp\\a.dmp``: Wine shows the whole file system as drive Z."""
    return "Z:" + str(Path(path).resolve()).replace("/", "\\")


def _environment(prefix: Path, overrides: str) -> dict[str, str]:
    environment = {
        **os.environ,
        **_QUIET,
        "WINEPREFIX": str(prefix),
        "WINEARCH": "win64",
        "REGCB_PROJECT": windows_path(_PROJECT),  # for sitecustomize
        "WINEDLLOVERRIDES": overrides,
    }
    environment.pop("DISPLAY", None)  # no program here has a window
    return environment


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise EngineError(f"{name} is not installed (Debian: apt-get install wine wine64)")
    return found


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout
