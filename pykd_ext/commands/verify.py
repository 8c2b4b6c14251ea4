"""``regcb verify``: the kernel's own code proves the layout that everything rests on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..command_line.command import Command
from ..command_line.targets import refuse_target, symbol_path_of, target_of
from ..documents.json_text import json_text
from ..documents.verification import verification_document
from ..present.output import Output
from ..present.verification import verification_text
from ..target.errors import UnsupportedTarget
from ..target.symbol_path import SymbolPath

if TYPE_CHECKING:
    from ..verification.outcome import Verification

_STATUS = {True: 0, False: 1, None: 2}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image",
        nargs="?",
        metavar="IMAGE",
        help="a kernel's file (ntoskrnl.exe), instead of the target's kernel",
    )
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.verification/1)")


def run(arguments: argparse.Namespace, output: Output) -> int:
    _need_unicorn()
    verification = _of_image(arguments) if arguments.image else _of_target(arguments)
    if arguments.json:
        output.write(json_text(verification_document(verification)))
    else:
        output.write(verification_text(verification))
    return _STATUS[verification.holds]


def _need_unicorn() -> None:
    try:
        import unicorn  # noqa: F401, PLC0415 - an optional extra
    except ImportError as error:
        raise UnsupportedTarget(
            f"verify runs the kernel's code in Unicorn, which is not installed ({error}): "
            "pip install 'regcb[verify]'"
        ) from None


def _layout(arguments: argparse.Namespace) -> Path | None:
    return Path(arguments.layout) if arguments.layout else None


def _of_image(arguments: argparse.Namespace) -> Verification:
    from ..verification.kernel_source import ImageFile  # noqa: PLC0415 - needs unicorn
    from ..verification.verify import verify  # noqa: PLC0415

    refuse_target(arguments, f"verify reads {arguments.image}")
    symbols = SymbolPath(symbol_path_of(arguments))
    return verify(ImageFile(arguments.image), symbols, layout=_layout(arguments))


def _of_target(arguments: argparse.Namespace) -> Verification:
    from ..verification.kernel_source import TargetKernel  # noqa: PLC0415 - needs unicorn
    from ..verification.verify import verify  # noqa: PLC0415

    with target_of(arguments) as target:
        symbols = target.symbol_path
        return verify(TargetKernel(target, symbols), symbols, target, _layout(arguments))


COMMAND = Command(
    "let the kernel's own code prove the layout (needs regcb[verify])",
    group="triage",
    add_arguments=add_arguments,
    run=run,
)
