"""Where the function starts that an address lies in, without symbols.

x64 and ARM64 images have a table of their functions. x86 code has none: there the starts of
functions are looked for by their first instructions, and the nearest is not always the right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..target.errors import MemoryUnreadable
from ..target.function_table import extent_of
from ..target.memory import PAGE

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["function_starts"]

_LONGEST = 0x2000  # bytes of a function that are looked at
# push ebp; mov ebp, esp, also behind mov edi, edi; or a call of the C runtime's _SEH_prolog4 with
# the size of the frame and the scope table. Before it padding, or the end of another function.
_STARTS = re.compile(
    rb"(?<=[\x90\xcc\xc3\x00])"
    rb"(?:(?:[\x89\x8b]\xff)?\x55(?:\x8b\xec|\x89\xe5)|(?:\x6a.|\x68....)\x68....\xe8)",
    re.DOTALL,
)


def function_starts(target: Target, address: int) -> Iterator[int]:
    """VAs in the kernel's image, the likeliest first; nothing where that is not known."""
    if target.architecture == "x86":
        yield from _by_prologues(target, address)
        return
    try:
        extent = extent_of(target.memory, target.nt_base, address - target.nt_base)
    except MemoryUnreadable:
        return
    if extent is not None and not extent.is_part:
        yield target.nt_base + extent.start


def _by_prologues(target: Target, address: int) -> Iterator[int]:
    """The nearest first."""
    code = b""
    while len(code) < _LONGEST:
        size = (address - len(code)) % PAGE or PAGE
        try:
            code = target.memory.read(address - len(code) - size, size) + code
        except MemoryUnreadable:
            break
    starts = [address - len(code) + found.start() for found in _STARTS.finditer(code)]
    yield from reversed(starts)
