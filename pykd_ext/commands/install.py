"""``regcb install``: puts in place what WinDbg loads by itself."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from unicodedata import category

from ..command_line.command import Command
from ..present.output import Output, OutputError
from ..target.errors import BadArgument
from ..windbg.gallery import write_gallery

_NEWEST_IN_PYKD = (3, 9)  # what a Python outside of Windows says nothing about


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help=r"where to; %%LOCALAPPDATA%%\regcb without it",
    )
    parser.add_argument(
        "--python",
        metavar="VERSION",
        help="the Python that !py is to start for what the script cannot (this one's on Windows)",
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    python = arguments.python or _python()
    if not re.fullmatch(r"\d(\.\d{1,2})?", python):
        raise BadArgument(f"--python {python}: a version as !py takes it: 3.9")
    folder = _folder(arguments.folder)
    if any(category(letter).startswith("C") for letter in str(folder)):  # controls, no letters
        raise BadArgument(f"{folder}: WinDbg cannot be told this name: name another folder")
    try:
        settings = write_gallery(folder, python)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from None
    output.write(
        f"written to {folder}\n"
        "once, in WinDbg:\n"
        f"  .settings load {settings}\n"
        "  .settings save\n"
        "from then on, in every kernel session:\n"
        "  !regcb                  the callbacks; !regcb show 3, !regcb decode, !regcb check\n"
        "  dx @$regcb.callbacks    for LINQ\n"
        f"without an extension gallery (classic WinDbg, kd): .scriptload {folder / 'regcb.js'}"
    )
    return 0


def _folder(asked: str | None) -> Path:
    if asked:
        return Path(asked).absolute()
    local = os.environ.get("LOCALAPPDATA")
    if not local:
        raise BadArgument("where to? This is no Windows: regcb install FOLDER")
    return Path(local) / "regcb"


def _python() -> str:
    major, minor = sys.version_info[:2] if sys.platform == "win32" else _NEWEST_IN_PYKD
    return f"{major}.{minor}"


COMMAND = Command(
    "puts in place what WinDbg loads by itself: !regcb and dx @$regcb",
    group="setup",
    add_arguments=add_arguments,
    run=run,
)
