"""A dump that was cut off, and symbols that are not the dump's."""

from __future__ import annotations

import os

from .. import pdb_file
from ..physical_memory import PAGE
from ..scene import Scene

__all__ = ["DAMAGES"]

_FOREIGN_GUID = bytes(range(0x10, 0x20))


def truncated(scene: Scene, pages: int) -> None:
    """The dump ends after as many pages as the index says, as when the disk was full."""
    os.truncate(scene.path, pages * PAGE)


def pdb_wrong_guid(scene: Scene, _: int) -> None:
    """The kernel's PDB belongs to another build of it: its GUID is not the image's."""
    pdb_file.replace_guid(scene.own_symbols() / scene.world.profile.kernel_pdb, _FOREIGN_GUID)


def pdb_missing(scene: Scene, _: int) -> None:
    """There is no PDB of the kernel."""
    (scene.own_symbols() / scene.world.profile.kernel_pdb).unlink()


def pdb_damaged(scene: Scene, _: int) -> None:
    """The kernel's PDB is cut off in the middle."""
    path = scene.own_symbols() / scene.world.profile.kernel_pdb
    os.truncate(path, path.stat().st_size // 2)


def list_symbol_missing(scene: Scene, _: int) -> None:
    """The kernel's PDB does not have the list head (or XP's vector) among its symbols."""
    symbol = "CmpCallBackVector" if scene.world.profile.has_vector else "CallbackListHead"
    path = scene.own_symbols() / scene.world.profile.kernel_pdb
    pdb_file.rename_public(path, symbol, "X" + symbol[1:])


DAMAGES = (truncated, pdb_wrong_guid, pdb_missing, pdb_damaged, list_symbol_missing)
