"""A Python of its own to install the wheel into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .errors import ReleaseError

__all__ = ["make_environment", "newest_python"]


def newest_python() -> str:
    """The program of the newest CPython that this machine has in its PATH; this one, else."""
    for minor in range(99, sys.version_info[1], -1):
        found = shutil.which(f"python3.{minor}")
        if found and _starts(found):
            return found
    return sys.executable


def make_environment(folder: Path, python: str, requirements: Iterable[str]) -> Path:
    """The program of a new environment of ``python`` in ``folder``, in which pip has installed the
    requirements. Needs the network; raises ReleaseError."""
    _run(python, "-m", "venv", "--without-pip", str(folder))
    windows = os.name == "nt"
    program = folder / ("Scripts/python.exe" if windows else "bin/python")
    pip = (sys.executable, "-m", "pip", "--python", str(program), "install", "--quiet")
    _run(*pip, "--disable-pip-version-check", "--no-compile", *requirements)
    return program


def _starts(python: str) -> bool:
    """Not so what stands in for a Python that is not chosen (pyenv's shims)."""
    return not subprocess.run(
        [python, "-c", "import venv"], capture_output=True, check=False
    ).returncode


def _run(*command: str) -> None:
    # What this one can import must not count as installed in the other.
    surroundings = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"{command[2]}: {done.stderr.strip()[-500:]}")
