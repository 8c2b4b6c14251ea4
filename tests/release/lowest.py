"""``python -m tests.release.lowest [WORD...]``: unit tests with the lowest versions that
pyproject.toml allows, of what regcb needs and of what its tests do; the words are pytest's.

In an environment of its own, with this Python. ntoseye and memprocfs are left out, which are held
to one version, and volatility3, which needs a newer pefile than regcb does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from .archives import make_archives
from .environment import make_environment
from .errors import ReleaseError
from .requirements import metadata_of
from .sources import commit_of_checkout, export

__all__ = ["lowest_requirements"]

_CHECKOUT = Path(__file__).parents[2]
_LEFT_OUT = ("ntoseye", "memprocfs", "volatility3")
_UNIT_TESTS = ("tests/unit", "-m", "not toolchain")


def lowest_requirements(wheel: Path, *extras: str) -> list[str]:
    """``name==version`` for all that ``wheel`` with its ``extras`` names a lowest version of, for
    this Python."""
    found = set()
    for text in metadata_of(wheel).get_all("Requires-Dist", []):
        each = Requirement(text)
        marker = each.marker
        wanted = marker is None or any(marker.evaluate({"extra": name}) for name in ("", *extras))
        if wanted and each.name not in _LEFT_OUT:
            lowest = next(part.version for part in each.specifier if part.operator == ">=")
            extras_of_it = f"[{','.join(sorted(each.extras))}]" if each.extras else ""
            found.add(f"{each.name}{extras_of_it}=={lowest}")
    return sorted(found)


def _run(folder: Path, words: list[str]) -> int:
    """pytest's exit status, with these words. Needs the network; raises ReleaseError."""
    sources = export(folder / "sources", commit_of_checkout(with_changes=True))
    wheel = make_archives(sources, folder).wheel
    extras = set(metadata_of(wheel).get_all("Provides-Extra", [])) - {"lint"}
    requirements = lowest_requirements(wheel, *extras)
    python = make_environment(folder / "lowest", sys.executable, requirements)
    done = subprocess.run(
        [str(python), "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=_CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(_CHECKOUT)},
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    try:
        with tempfile.TemporaryDirectory() as temporary:
            sys.exit(_run(Path(temporary), sys.argv[1:] or list(_UNIT_TESTS)))
    except ReleaseError as error:
        sys.exit(f"release: {error}")
