"""``python -m tests.release FOLDER``: makes the Windows bundle."""

from __future__ import annotations

import sys
from pathlib import Path

from .bundle import BundleError, make_bundle

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dist")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        print(make_bundle(folder))
    except BundleError as error:
        sys.exit(f"release: {error}")
