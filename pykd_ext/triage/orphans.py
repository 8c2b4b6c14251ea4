"""Callbacks that the list does not lead to, and that somebody else still knows of."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.listing import RegistryCallback
from .finding import Finding, about
from .links import is_passed_over
from .scene import Orphan, Scene
from .unregistrations import unlisted_unregistrations

__all__ = ["entry_orphaned"]

_WITNESSES = {
    "thread": "a thread is in it",
    "object-context": "a key's object context names it",
    "carved": "its pool block is still there",
}
_IN_FLIGHT = "an unregistration in flight takes the entry out before it frees the block"
_NOT_WHOLE = (
    "the list could not be read to its end either way, and no neighbour says that it was taken out"
)
_FREED = "a freed block keeps its bytes until the memory has another user"
_DOUBTS = {
    "live": _IN_FLIGHT,
    "allocated": _IN_FLIGHT,
    "freed": _FREED,
    "unknown": f"the pool of this Windows does not tell a free block here: {_FREED}, also after a "
    "clean unregistration; a thread in it, an object context or CmpCallBackCount would tell",
}


def entry_orphaned(scene: Scene) -> Iterator[Finding]:
    """Unlinking an entry stops its calls and leaves the block: with the count corrected, this is
    all that betrays it (SOURCES 7.1)."""
    in_flight = _in_flight(scene)
    for entry, state in scene.orphans:
        found_by = entry.block.found_by
        may_be_listed = _may_be_listed(scene, entry)
        is_harmless = may_be_listed or (entry, state) in in_flight
        where = "was not seen on the list" if may_be_listed else "is not on the list"
        yield about(
            entry, "entry-orphaned", "info" if is_harmless else _severity(scene, entry, state),
            f"the callback of {entry.owner.name or 'no known image'} at altitude "
            f"{entry.block.altitude} {where}, but {_WITNESSES[found_by]}",
            {
                "address": f"{entry.block.address:#x}",
                "found_by": found_by,
                "state": state,
                "function": f"{entry.block.function or 0:#x}",
                "cookie": f"{entry.block.cookie or 0:#x}",
            },
            _NOT_WHOLE if may_be_listed else _DOUBTS[state],
        )._replace(next=f"!pool {entry.block.address:#x}")  # fmt: skip


def _may_be_listed(scene: Scene, entry: RegistryCallback) -> bool:
    if scene.listing.callbacks.is_whole:
        return False
    return not is_passed_over(scene.target.memory, entry.block.address + scene.layout.link)


def _in_flight(scene: Scene) -> list[Orphan]:
    """Those that a thread in CmUnRegisterCallback may have unlinked, which then waits until nobody
    is in them: on builds that do so in this order, and no more of them than there are threads."""
    if not scene.orphans or scene.layout.pending:
        return []
    used = [each for each in scene.orphans if each.entry.block.active_uses != 0]
    return used if len(used) <= unlisted_unregistrations(scene) else []


def _severity(scene: Scene, entry: RegistryCallback, state: str) -> str:
    """Where nothing tells a free block, a driver that has unregistered leaves the same bytes as one
    that was unlinked: a second witness is waited for, a count that still includes the entry. The
    kernel's own two come and go (SOURCES 2.3)."""
    if state != "unknown":
        return "info" if state == "freed" else "high"
    count = scene.listing.callbacks.callback_count
    is_missed = count is not None and count > len(scene.entries)
    is_own = entry.owner.base == scene.target.nt_base
    has_other = any(each.owner.base == entry.owner.base for each in scene.entries)
    suspicious = is_missed and not is_own and entry.owner.state == "loaded" and not has_other
    return "medium" if suspicious else "info"
