"""A key's security descriptor: the kernel keeps one copy for all keys of a hive that have the same
(SOURCES 5.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..target.fields import unsigned
from .key_control_blocks import read_key_control_block
from .key_layouts import KEY_SECURITY_CACHES
from .security_descriptor import BadDescriptor, SecurityDescriptor, parse_security_descriptor

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["read_key_security"]

_LONGEST = 0xFFFF  # bytes, more than the parts of one can have


def read_key_security(target: Target, block: int) -> SecurityDescriptor:
    """Of the key whose key control block is at the VA ``block``; raises MemoryUnreadable, and
    BadDescriptor for what is none."""
    memory = target.memory
    cache = read_key_control_block(memory, target.build, block).security
    if not cache:
        raise BadDescriptor("the key control block leads to none")
    layout = KEY_SECURITY_CACHES.value(target.architecture, target.build)
    length = unsigned(memory.read(cache + layout.length, 4))
    if length > _LONGEST:
        raise BadDescriptor(f"a security descriptor of {length} bytes")
    return parse_security_descriptor(memory.read(cache + layout.descriptor, length))
