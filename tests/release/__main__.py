"""``python -m tests.release [FOLDER]``: makes a release of the checkout's commit, in ``dist`` or
there."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .errors import ReleaseError
from .release import make_release
from .sources import commit_of_checkout, export

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dist")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            sources = export(Path(temporary, "sources"), commit_of_checkout())
            for path in make_release(sources, folder):
                print(path)
    except ReleaseError as error:
        sys.exit(f"release: {error}")
