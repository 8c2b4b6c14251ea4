"""The wheel and the archive of sources, as ``pip install`` takes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .errors import ReleaseError
from .sources import Sources

__all__ = ["Archives", "make_archives"]

# The build backend of pyproject.toml, which builds what lies in the folder that it runs in.
_BUILD = """
import sys
from flit_core import buildapi
print(buildapi.build_wheel(sys.argv[1]))
print(buildapi.build_sdist(sys.argv[1]))
"""


class Archives(NamedTuple):
    """Where they lie."""

    wheel: Path
    sdist: Path


def make_archives(sources: Sources, folder: Path) -> Archives:
    """Writes both to ``folder``: the same bytes of the same commit, whenever and wherever they are
    made with the same flit_core. Raises ReleaseError."""
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(folder.resolve())],
        cwd=sources.folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(sources.time)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"flit_core: {done.stderr.strip().splitlines()[-1]}")
    wheel, sdist = done.stdout.split()
    return Archives(folder / wheel, folder / sdist)
