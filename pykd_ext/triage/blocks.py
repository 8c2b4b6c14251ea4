"""Members of a callback's block that no healthy one has."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.callback_block import CallbackBlock
from ..kernel.layouts import INTERNAL_CALLBACK
from ..kernel.object_contexts import ObjectContext, object_contexts
from ..kernel.waiting_threads import Inside, threads_inside
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
        flags = entry.block.flags
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
    """Bit 31 of the uses: CmUnRegisterCallback waits for the operations that are still in the
    callback, and the kernel passes it over. Without a thread that waits, somebody has blinded it
    (SOURCES 3.3, 3.7)."""
    pending = [entry for entry in scene.readable if entry.block.unregistering]
    waiting = threads_inside(scene.target, "CmUnRegisterCallback") if pending else None
    for entry in pending:
        assert waiting
        uses = entry.block.active_uses
        severity, what, doubt = _of_pending(waiting)
        yield about(
            entry, "unregister-pending", severity,
            f"is marked as being unregistered, so the kernel passes it over; {uses} "
            f"operation{' is' if uses == 1 else 's are'} in it, and {what}",
            {"active_uses": uses, "waiting_threads": [f"{each:#x}" for each in waiting.threads]},
            doubt,
        )  # fmt: skip


def _of_pending(waiting: Inside) -> tuple[str, str, str | None]:
    """Severity, what is seen, and what would make it harmless."""
    if waiting.threads:
        normal = (
            "it is normal for a moment; a thread that never leaves the callback blocks its "
            "driver's unload for ever"
        )
        return "info", f"the thread {waiting.threads[0]:#x} is in CmUnRegisterCallback", normal
    if waiting.unknown:
        return (
            "medium",
            "whether a thread waits in CmUnRegisterCallback is not known",
            f"{waiting.unknown}: one of them may wait there",
        )
    return "high", "no thread waits in CmUnRegisterCallback: the mark was forged", None


def uses_odd(scene: Scene) -> Iterator[Finding]:
    """More operations in a callback than a machine has threads: CmUnRegisterCallback would wait for
    them. Bit 31 is such a number on Windows 7, which calls the callback all the same (SOURCES 3.3,
    3.7)."""
    for entry in scene.readable:
        uses = entry.block.active_uses
        if uses is not None and uses >= _MANY_USES:
            yield about(
                entry, "uses-odd", "medium",
                f"{uses} operations are in it at once: the count was overwritten, and its driver "
                "can never unload",
                {"active_uses": uses},
            )  # fmt: skip


def object_contexts_broken(scene: Scene) -> Iterator[Finding]:
    """An object context that belongs to another callback, or that is none."""
    if not scene.has_list:
        return
    for entry in scene.readable:
        try:
            wrong = _first_of_another(scene, entry.block)
        except MemoryUnreadable:
            continue
        if wrong is not None:
            yield about(
                entry, "object-contexts-broken", "medium",
                f"the object context {wrong.address:#x} on its list is of the callback "
                f"{wrong.block:#x} with cookie {wrong.cookie:#x}",
                {
                    "context": f"{wrong.address:#x}",
                    "block": f"{wrong.block:#x}",
                    "cookie": f"{wrong.cookie:#x}",
                },
            )  # fmt: skip


def _first_of_another(scene: Scene, callback: CallbackBlock) -> ObjectContext | None:
    """Raises MemoryUnreadable where the list breaks before one is found."""
    head = callback.address + scene.layout.object_contexts
    contexts = object_contexts(scene.target.memory, head, _CHECKED_CONTEXTS)
    of_it = (callback.address, callback.cookie)
    return next((each for each in contexts if (each.block, each.cookie) != of_it), None)
