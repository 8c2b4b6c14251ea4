"""One zip with everything that Windows needs beside Python and WinDbg: for machines without a
network.

    regcb-1.0.0-windows/
      scripts/regcb.py            !py FOLDER\\scripts\\regcb.py list
      pykd_ext/                   the package
      packages/any/               what it needs, for every Python
      packages/win_amd64/         ... for 64 bits
      packages/cp39-win_amd64/    ... for one Python of 64 bits

scripts/regcb.py takes of ``packages`` what its Python can use.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pykd_ext import __version__

__all__ = ["BundleError", "make_bundle"]

_PROJECT = Path(__file__).parents[2]
_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
_PLATFORMS = ("win_amd64", "win32")
_WITH_PYKD = "3.9"  # the newest that PyPI has pykd for
_BESIDE = ("scripts", "pykd_ext", "docs", "samples/policies", "README.md", "LICENSE", "NOTICE")
_WHEEL = re.compile(r"-(?P<python>[^-]+)-[^-]+-(?P<platform>[^-]+)\.whl$")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # of every file: the same bundle of the same sources


class BundleError(Exception):
    """A package cannot be had; ``str()`` says which."""


def make_bundle(folder: Path) -> Path:
    """Writes ``regcb-VERSION-windows.zip`` to ``folder``; needs the network. Raises BundleError."""
    name = f"regcb-{__version__}-windows"
    path = folder / f"{name}.zip"
    files = dict(_project_files())
    with tempfile.TemporaryDirectory() as downloads:
        for wheel in _download(Path(downloads)):
            files.update(_wheel_files(wheel))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside in sorted(files):
            archive.writestr(_entry(f"{name}/{inside}"), files[inside])
    return path


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _project_files() -> Iterator[tuple[str, bytes]]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *_BESIDE], cwd=_PROJECT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        yield name, (_PROJECT / name).read_bytes()


def _download(folder: Path) -> list[Path]:
    """The wheels: what is for every Python is what the oldest can use."""
    needed = _PROJECT / "pyproject.toml"
    dependencies = re.search(r"(?ms)^dependencies = \[(.*?)^\]", needed.read_text("utf-8"))
    assert dependencies is not None
    wanted = re.findall(r'"([^"]+)"', dependencies[1])
    for python in _PYTHONS:
        for platform in _PLATFORMS:
            names = [_for_python(each, python) for each in wanted]
            pykd = ["pykd"] if python == _WITH_PYKD else []
            wanted_here = [*filter(None, names), "colorama", *pykd]
            _pip(folder, python, platform, wanted_here, _constraints(folder))
    return sorted(folder.glob("*.whl"))


def _constraints(folder: Path) -> Path:
    """The versions of the wheels that are there already and are for every Python."""
    path = folder / "constraints.txt"
    named = (each.name.split("-") for each in folder.glob("*-none-any.whl"))
    path.write_text("".join(f"{name}=={version}\n" for name, version, *_ in named), "utf-8")
    return path


def _for_python(requirement: str, python: str) -> str | None:
    """pip takes the markers of the Python that it runs in; the one marker there is asks for tomli
    before 3.11."""
    name, _, marker = requirement.partition(";")
    if marker and int(python.partition(".")[2]) >= 11:
        return None
    return name.strip()


def _pip(folder: Path, python: str, platform: str, names: list[str], constraints: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--only-binary", ":all:", "--implementation", "cp", "--python-version", python,
            "--platform", platform, "--constraint", str(constraints), "--dest", str(folder), *names,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise BundleError(f"Python {python}, {platform}: {(errors or ['pip failed'])[-1]}")


def _wheel_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    found = _WHEEL.search(wheel.name)
    assert found is not None, wheel.name
    python, platform = found["python"], found["platform"]
    is_for_all = python.startswith("py")
    folder = "any" if platform == "any" else platform if is_for_all else f"{python}-{platform}"
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and ".data/" not in name:
                yield str(PurePosixPath("packages", folder, name)), archive.read(name)
