"""Runs inside the Windows Python: ``bootstrap.py SCRIPT ARG...`` or ``... -m MODULE ARG...``

The embeddable Python knows neither PYTHONPATH nor the script's folder. This puts the project and
the script's folder on the path, and then does as ``python`` would.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main() -> None:
    project = Path(__file__).parents[3]
    sys.path.insert(0, str(project))
    del sys.argv[0]
    if sys.argv[0] == "-m":
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
