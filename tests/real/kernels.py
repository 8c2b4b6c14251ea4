"""A kernel's own code must do what the tables say: ``regcb verify``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pefile

from pykd_ext.target.errors import RegcbError
from pykd_ext.target.symbol_path import SymbolPath
from pykd_ext.verification.kernel_source import ImageFile
from pykd_ext.verification.verify import verify

from .row import Row

__all__ = ["check"]

_ROUTINE = b"CmUnRegisterCallback"


def check(files: Sequence[Path]) -> list[Row]:
    return [_judge(path) for path in files if _is_kernel(path)]


def _is_kernel(path: Path) -> bool:
    """Whether the image exports what only kernels do."""
    try:
        with pefile.PE(str(path), fast_load=True) as image:
            wanted = pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_EXPORT"]
            image.parse_data_directories([wanted])
            exported = getattr(image, "DIRECTORY_ENTRY_EXPORT", None)
            return any(each.name == _ROUTINE for each in getattr(exported, "symbols", ()))
    except (pefile.PEFormatError, OSError):
        return False


def _judge(path: Path) -> Row:
    try:
        found = verify(ImageFile(str(path)), SymbolPath(""))
    except RegcbError as error:
        return Row("kernel: verify", path.name, 1, 0, str(error))
    wrong = [f"{row.what}: {row.kernel}, not {row.table}" for row in found.rows if not row.holds]
    wrong += [f"{each.doing}: {each.why}" for each in found.halted]
    held = sum(bool(row.holds) for row in found.rows)
    judged = len(found.rows) + len(found.halted)
    return Row("kernel: verify", path.name, max(judged, 1), held, "; ".join(wrong))
