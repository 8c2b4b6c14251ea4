"""A file as a target: a crash dump, or an image of a machine's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .crash_dump import CrashDump
from .dump_file import is_dump
from .symbol_path import SymbolPath

if TYPE_CHECKING:
    from . import Target

__all__ = ["open_file"]


def open_file(path: str, symbol_path: SymbolPath) -> Target:
    """Raises TargetError when ``path`` is neither, or holds no Windows."""
    if not is_dump(path):
        from .containers import find_container  # noqa: PLC0415 - a dump needs none

        container = find_container(path)
        if container is not None:
            from .memory_image import MemoryImage  # noqa: PLC0415

            return MemoryImage(container, symbol_path)
    return CrashDump(path, symbol_path)
