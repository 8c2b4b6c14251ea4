"""The place that regcb runs in: Python, what it needs of it, the debugger, symbols, the target.

Each look gives what was found and, where that is not good, what to do. Nothing is changed.
"""

from __future__ import annotations

import argparse
import os
import platform
import struct
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from .. import __version__, callbacks
from ..documents.text import counted
from ..target.errors import RegcbError, SymbolNotFound
from ..target.opening import inside_debugger
from ..target.symbol_path import missing_folders
from .origin import origin
from .targets import symbol_path_of, target_of

__all__ = ["Look", "look_around"]

_OLDEST = (3, 9)
_NEWEST_WITH_PYKD = (3, 13)  # pykd's repository has wheels up to it; PyPI up to 3.9
_PYKD_WHEELS = "https://github.com/ivellioscolin/pykd/releases"

# As pyproject.toml has them; a test holds it.
_NEEDED: tuple[str, ...] = ("capstone", "dissect.cstruct", "pefile", "tabulate")
if sys.version_info < (3, 11):
    _NEEDED += ("tomli",)
_OPTIONAL = {
    "jinja2": ("report", "regcb report"),
    "tqdm": ("progress", "a bar of progress"),
    "unicorn": ("verify", "regcb verify"),
    "distributed": ("cluster", "scan --scheduler"),
    "ntoseye": ("ntoseye", "--engine ntoseye"),
    "fsspec": ("remote", "a target at a URL"),
    "dissect.evidence": ("ewf", "an E01 image"),
    "leechcorepyc": ("leechcore", "-z leechcore:DEVICE"),
    "pylibmspack": ("cab", "compressed files of a symbol store"),
}


class Look(NamedTuple):
    """One thing that was looked at: what was ``found``, and what to ``do`` where that is not good
    enough, else None."""

    what: str
    found: str
    do: str | None = None


def look_around(arguments: argparse.Namespace) -> Iterator[Look]:
    """Everything, the outermost first. Never raises for what is missing."""
    yield _python()
    yield Look("regcb", f"{__version__}, {origin()}, {Path(__file__).parents[1]}")
    yield from _packages()
    yield _pykd()
    yield from _symbols(arguments)
    yield from _target(arguments)


def _python() -> Look:
    bits = 8 * struct.calcsize("P")
    found = f"{platform.python_version()}, {bits} bits, {sys.platform}"
    if not inside_debugger():
        return Look("Python", found)
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST_WITH_PYKD:
        oldest, newest = (".".join(map(str, each)) for each in (_OLDEST, _NEWEST_WITH_PYKD))
        return Look("Python", found, f"pykd has wheels for {oldest} to {newest}: !py -{oldest} …")
    return Look("Python", found)


def _packages() -> Iterator[Look]:
    missing = [name for name in _NEEDED if not _is_there(name)]
    python = f"py -{sys.version_info[0]}.{sys.version_info[1]}" if os.name == "nt" else "python3"
    if missing:
        words = " ".join(missing)
        yield Look("packages", f"missing: {words}", f"{python} -m pip install {words}")
    else:
        yield Look("packages", ", ".join(f"{name} {_version(name)}" for name in _NEEDED))
    for name, (extra, use) in _OPTIONAL.items():
        absent = f"none, which {use} needs (pip install 'regcb[{extra}]')"
        yield Look(name, _version(name) if _is_there(name) else absent)


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:  # the package above it is missing
        return False


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # in a bundle without its metadata
        return "of unknown version"


def _pykd() -> Look:
    if _is_there("pykd"):
        return Look("pykd", _version("pykd"))
    if os.name != "nt":
        return Look("pykd", "none: it is for Windows alone; dumps are read without it")
    bits = 8 * struct.calcsize("P")
    return Look(
        "pykd",
        "none for this Python",
        f"pip install pykd (Python 3.9), or a wheel for {bits} bits from {_PYKD_WHEELS}; "
        "dumps are read without it",
    )


def _symbols(arguments: argparse.Namespace) -> Iterator[Look]:
    if inside_debugger():
        yield Look("symbol path", "the debugger's own (.sympath)")
        return
    path = symbol_path_of(arguments)
    if not path:
        yield Look(
            "symbol path",
            "none: functions have no names but their images' exports",
            "-y srv*, which is Microsoft's server, or _NT_SYMBOL_PATH",
        )
        return
    yield Look("symbol path", path)
    for each in missing_folders(path):
        yield Look("symbol path", f"{each} is no folder", "correct it")


def _target(arguments: argparse.Namespace) -> Iterator[Look]:
    if not (arguments.dump or arguments.connect or inside_debugger()):
        yield Look("target", "none: -z FILE opens a crash dump")
        return
    try:
        target = target_of(arguments)
    except RegcbError as error:
        yield Look("target", str(error), "see above")
        return
    try:
        yield Look("target", f"{target.kind}, {target.architecture}, build {target.build}")
        try:
            target.symbol("CallbackListHead")
            yield Look("kernel's symbols", "found")
        except SymbolNotFound as error:
            yield Look("kernel's symbols", str(error), "-y srv*, or .symfix; .reload in WinDbg")
        try:
            listing = callbacks(target)
            unread = len(listing.problems) + sum(1 for each in listing if each.problems)
            what = f"regcb list has {counted(unread, 'remark')} on how they were read"
            yield Look("callbacks", f"{len(listing)} can be listed", what if unread else None)
        except RegcbError as error:
            yield Look("callbacks", str(error), "see above")
    finally:
        target.close()
