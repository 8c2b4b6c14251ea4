"""What a wheel needs, and had by pip for another system than this one."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from .errors import ReleaseError

__all__ = ["WindowsPython", "metadata_of", "pip_for", "requirements_of"]

# What the engine's tests run with: whole, pinned, and by what Python 3.9 still has.
_PINNED = Path(__file__).parents[1] / "engine" / "windows_packages.txt"
_LAST_FOR = {"win32": {"capstone": "5.0.2"}}  # what a platform has no such wheels of


class WindowsPython(NamedTuple):
    """CPython ``version`` (3.9) for ``platform`` (win_amd64, win32)."""

    version: str
    platform: str

    @property
    def environment(self) -> dict[str, str]:
        """Of the markers in requirements (PEP 508)."""
        return {
            "python_version": self.version,
            "python_full_version": f"{self.version}.0",
            "sys_platform": "win32",
            "platform_system": "Windows",
            "os_name": "nt",
        }


def metadata_of(wheel: Path) -> Message:
    """The wheel's own METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode("utf-8"))


def requirements_of(wheel: Path, python: WindowsPython, extras: Iterable[str] = ()) -> list[str]:
    """What ``wheel`` with its ``extras`` needs there, without markers: pip would take those of the
    Python that it runs in."""
    needed = map(Requirement, metadata_of(wheel).get_all("Requires-Dist", []))
    wanted = ["", *extras]
    return [
        f"{each.name}{each.specifier}"
        for each in needed
        if each.marker is None
        or any(each.marker.evaluate({**python.environment, "extra": extra}) for extra in wanted)
    ]


def pip_for(python: WindowsPython, command: str, folder: Path, requirements: Iterable[str]) -> None:
    """``pip download`` or ``pip install`` of wheels, of the versions that the engine's tests run
    with, into ``folder``. Needs the network; raises ReleaseError."""
    constraints = folder.with_name(f"{folder.name}-constraints.txt")
    pins = {**_pinned(), **_LAST_FOR.get(python.platform, {})}
    constraints.write_text("".join(f"{name}=={pins[name]}\n" for name in pins), "utf-8")
    to = "--dest" if command == "download" else "--target"
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check",
            "--only-binary", ":all:", "--implementation", "cp", "--python-version", python.version,
            "--platform", python.platform, "--constraint", str(constraints), to, str(folder),
            *requirements,
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = (errors or ["pip failed"])[-1]
        raise ReleaseError(f"Python {python.version}, {python.platform}: {reason}")


def _pinned() -> dict[str, str]:
    pins = (line.split()[0] for line in _PINNED.read_text("utf-8").splitlines() if "==" in line)
    return {name: version for name, _, version in (pin.partition("==") for pin in pins)}
