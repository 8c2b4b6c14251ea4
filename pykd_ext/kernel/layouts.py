"""Where Windows keeps its registry callbacks, by architecture and build.

The callback block's type is in no public PDB, so its layout is carried here. Sources are sections
of pykd_ext/SOURCES.md.
"""

from __future__ import annotations

from typing import NamedTuple

from . import builds
from .builds import DERIVED, PUBLIC, REAL, Row, Table

__all__ = [
    "BLOCKS",
    "INTERNAL_CALLBACK",
    "UNREGISTER_PENDING",
    "VECTORS",
    "BlockLayout",
    "ContextLayout",
    "VectorLayout",
    "context_layout",
]


class BlockLayout(NamedTuple):
    """CM_CALLBACK_CONTEXT_BLOCK (the name in WinObjEx64 and SwishDbgExt): offsets in bytes.

    ``active_uses`` is None where the build counts none, ``flags`` where it leaves that dword
    uninitialised or has none. ``pending`` is the bit of the uses that CmUnRegisterCallback sets
    and the calls look at, 0 where the build has none.
    """

    size: int
    link: int  # LIST_ENTRY of CallbackListHead
    active_uses: int | None  # LONG PreCallListCount
    flags: int | None
    cookie: int
    caller_context: int
    function: int
    altitude: int
    object_contexts: int  # LIST_ENTRY ObjectContextListHead
    pending: int


UNREGISTER_PENDING = 0x8000_0000  # of PreCallListCount, from 8 on (SOURCES 3.3, 3.7)
INTERNAL_CALLBACK = 1  # bit 0 of the flags, CmRegisterInternalCallback (SOURCES 1.1, 3.5)

_BIT = UNREGISTER_PENDING
_64 = BlockLayout(0x50, 0x00, 0x10, 0x14, 0x18, 0x20, 0x28, 0x30, 0x40, _BIT)
_32 = BlockLayout(0x30, 0x00, 0x08, 0x0C, 0x10, 0x18, 0x1C, 0x20, 0x28, _BIT)
# Vista has a LIST_ENTRY of threads where later builds count, and a mutex at the end.
_64_VISTA = BlockLayout(0x60, 0x00, None, None, 0x20, 0x28, 0x30, 0x38, 0x48, 0)
_32_VISTA = BlockLayout(0x38, 0x00, None, None, 0x10, 0x18, 0x1C, 0x20, 0x28, 0)

_VERIFY = "regcb verify asks this kernel"

BLOCKS = Table(
    "the layout of a callback's block",
    rows={
        "x64": (
            Row(builds.V1703, _64, REAL, "SOURCES 1.1"),
            Row(builds.WINDOWS_8, _64._replace(flags=None), REAL, "SOURCES 1.1"),
            Row(builds.WINDOWS_7, _64._replace(flags=None, pending=0), PUBLIC, "SOURCES 1.1"),
            Row(builds.VISTA, _64_VISTA, DERIVED, "SOURCES 1.3"),
        ),
        "x86": (
            Row(builds.V1703, _32, PUBLIC, "SOURCES 1.2"),
            Row(builds.WINDOWS_8, _32._replace(flags=None), PUBLIC, "SOURCES 1.2"),
            Row(builds.WINDOWS_7, _32._replace(flags=None, pending=0), REAL, "SOURCES 1.2"),
            Row(builds.VISTA, _32_VISTA, REAL, "SOURCES 1.2"),
        ),
        "arm64": (
            Row(builds.V1703, _64, DERIVED, "SOURCES 1.1"),
        ),
    },
    ask=_VERIFY,
)  # fmt: skip


class ContextLayout(NamedTuple):
    """A `CMcc` object context (CmSetCallbackObjectContext), in two lists.

    By ``link`` it is in its callback's, by ``key_link`` in its key object's.
    """

    size: int
    key_link: int
    link: int
    cookie: int
    block: int
    key_object: int
    context: int


# x64 read in 9200, 19041, 23H2 and 26H1 (SOURCES 1.5); the 32-bit row is the same by alignment.
_CONTEXT_64 = ContextLayout(0x40, 0x00, 0x10, 0x20, 0x28, 0x30, 0x38)
_CONTEXT_32 = ContextLayout(0x28, 0x00, 0x08, 0x10, 0x18, 0x1C, 0x20)


def context_layout(pointer_size: int) -> ContextLayout:
    """The layout of an object context."""
    return _CONTEXT_64 if pointer_size == 8 else _CONTEXT_32


class VectorLayout(NamedTuple):
    """CmpCallBackVector of XP and Server 2003: EX_FAST_REFs to EX_CALLBACK_ROUTINE_BLOCKs, whose
    context is the configuration manager's own block (``CMcb``)."""

    slots: int
    reference_mask: int  # the cached references in the low bits
    function: int
    context: int
    size: int
    block_size: int
    cookie: int  # in the block
    caller_context: int  # in the block


_VECTOR_64 = VectorLayout(100, 0xF, 0x08, 0x10, 0x18, 0x28, 0x00, 0x20)
_VECTOR_32 = VectorLayout(100, 0x7, 0x04, 0x08, 0x0C, 0x18, 0x00, 0x14)

VECTORS = Table(
    "the layout of a callback's block",
    rows={
        "x64": (Row(0, _VECTOR_64, DERIVED, "SOURCES 1.4"),),
        "x86": (
            Row(builds.SERVER_2003, _VECTOR_32, DERIVED, "SOURCES 1.4"),
            Row(0, _VECTOR_32, REAL, "SOURCES 1.4"),
        ),
    },
    ask=_VERIFY,
    newest={"x64": builds.SERVER_2003, "x86": builds.SERVER_2003},
)
