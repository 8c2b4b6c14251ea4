"""The lab's command line."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .as_microsofts import as_microsofts
from .bad_inputs import BAD_INPUTS, make_bad_input
from .build import build
from .containers import CONTAINERS
from .damages import DAMAGES
from .dump_writer import DUMP_TYPES
from .kd.scripts import SCRIPTS
from .make import DEFAULT_CALLBACKS, make_dump
from .profiles import OTHER_TABLES, PROFILES, profile_named
from .registry import load_registry
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
    kinds = ", ".join(map(str, (*DUMP_TYPES, *CONTAINERS)))
    command.add_argument("--type", type=_type, default=1, help=f"{kinds} (%(default)s)")
    command.add_argument(
        "--callbacks", type=int, default=DEFAULT_CALLBACKS, metavar="N", help="%(default)s"
    )
    command.add_argument(
        "--damage", nargs="+", default=[], metavar="D[@N]", help="see `damages`; N is the callback"
    )
    command.add_argument(
        "--size", type=_size, metavar="16G", help="memory of the machine; the file is sparse"
    )
    command.add_argument(
        "--stopped-in",
        metavar="NOTIFICATION",
        help="the current thread is telling a callback of it: RegNtPreSetValueKey, or 1; see "
        "`notifications`",
    )
    command.add_argument(
        "--stopped-at",
        type=int,
        metavar="N",
        help="that callback, in calling order (the last that is not internal)",
    )
    command.add_argument("--symbols", type=Path, metavar="DIR", help="copy the PDBs to DIR")
    command.add_argument(
        "--as-microsofts", action="store_true", help="with what other tools look for"
    )
    command.set_defaults(run=_dump)

    command = commands.add_parser("notifications", help="what a thread can be stopped in")
    command.add_argument("--profile", default="x64-19041", help="%(default)s")
    command.set_defaults(run=_notifications)

    command = commands.add_parser("bad", help="write a file that is no dump, or not one of ours")
    command.add_argument("out", type=Path)
    command.add_argument("kind", choices=BAD_INPUTS, help="see `bad-inputs`")
    command.set_defaults(run=_bad)

    command = commands.add_parser("bad-inputs", help="the kinds of `bad`")
    command.set_defaults(run=_bad_inputs)

    command = commands.add_parser("kd", help="run a kernel that a debugger attaches to over KD")
    command.add_argument("--port", type=int, default=0, help="for the debugger; any without it")
    command.add_argument(
        "--socket", type=Path, metavar="PATH", help="a Unix socket in place of the port"
    )
    command.add_argument("--profile", default="x64-19041", help="see `profiles` (%(default)s)")
    command.add_argument(
        "--pace", type=float, default=0.01, metavar="SECONDS", help="rest after every operation"
    )
    command.add_argument(
        "--script", default="default", choices=SCRIPTS, help="what happens (%(default)s)"
    )
    command.add_argument(
        "--kernel",
        type=Path,
        metavar="FILE",
        help="a real kernel of Vista SP2 or 7 SP1 (x86) in place of the profile's own",
    )
    command.set_defaults(run=_kd)

    command = commands.add_parser("damages", help="what can be made wrong with a dump")
    command.set_defaults(run=_damages)
    return parser


def _profiles(_: argparse.Namespace) -> None:
    for profile in (*PROFILES.values(), *OTHER_TABLES.values()):
        print(f"{profile.name:14} {profile.version[0]}.{profile.version[1]}.{profile.build}")


def _damages(_: argparse.Namespace) -> None:
    for damage in DAMAGES.values():
        print(f"{damage.name:26}  {damage.description}")


def _notifications(options: argparse.Namespace) -> None:
    profile = profile_named(options.profile)
    for notice in load_registry(profile, build(profile)).notices.values():
        print(f"{notice.number:2}  {notice.name:47}  {notice.structure}")


def _bad_inputs(_: argparse.Namespace) -> None:
    for name, kind in BAD_INPUTS.items():
        print(f"{name:22}  {kind.description}")


def _bad(options: argparse.Namespace) -> None:
    make_bad_input(options.out, options.kind)
    print(options.out)


def _kd(options: argparse.Namespace) -> None:
    try:
        from .kd.run import run  # it needs unicorn, nothing else here does
    except ImportError as error:
        raise OSError(f"{error}: pip install 'regcb[test]'") from None
    with suppress(KeyboardInterrupt):
        run(
            SCRIPTS[options.script],
            options.port,
            options.pace,
            lambda hello: print(json.dumps(hello), flush=True),
            profile_named(options.profile),
            options.kernel,
            options.socket,
        )


def _type(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _size(text: str) -> int:
    """``16G``, ``64M`` in bytes."""
    factor = {"M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper())
    if factor is None or not text[:-1].isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number with M or G")
    return int(text[:-1]) * factor


def _build(options: argparse.Namespace) -> None:
    for name in options.profile or PROFILES:
        print(build(PROFILES[name]).folder)


def _dump(options: argparse.Namespace) -> None:
    truth = make_dump(
        options.out,
        options.profile,
        options.type,
        options.callbacks,
        options.damage,
        options.size,
        options.stopped_in,
        options.stopped_at,
        also=as_microsofts if options.as_microsofts else None,
    )
    if options.symbols:
        shutil.copytree(truth.symbols, options.symbols, dirs_exist_ok=True)
    truth.write(options.out.with_name(options.out.name + ".json"))
    print(f"{truth.path}: {len(truth.callbacks)} callbacks, symbols in {truth.symbols}")
