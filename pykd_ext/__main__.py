"""``python -m pykd_ext`` and the ``regcb`` command."""

from __future__ import annotations

import gc
import sys

gc.disable()  # imports leave no garbage, and looking for it is a twentieth of a short run
from .commands.main import main  # noqa: E402

gc.enable()

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
