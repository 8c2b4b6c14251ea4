"""Drivers that could have a callback and have none: what a clean removal leaves (SOURCES 7.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..target.errors import MemoryUnreadable, SymbolNotFound
from ..target.image import import_addresses
from .finding import Finding
from .scene import Scene

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["driver_silent"]

_REGISTERS = ("CmRegisterCallback", "CmRegisterCallbackEx")


def driver_silent(scene: Scene) -> Iterator[Finding]:
    """A loaded driver that imports CmRegisterCallback(Ex) and owns no callback.

    Of a dump alone: each driver costs two reads, which over a debugging connection take long.
    """
    if scene.target.kind != "crash-dump" or len(scene.readable) < len(scene.entries):
        return  # and whose an entry is that cannot be read, nobody knows
    wanted = {address: name for name, address in _exports(scene.target).items()}
    owners = {entry.owner.base for entry in scene.entries}
    for module in scene.drivers.loaded():
        if module.base in owners or module.base == scene.target.nt_base:
            continue
        imported = sorted({wanted[each] for each in _imports(scene, module.base) if each in wanted})
        if imported:
            owner = scene.drivers.owner(module.base)
            yield Finding(
                id="driver-silent",
                severity="info",
                callback=None,
                summary=f"{owner.name} imports {' and '.join(imported)} and has no callback",
                evidence={
                    "driver": owner.name,
                    "path": owner.path,
                    "base": f"{module.base:#x}",
                    "imports": imported,
                },
                doubt="many drivers register only while something is switched on",
                next=f"lmvm {owner.module}",
            )


def _exports(target: Target) -> dict[str, int]:
    found = {}
    for name in _REGISTERS:
        try:
            found[name] = target.symbol(name)
        except SymbolNotFound:
            continue
    return found


def _imports(scene: Scene, base: int) -> list[int]:
    try:
        return import_addresses(scene.target.memory, base)
    except MemoryUnreadable:
        return []
