"""A target that is a piece of code."""

from __future__ import annotations

from typing import Any

from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.memory import Memory

from .assembly import PLACE

__all__ = ["KernelCode"]


class KernelCode:
    """Code at its place in a kernel, and nothing around it."""

    build = 19041

    def __init__(self, architecture: str, code: bytes) -> None:
        self.architecture = architecture
        self._start, self._code = PLACE[architecture], code.ljust(0x1000, b"\xcc")
        target: Any = self
        self.memory = Memory(target)

    def read(self, address: int, size: int) -> bytes:
        at = address - self._start
        if not 0 <= at <= len(self._code) - size:
            raise MemoryUnreadable(address, size)
        return self._code[at : at + size]
