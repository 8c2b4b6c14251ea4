"""What callbacks and the kernel have taken and not given back."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..profiles import Profile
from ..world import World
from .memory import GuestMemory
from .work import STAGE

__all__ = ["balance", "kernel_pool"]

_IN_USE = 3  # POOL_HEADER.PoolType, as c/pool.c sets it
_POSTS = ("g_Posts", "g_Orphans", "g_LastPost")
_LINKS_LIMIT = 100


def kernel_pool(profile: Profile) -> int:
    """Where the pool of the running kernel begins, behind what a dump has."""
    return profile.paged_pool + 0x1000000


def balance(world: World, memory: GuestMemory) -> dict[str, Any]:
    """``uses``: the active uses of every callback on the list. ``pool``: blocks of the running
    kernel's pool that are in use, by tag. ``posts``, ``orphans``, ``last_post``: of how many ends
    stage.sys was told with a context and without, and the last Status."""
    found: dict[str, Any] = {"uses": _uses(world, memory), "pool": _pool(world, memory)}
    symbols = world.images[STAGE].symbols if STAGE in world.images else {}
    for name, said in zip(_POSTS, ("posts", "orphans", "last_post")):
        found[said] = memory.unsigned(symbols[name], 4) if symbols else 0
    return found


def _uses(world: World, memory: GuestMemory) -> list[int]:
    """Of Vista's blocks, which have no count, none."""
    size, head = world.profile.pointer_size, world.nt("CallbackListHead")
    uses: list[int] = []
    entry = memory.unsigned(head, size)
    while entry != head and len(uses) < _LINKS_LIMIT and not world.profile.is_vista:
        uses.append(memory.unsigned(entry + 2 * size, 4))  # PreCallListCount (SOURCES 1.1)
        entry = memory.unsigned(entry, size)
    return uses


def _pool(world: World, memory: GuestMemory) -> dict[str, int]:
    tags: Counter[str] = Counter()
    size = world.profile.pointer_size
    unit, end = 2 * size, memory.unsigned(world.nt("MmPagedPoolStart"), size)
    place = kernel_pool(world.profile)
    while place < end:
        word = memory.unsigned(place + 2, 2)  # BlockSize and PoolType (POOL_HEADER)
        units, kind = (word & 0xFF, word >> 8) if size == 8 else (word & 0x1FF, word >> 9)
        if kind == _IN_USE:
            tags[memory.read(place + 4, 4).decode("latin-1")] += 1
        place += units * unit
    return dict(tags)
