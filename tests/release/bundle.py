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
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from time import gmtime

from .requirements import WindowsPython, pip_for, requirements_of
from .sources import Sources

__all__ = ["download_packages", "make_bundle"]

_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
_PLATFORMS = ("win_amd64", "win32")
_EXTRAS = ("report", "progress")
_WITH_PYKD = "3.9"  # the newest that PyPI has pykd for
_BESIDE = (
    "scripts", "pykd_ext", "docs", "samples/policies",
    "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "NOTICE",
)  # fmt: skip
_WHEEL = re.compile(r"-(?P<python>[^-]+)-[^-]+-(?P<platform>[^-]+)\.whl$")


def make_bundle(sources: Sources, version: str, packages: Iterable[Path], folder: Path) -> Path:
    """Writes ``regcb-VERSION-windows.zip`` of the sources and of the wheels ``packages`` to
    ``folder``: the same bytes of the same."""
    name = f"regcb-{version}-windows"
    path = folder / f"{name}.zip"
    files = dict(_project_files(sources))
    for wheel in packages:
        files.update(_wheel_files(wheel))
    when = gmtime(sources.time)[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside in sorted(files):
            archive.writestr(_entry(f"{name}/{inside}", when), files[inside])
    return path


def download_packages(wheel: Path, folder: Path) -> list[Path]:
    """The wheels that ``wheel`` needs on Windows, and pykd, in ``folder``, which is made. Needs the
    network; raises ReleaseError."""
    folder.mkdir()
    for python in _PYTHONS:
        for platform in _PLATFORMS:
            there = WindowsPython(python, platform)
            needed = requirements_of(wheel, there, _EXTRAS)
            # tqdm's own need on Windows, by a marker that pip reads of this system.
            pykd = ["pykd"] if python == _WITH_PYKD else []
            pip_for(there, "download", folder, [*needed, "colorama", *pykd])
    return sorted(folder.glob("*.whl"))


def _entry(name: str, when: tuple[int, ...]) -> zipfile.ZipInfo:
    year, month, day, hour, minute, second = when
    entry = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
    entry.create_system = 3  # Unix, wherever it is made
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _project_files(sources: Sources) -> Iterator[tuple[str, bytes]]:
    for each in _BESIDE:
        whole = sources.folder / each
        for path in whole.rglob("*") if whole.is_dir() else (whole,):
            if path.is_file():
                yield path.relative_to(sources.folder).as_posix(), path.read_bytes()


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
