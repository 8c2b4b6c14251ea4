"""``from_bundle.py BUNDLE DUMP SYMBOLS WORD...``: ``!py BUNDLE/scripts/regcb.py WORD...`` on a
machine that has Python and nothing else.

pykd is in a session on DUMP. Prints what came to the window.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    bundle, dump, symbols, *words = sys.argv[1:]
    python = str(Path(sys.executable).parent)
    sys.path[:] = [each for each in sys.path if each.startswith(python)]  # its own library alone
    script = Path(bundle, "scripts", "regcb.py")
    sys.path.insert(0, str(Path(bundle, "packages", "cp39-win_amd64")))
    import pykd

    pykd.initialize()
    pykd.setSymbolPath(symbols)
    pykd.loadDump(dump)
    sys.argv = [str(script), *words]
    exec(compile(script.read_bytes(), "<string>", "exec"), {"__name__": "__main__"})
    strangers = {
        name
        for name, module in sys.modules.items()
        if not (getattr(module, "__file__", None) or python).startswith((python, bundle))
    }
    print("from elsewhere:", sorted(strangers - {"__main__", "__mp_main__", "sitecustomize"}))
