"""Runs inside Windows Python: start.py CHECKOUT (-m MODULE | SCRIPT) [ARGUMENT...]

The embeddable Python takes its path from a file alone, so the checkout comes as an argument; and
pykd's DLLs have to be found before it is imported.
"""

from __future__ import annotations

import os
import runpy
import sys

checkout, *rest = sys.argv[1:]
sys.path.insert(0, checkout)
os.add_dll_directory(  # type: ignore[attr-defined,unused-ignore]
    os.path.abspath(os.path.join(os.path.dirname(sys.executable), "..", "site", "pykd"))
)
if rest[0] == "-m":
    sys.argv = rest[1:]
    runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
else:
    sys.argv = rest
    runpy.run_path(rest[0], run_name="__main__")
