"""What a key that the kernel itself refuses has for a security descriptor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.key_control_blocks import key_path, read_key_control_block
from ..kernel.key_security import read_key_security
from ..kernel.security_descriptor import BadDescriptor, SecurityDescriptor
from ..target.errors import MemoryUnreadable
from .key_paths import kernel_form

if TYPE_CHECKING:
    from ..target import Target
    from .inquiry import Inquiry
    from .traced import Operation

__all__ = ["security_of_refused"]


def security_of_refused(
    target: Target, inquiry: Inquiry, refused: Operation
) -> SecurityDescriptor | str:
    """That of the key that ``refused`` is about, or why it is not known.

    To open a key leads to no key control block, when that is refused: only what else was done to
    it, when somebody had it open, does.
    """
    keys = refused.notified.notification.keys
    path = keys[0].path if keys else None
    block = inquiry.key_control_block(path) if path is not None else None
    if path is None or block is None:
        return (
            "the key's security descriptor is not known: nothing was done to the key while "
            "somebody had it open"
        )
    try:
        there = read_key_control_block(target.memory, target.build, block)
        found = key_path(target.memory, target.build, there).text
        if found is None or kernel_form(found) != kernel_form(path):
            return "the key's security descriptor is not known: nobody has the key open any more"
        return read_key_security(target, block)
    except (MemoryUnreadable, BadDescriptor) as error:
        return f"the key's security descriptor cannot be read: {error}"
