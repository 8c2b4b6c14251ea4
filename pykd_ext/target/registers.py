"""The registers of the thread that crashed, from the CONTEXT in a dump's header.

Offsets: winnt.h, which the tests ask through compilers for all three processors. Where the CONTEXT
lies in the header: :mod:`.dump_file`.
"""

from __future__ import annotations

from typing import NamedTuple

from .architecture import ARCHITECTURES
from .errors import RegisterUnavailable
from .fields import unsigned

__all__ = ["CONTEXTS", "Context", "register"]


class Context(NamedTuple):
    """One processor's CONTEXT: offsets in bytes of the registers that a call's start needs.

    ``mark`` is what ContextFlags has among the bits for the kind of processor.
    """

    flags: int
    mark: int
    registers: dict[str, int]


CONTEXTS = {
    "x64": Context(
        0x30, 0x0010_0000, {"rcx": 0x80, "rdx": 0x88, "rsp": 0x98, "r8": 0xB8, "rip": 0xF8}
    ),
    "x86": Context(0x00, 0x0001_0000, {"eip": 0xB8, "esp": 0xC4}),
    "arm64": Context(
        0x00,
        0x0040_0000,
        {"x0": 0x08, "x1": 0x10, "x2": 0x18, "lr": 0xF8, "sp": 0x100, "pc": 0x108},
    ),
}

# CONTEXT_AMD64, CONTEXT_i386, CONTEXT_ARM64 and the like; what Windows leaves unwritten ("PAGE")
# has several of these bits.
_KIND = 0x07FF_0000


def register(architecture: str, context: bytes, name: str) -> int:
    """The register ``name`` (``rcx``, ``x0``, ``eip``) in a CONTEXT.

    Raises RegisterUnavailable for a CONTEXT that was never written, and for one not in the table.
    """
    layout = CONTEXTS[architecture]
    flags = unsigned(context, layout.flags, 4)
    if flags & _KIND != layout.mark:
        raise RegisterUnavailable(name, "the dump's header holds no processor context")
    offset = layout.registers.get(name)
    if offset is None:
        raise RegisterUnavailable(name, f"not read from a dump of {architecture}")
    return unsigned(context, offset, ARCHITECTURES[architecture].pointer_size)
