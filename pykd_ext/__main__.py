"""``python -m pykd_ext`` and the ``regcb`` command."""

from __future__ import annotations

import sys

from .commands.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
