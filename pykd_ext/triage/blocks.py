"""Members of a callback's block that no healthy one has."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.layouts import INTERNAL_CALLBACK
from ..kernel.object_contexts import object_contexts
from ..target.errors import MemoryUnreadable
from .finding import Finding, about
from .scene import Scene

__all__ = ["flags_forged", "object_contexts_broken", "unregister_pending", "uses_odd"]

_MANY_USES = 0x10000  # each is a thread inside a registry operation
_CHECKED_CONTEXTS = 100  # of each callback


def flags_forged(scene: Scene) -> Iterator[Finding]:
    """The internal flag outside nt gives a driver the extended argument; other bits have no known
    meaning (SOURCES 1.1, from build 15063)."""
    for entry in scene.readable:
        flags = entry.callback.flags
        if not flags:
            continue
        forged = flags & INTERNAL_CALLBACK and entry.owner.base != scene.target.nt_base
        unknown = flags & ~INTERNAL_CALLBACK
        if forged or unknown:
            what = "marked internal, which only the kernel's own are" if forged else "unknown bits"
            yield about(
                entry, "flags-forged", "high" if forged else "low",
                f"flags {flags:#x}: {what}",
                {"flags": f"{flags:#x}"},
                None if forged else "a newer Windows may have given them a meaning",
            )  # fmt: skip


def unregister_pending(scene: Scene) -> Iterator[Finding]:
    """CmUnRegisterCallback waits for the operations that are still in the callback."""
    for entry in scene.readable:
        if entry.callback.unregistering:
            yield about(
                entry, "unregister-pending", "info",
                f"is being unregistered, {entry.callback.active_uses} operations are still in it",
                {"active_uses": entry.callback.active_uses},
                "it is normal for a moment; a thread that never leaves the callback blocks its "
                "driver's unload for ever",
            )  # fmt: skip


def uses_odd(scene: Scene) -> Iterator[Finding]:
    """More operations in a callback than a machine has threads."""
    for entry in scene.readable:
        uses = entry.callback.active_uses
        if uses is not None and uses >= _MANY_USES:
            yield about(
                entry, "uses-odd", "medium",
                f"{uses} operations are in it at once: the count was overwritten",
                {"active_uses": uses},
            )  # fmt: skip


def object_contexts_broken(scene: Scene) -> Iterator[Finding]:
    """An object context that belongs to another callback, or that is none."""
    if not scene.has_list:
        return
    for entry in scene.readable:
        callback = entry.callback
        head = callback.address + scene.layout.object_contexts
        try:
            contexts = list(object_contexts(scene.target.memory, head, _CHECKED_CONTEXTS))
        except MemoryUnreadable:
            continue
        for each in contexts:
            if each.block != callback.address or each.cookie != callback.cookie:
                yield about(
                    entry, "object-contexts-broken", "medium",
                    f"the object context {each.address:#x} on its list is of the callback "
                    f"{each.block:#x} with cookie {each.cookie:#x}",
                    {
                        "context": f"{each.address:#x}",
                        "block": f"{each.block:#x}",
                        "cookie": f"{each.cookie:#x}",
                    },
                )  # fmt: skip
                break
