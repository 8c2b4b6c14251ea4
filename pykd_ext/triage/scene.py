"""What the checks look at: one target's list, with the witnesses that more than one check asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..kernel.drivers import Drivers
from ..kernel.layouts import BLOCKS, BlockLayout
from ..kernel.listing import Listing, RegistryCallback
from ..target.image_files import ImageFiles

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Orphan", "Scene"]


class Orphan(NamedTuple):
    """A callback that the list does not lead to; ``state`` is what its pool header says."""

    entry: RegistryCallback
    state: str


class Scene(NamedTuple):
    """A listing, the target that it was read from, still stopped, the drivers' own files, and the
    callbacks that the list does not lead to. Checks append to ``problems`` what they could not
    judge, and why."""

    target: Target
    listing: Listing
    drivers: Drivers
    files: ImageFiles
    problems: list[str]
    orphans: tuple[Orphan, ...] = ()

    @property
    def head(self) -> int:
        """The VA of CallbackListHead; of XP's vector there are no links to check, and a small dump,
        which has none, is not asked."""
        return self.listing.callbacks.head or 0

    @property
    def has_list(self) -> bool:
        return not self.listing.callbacks.is_vector

    @property
    def layout(self) -> BlockLayout:
        return BLOCKS.layout(self.target)

    @property
    def entries(self) -> list[RegistryCallback]:
        """In calling order, those whose block could not be read among them."""
        return self.listing.entries

    @property
    def readable(self) -> list[RegistryCallback]:
        """The entries whose block could be read."""
        return [entry for entry in self.entries if entry.block.function is not None]
