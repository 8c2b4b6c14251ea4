"""Pages that are not there: callbacks, their altitudes and their globals are pageable."""

from __future__ import annotations

from ..scene import Scene

__all__ = ["DAMAGES"]


def head_unreadable(scene: Scene, _: int) -> int:
    """The page with the list head (or XP's vector), the count and the last cookie is paged out."""
    symbol = "CmpCallBackVector" if scene.world.profile.has_vector else "CallbackListHead"
    return _page_out(scene, scene.world.nt(symbol))


def entry_unreadable(scene: Scene, index: int) -> int:
    """A callback's block is paged out."""
    return _page_out(scene, scene.callbacks[index].address)


def altitude_unreadable(scene: Scene, index: int) -> int:
    """A callback's altitude text is paged out."""
    assert scene.list_head
    return _page_out(scene, scene.callbacks[index].altitude_buffer)


def modules_unreadable(scene: Scene, _: int) -> int:
    """The entries of PsLoadedModuleList are not in the dump, only its head."""
    return _page_out(scene, scene.modules[0])


def unloaded_unreadable(scene: Scene, _: int) -> int:
    """The array of unloaded drivers is not in the dump."""
    return _page_out(scene, scene.world.space.pointer(scene.world.nt("MmUnloadedDrivers")))


def code_unreadable(scene: Scene, index: int) -> int:
    """The page with a callback's code is paged out."""
    return _page_out(scene, scene.callbacks[index].function)


def _page_out(scene: Scene, address: int) -> int:
    scene.world.space.tables.page_out(address)
    return address


DAMAGES = (
    head_unreadable,
    entry_unreadable,
    altitude_unreadable,
    modules_unreadable,
    unloaded_unreadable,
    code_unreadable,
)
