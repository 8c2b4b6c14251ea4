"""A disk that takes so many bytes of a file and no more, and a process that ends there."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ended_after", "full_after"]

_CHECKOUT = Path(__file__).parents[2]


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """In the block no file of this process, and of those that it starts, is longer than ``size``
    bytes: a write gets the rest of them, the next EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ended_after(size: int, *words: str | Path) -> bool:
    """Runs a command line that the kernel kills when a file of its grows beyond ``size`` bytes:
    whether it was."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(size), *map(str, words)],
        cwd=_CHECKOUT, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == -signal.SIGXFSZ


def _main() -> int:
    from pykd_ext.command_line.main import main

    sys.dont_write_bytecode = True
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    size = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(_main())
