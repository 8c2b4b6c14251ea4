"""``python -m pykd_ext`` and the ``regcb`` command."""

from __future__ import annotations

import gc
import sys

__all__ = ["main"]


def main() -> int:
    """Runs the command line in a process of its own; the exit status.

    Looking for garbage among imports, and once more at exit, takes a sixth of a short run and finds
    none: so it is looked for seldom, and what is left is let lie.
    """
    gc.set_threshold(100_000)
    try:
        from .command_line.main import main as run  # noqa: PLC0415

        status = run()
    except KeyboardInterrupt:  # among the imports; later ones are the command's
        sys.stderr.write("regcb: interrupted\n")
        status = 2
    gc.freeze()
    return status


if __name__ == "__main__":
    sys.exit(main())
