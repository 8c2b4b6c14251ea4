"""What lies between functions: the fill that compilers and linkers make.

Behind a function that is genuinely short there is fill up to the next; behind a patch there is what
it has left of the old code. The sequences are what MSVC's tools and LLVM's have put into images:
nine x86 kernels from XP SP3 to 7 SP1, signed x64 and ARM64 drivers, 295 other images (SOURCES 7.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..kernel.instructions import Instruction

__all__ = ["LONGEST_FILL", "is_fill_behind"]

LONGEST_FILL = 32  # bytes that are looked at
_ALIGNMENT = 16  # of functions, where a linker aligns them


class _Fill(NamedTuple):
    """One kind of fill: the instructions that it is made of, and how many bytes of them are no
    chance without an alignment that they reach (None: there is no such number)."""

    texts: frozenset[str]
    mnemonics: frozenset[str]
    enough: int | None


_FILLS = (
    # Never run: old code has no two of them in a row.
    _Fill(frozenset(), frozenset({"int3", "brk"}), 2),
    # In front of a function that can be hotpatched there are five (x86, /functionpadmin:5).
    _Fill(frozenset(), frozenset({"nop", "int3"}), 5),
    # Loops and functions of the first kernels are aligned with what changes nothing.
    _Fill(
        frozenset({
            "mov edi, edi", "mov esi, esi", "xchg ax, ax", "lea esp, [esp]", "lea ecx, [ecx]",
            "lea ebx, [ebx]", "lea esi, [esi]", "lea edi, [edi]",
        }),
        frozenset({"nop", "int3"}),
        None,
    ),
    # ARM64's zeros; those of x86 are what is left of a section, or of a patch.
    _Fill(frozenset(), frozenset({"udf"}), None),
    _Fill(frozenset({"add byte ptr [eax], al", "add byte ptr [rax], al"}), frozenset(), 16),
)  # fmt: skip


def is_fill_behind(function: int, end: int, rest: Sequence[Instruction]) -> bool:
    """Whether the code of a function at the VA ``function`` ends at the VA ``end``, as far as the
    instructions behind it, ``rest``, tell."""
    to_boundary = -end % _ALIGNMENT
    if not to_boundary and not function % _ALIGNMENT:
        return True
    for fill in _FILLS:
        covered = 0
        for each in rest:
            if each.text not in fill.texts and each.mnemonic not in fill.mnemonics:
                break
            covered += len(each.code)
        if fill.enough is None:
            if 0 < to_boundary <= covered:
                return True
        elif covered >= fill.enough or (fill.enough < _ALIGNMENT and 0 < to_boundary <= covered):
            return True
    return False
