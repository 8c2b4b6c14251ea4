"""A call stack's frames with names: the kernel's part, and the part of the process that asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..target.module_list import debugger_name, module_text
from .drivers import Drivers
from .listing import in_image
from .user_images import user_images

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["StackFrame", "stack_frames"]


class StackFrame(NamedTuple):
    """Where a call returns to: its VA, and ``module!name+0x1c`` or what else is known of it."""

    address: int
    text: str


def stack_frames(
    target: Target, addresses: Sequence[int], process: int | None = None
) -> tuple[StackFrame, ...]:
    """The frames with these return addresses: ``module+0x1020`` where there is no name, the address
    itself outside every image. ``process`` is the VA of the EPROCESS that the stopped thread
    belongs to, whose images are asked for user-mode addresses."""
    drivers = Drivers(target)
    of_user_mode = [each for each in addresses if not target.memory.is_kernel(each)]
    in_process = _in_user_images(target, process, of_user_mode) if process else {}

    def text(address: int) -> str:
        nearest = target.nearest_symbol(address) or in_process.get(address)
        return str(nearest or in_image(drivers.owner(address), address) or f"{address:#x}")

    return tuple(StackFrame(each, text(each)) for each in addresses)


def _in_user_images(target: Target, process: int, addresses: Sequence[int]) -> dict[int, str]:
    """``module+0x1020`` by address; every image costs requests, and so the last that is needed is
    the last that is read."""
    found: dict[int, str] = {}
    images = user_images(target, process) if addresses else iter(())
    for each in images:
        inside = [at for at in addresses if each.base <= at < each.base + each.size]
        if not inside:
            continue
        name = debugger_name(None, module_text(target.memory, each.base_dll_name))
        for address in inside:
            found[address] = f"{name}+{address - each.base:#x}"
        if len(found) == len(set(addresses)):
            break
    return found
