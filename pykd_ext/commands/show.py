"""``regcb show``: everything about one callback."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..kernel.details import read_details
from ..kernel.listing import read_listing
from ..kernel.selection import select
from ..present.details import details_document, details_text
from ..present.jsonlines import json_text
from ..present.output import Output

if TYPE_CHECKING:
    from ..target import Target


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "callback",
        metavar="N|ADDR|NAME",
        help="its index, altitude, address, owner or function",
    )
    parser.add_argument("--json", action="store_true", help="as JSON (regcb.callback/1)")


def run(target: Target, arguments: argparse.Namespace, output: Output) -> int:
    listing = read_listing(target)
    shown = [read_details(target, entry) for entry in select(listing, arguments.callback)]
    if arguments.json:
        output.write(json_text(details_document(listing, shown)))
    else:
        output.write("\n\n".join(details_text(listing, each) for each in shown))
    return 0
