"""``from_release.py FOLDER DUMP SYMBOLS WORD...``: regcb on a machine that has Python and nothing
else but FOLDER: an unzipped bundle (``!py FOLDER/scripts/regcb.py WORD...``) or what pip installed
into (``!py -m pykd_ext WORD...``).

pykd is in a session on DUMP. Prints what came to the window.
"""

from __future__ import annotations

import contextlib
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    folder, dump, symbols, *words = sys.argv[1:]
    python = str(Path(sys.executable).parent)
    sys.path[:] = [each for each in sys.path if each.startswith(python)]  # its own library alone
    script = Path(folder, "scripts", "regcb.py")
    packages = Path(folder, "packages", "cp39-win_amd64") if script.exists() else Path(folder)
    sys.path.insert(0, str(packages))
    import pykd

    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.loadDump(dump)
    sys.argv = [str(script), *words]
    if script.exists():
        exec(compile(script.read_bytes(), "<string>", "exec"), {"__name__": "__main__"})
    else:
        with contextlib.suppress(SystemExit):
            runpy.run_module("pykd_ext", run_name="__main__", alter_sys=True)
    strangers = {
        name
        for name, module in sys.modules.items()
        if not (getattr(module, "__file__", None) or python).startswith((python, folder))
    }
    print("from elsewhere:", sorted(strangers - {"__main__", "__mp_main__", "sitecustomize"}))
