"""Which of a build's kernels runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..target.errors import MemoryUnreadable
from ..target.image import pdb_reference
from .builds import FIRST_LA57

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["has_five_levels"]

_LA57_PDB = "ntkrla57.pdb"

_KNOWN: WeakKeyDictionary[Target, bool] = WeakKeyDictionary()


def has_five_levels(target: Target) -> bool:
    """Whether ``target`` runs the kernel for five levels of page tables (SOURCES 5.5).

    That is a file of its own, ntkrla57.exe, and its image names its PDB; one whose name cannot be
    read is taken for the usual one.
    """
    if target.architecture != "x64" or target.build < FIRST_LA57:
        return False
    if target not in _KNOWN:
        try:
            reference = pdb_reference(target.memory, target.nt_base)
        except MemoryUnreadable:
            reference = None
        _KNOWN[target] = reference is not None and reference.name.lower() == _LA57_PDB
    return _KNOWN[target]
