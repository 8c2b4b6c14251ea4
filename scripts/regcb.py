#!python3.9
"""The registry callbacks of the target in WinDbg, cdb or kd: !py regcb.py list (regcb.py --help)

Runs from a checkout, or from wherever the project was unzipped. The pykd bootstrapper takes the
Python that the first line names, unless it is told one (!py -3.8 regcb.py list).
"""

import sys
from pathlib import Path


def bundled(project: Path) -> "list[str]":
    """What a Windows bundle brings for this Python; a checkout has no such folders."""
    platform = "win_amd64" if sys.maxsize > 1 << 32 else "win32"
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    folders = ("any", platform, f"{python}-{platform}")
    return [str(project / "packages" / each) for each in folders]


def run() -> None:
    """Runs the command line, or says how to get what it lacks."""
    # The bootstrapper runs a script as a string: it has no __file__.
    project = Path(sys.argv[0]).resolve().parent.parent
    sys.path[:0] = [str(project), *bundled(project)]
    try:
        from pykd_ext.command_line.main import main  # noqa: PLC0415 - may be what is missing

        main()
    except ImportError as error:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        print(f'regcb: {error}: py -{version} -m pip install "{project}" gets what it needs')


if __name__ == "__main__":
    run()
