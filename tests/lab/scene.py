"""A finished world, ready to be damaged and written."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .callback_blocks import PlacedCallback, block_layout
from .physical_memory import PAGE
from .world import World

__all__ = ["Scene"]


@dataclass
class Scene:
    """What a damage may change. ``callbacks`` is in calling order, ``modules`` in load order (VAs),
    ``threads`` are ETHREADs, the first of which runs.

    ``symbols`` is the build's own folder, shared by all dumps, until :meth:`own_symbols`.
    """

    path: Path
    world: World
    callbacks: list[PlacedCallback]
    modules: list[int]
    threads: list[int]
    symbols: Path

    @property
    def pages(self) -> int:
        """The length of the written dump in pages."""
        return self.path.stat().st_size // PAGE

    @property
    def list_head(self) -> int:
        """The VA of CallbackListHead; raises ValueError before Vista."""
        if self.world.profile.has_vector:
            raise ValueError(f"{self.world.profile.name} has no callback list")
        return self.world.nt("CallbackListHead")

    def block(self, index: int) -> int:
        """The VA of a callback's block; raises ValueError where there is no list."""
        assert self.list_head
        return self.callbacks[index].address

    def block_field(self, index: int, field: str) -> int:
        """The VA of a field of a callback's block, as BlockLayout names it; raises ValueError where
        the build has none."""
        offset = getattr(block_layout(self.world), field)
        if offset is None:
            raise ValueError(f"{self.world.profile.name} has no {field} in its blocks")
        return self.block(index) + int(offset)

    def function_field(self, index: int) -> int:
        """The VA of a callback's function pointer, in list and vector alike."""
        if self.world.profile.has_vector:
            return self.callbacks[index].address + self.world.profile.pointer_size
        return self.block_field(index, "function")

    def own_symbols(self) -> Path:
        """A copy of the PDBs beside the dump, for this dump alone; made once."""
        own = self.path.with_name(self.path.name + ".symbols")
        if self.symbols != own:
            shutil.rmtree(own, ignore_errors=True)
            shutil.copytree(self.symbols, own)
            self.symbols = own
        return own
