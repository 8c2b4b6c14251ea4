"""``regcb check``: what is wrong with the callbacks."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..present.findings import findings_document, findings_text
from ..present.jsonlines import json_text
from ..present.output import Output
from ..target.image_files import ImageFiles
from ..target.symbol_path import SymbolPath
from ..triage.check import check

if TYPE_CHECKING:
    from ..target import Target

_FOUND = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.findings/1)")


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    path = arguments.symbol_path or os.environ.get("_NT_SYMBOL_PATH", "")
    triage = check(target, ImageFiles(SymbolPath(path)))
    output.write(json_text(findings_document(triage)) if arguments.json else findings_text(triage))
    return 0 if triage.is_clean else _FOUND
