"""The engine by hand."""

from __future__ import annotations

import argparse
import sys

from .install import InstallFailed, install
from .rig import Completed, Engine


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine",
        description="pykd and Microsoft's dbgeng on Windows Python 3.9, under Wine.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("install", help="install it, print where it is")
    for name, text in (
        ("run", "run SCRIPT or -m MODULE in it, with Windows paths (Z:\\...)"),
        ("regcb", "run regcb in it, through pykd"),
        ("pytest", "run pytest in it"),
    ):
        commands.add_parser(name, help=text, add_help=False)
    arguments, words = parser.parse_known_args()
    try:
        if arguments.command == "install":
            print(install())
            return 0
        return _show(_run(Engine(), arguments.command, words))
    except InstallFailed as error:
        print(f"the engine cannot be installed: {error}", file=sys.stderr)
        return 2


def _run(engine: Engine, command: str, words: list[str]) -> Completed:
    if command == "regcb":
        return engine.regcb(*words)
    if command == "pytest":
        return engine.run("-m", "pytest", *words, timeout=1800)
    return engine.run(*words)


def _show(done: Completed) -> int:
    sys.stdout.write(done.output)
    sys.stderr.write(done.errors)
    return done.status


if __name__ == "__main__":
    sys.exit(main())
