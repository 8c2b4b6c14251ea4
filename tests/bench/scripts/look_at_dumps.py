"""``look_at_dumps.py SYMBOLS DUMP...``: what `regcb scan` does to each dump, in one process that
nobody asks and that tells nobody."""

from __future__ import annotations

import gc
import sys

from pykd_ext.command_line.scan_dump import scan_dump
from pykd_ext.command_line.scan_request import ScanOptions

options = ScanOptions(sys.argv[1])
for path in sys.argv[2:]:
    if scan_dump(path, options)["state"] == "failed":
        raise SystemExit(f"{path} cannot be looked at")
    gc.collect()
    gc.freeze()
