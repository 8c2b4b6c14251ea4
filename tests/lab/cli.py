"""The lab's command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .build import build
from .damages import DAMAGES
from .dump_writer import DUMP_TYPES
from .make import DEFAULT_CALLBACKS, make_dump
from .profiles import PROFILES
from .toolchain import ToolFailed

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError, ToolFailed) as error:
        print(f"lab: {error}")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab",
        description="Builds small Windows kernels from C and writes their crash dumps.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("profiles", help="the builds of Windows that there are")
    command.set_defaults(run=_profiles)

    command = commands.add_parser("build", help="compile images and PDBs (dump does it by itself)")
    command.add_argument("profile", nargs="*", help="all without one")
    command.set_defaults(run=_build)

    command = commands.add_parser("dump", help="write a dump, and what is in it as JSON beside it")
    command.add_argument("out", type=Path, help="the dump; OUT.json says what is in it")
    command.add_argument("--profile", default="x64-19041", help="see `profiles` (%(default)s)")
    command.add_argument("--type", type=int, default=1, choices=DUMP_TYPES, help="%(default)s")
    command.add_argument(
        "--callbacks", type=int, default=DEFAULT_CALLBACKS, metavar="N", help="%(default)s"
    )
    command.add_argument(
        "--damage", nargs="+", default=[], metavar="D[@N]", help="see `damages`; N is the callback"
    )
    command.set_defaults(run=_dump)

    command = commands.add_parser("damages", help="what can be made wrong with a dump")
    command.set_defaults(run=_damages)
    return parser


def _profiles(_: argparse.Namespace) -> None:
    for profile in PROFILES.values():
        print(f"{profile.name:12} {profile.version[0]}.{profile.version[1]}.{profile.build}")


def _damages(_: argparse.Namespace) -> None:
    for damage in DAMAGES.values():
        print(f"{damage.name:22}  {damage.description}")


def _build(options: argparse.Namespace) -> None:
    for name in options.profile or PROFILES:
        print(build(PROFILES[name]).folder)


def _dump(options: argparse.Namespace) -> None:
    truth = make_dump(options.out, options.profile, options.type, options.callbacks, options.damage)
    truth.write(options.out.with_name(options.out.name + ".json"))
    print(f"{truth.path}: {len(truth.callbacks)} callbacks, symbols in {truth.symbols}")
