"""``regcb report``: one page to attach to a case."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__, findings
from ..command_line.command import TargetCommand
from ..command_line.file_identity import file_identity
from ..command_line.progress import bytes_bar
from ..documents.text import counted, printable
from ..foreign_file import refuse_foreign_file
from ..kernel.details import read_details
from ..present.output import Output
from ..present.report import ReportOrigin, report_html
from ..target.errors import RegcbError
from ..whole_file import write_whole

if TYPE_CHECKING:
    from ..target import Target

_BEGINNING = "<!doctype html>"  # of present/html/report.html
_DISASSEMBLED = 100  # callbacks with findings


class CannotWrite(RegcbError):
    """The page cannot be written; ``str()`` says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "page", type=Path, metavar="OUT.html", help="where to; a report that is there is replaced"
    )
    parser.add_argument(
        "--no-carve", action="store_true", help="do not search a dump for unlinked callbacks"
    )


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    page: Path = arguments.page
    _need_jinja()
    _refuse_unwritable(page)
    refuse_foreign_file(page, _BEGINNING)
    with bytes_bar("searching") as progress:
        triage = findings(target, carve=False if arguments.no_carve else None, progress=progress)
    accused = {each.callback for each in triage.findings if each.severity != "info"}
    entries = [each for each in triage.listing.entries if each.number in accused]
    details = [read_details(target, entry) for entry in entries[:_DISASSEMBLED]]
    if len(entries) > _DISASSEMBLED:
        left_out = f"{len(entries) - _DISASSEMBLED} callbacks with findings are not disassembled"
        triage.problems = (*triage.problems, left_out)
    html = report_html(triage, details, _how(target))
    try:
        write_whole(page, html.encode())
    except OSError as error:
        raise CannotWrite(f"{page}: cannot be written: {error.strerror or error}") from None
    said = f"{counted(len(triage.findings), 'finding')}, {len(html.encode()):,} bytes"
    output.write(f"{printable(str(page))}: {said}")
    return 0


def _need_jinja() -> None:
    """Before the work, too."""
    try:
        import jinja2  # noqa: F401, PLC0415 - an optional extra
    except ImportError as error:
        raise CannotWrite(
            f"report needs Jinja, which is not installed ({error}): pip install 'regcb[report]'"
        ) from None


def _refuse_unwritable(page: Path) -> None:
    """Before the work, which may take long."""
    folder = page.parent
    if page.is_dir():
        raise CannotWrite(f"{page}: is a folder, name a file in it")
    if not folder.is_dir():
        raise CannotWrite(f"{page}: there is no folder {folder}")
    written = (
        [page, page.resolve().parent] if page.is_file() else [page if page.exists() else folder]
    )
    if not all(os.access(each, os.W_OK) for each in written):
        raise CannotWrite(f"{page}: cannot be written: permission denied")


def _how(target: Target) -> ReportOrigin:
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with bytes_bar("SHA-256") as progress:
        dump = file_identity(target.path, progress) if target.path else None
    sha256, size = dump or (None, None)
    return ReportOrigin(__version__, made, target.symbol_path.text, sha256, size)


COMMAND = TargetCommand(
    "one HTML page to attach to a case",
    group="triage",
    add_arguments=add_arguments,
    run=run,
)
