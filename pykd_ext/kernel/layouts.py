"""Where Windows keeps what, by architecture and build. Each row names its source.

The callback block's type is in no public PDB, so its layout is carried here. The numbers
are sections of pykd_ext/SOURCES.md.
"""

from __future__ import annotations

from typing import NamedTuple

from ..target.errors import UnsupportedTarget

__all__ = [
    "BlockLayout",
    "ContextLayout",
    "VectorLayout",
    "block_layout",
    "context_layout",
    "has_vector",
    "vector_layout",
    "windows_version",
]


class BlockLayout(NamedTuple):
    """CM_CALLBACK_CONTEXT_BLOCK (the name in WinObjEx64 and SwishDbgExt): offsets in bytes.

    ``flags`` is None where the build leaves that dword uninitialised; ``uncertain`` says in words
    what about the row is inferred.
    """

    size: int
    active_uses: int  # LONG PreCallListCount
    flags: int | None
    cookie: int
    caller_context: int
    function: int
    altitude: int
    object_contexts: int  # LIST_ENTRY ObjectContextListHead
    uncertain: str | None = None


UNREGISTER_PENDING = 0x8000_0000  # bit 31 of PreCallListCount (SOURCES 3.3, 3.7)
INTERNAL_CALLBACK = 1  # bit 0 of the flags, CmRegisterInternalCallback (SOURCES 1.1, 3.5)

_FIRST_FLAGS = 15063  # 1703 zeroes the block and keeps flags in it (SOURCES 1.1)

# 7 to 11, x64 and ARM64 (SOURCES 1.1: six sources for the list, Function and Cookie).
_BLOCK_64 = BlockLayout(0x50, 0x10, 0x14, 0x18, 0x20, 0x28, 0x30, 0x40)
# Vista to 10, x86 (SOURCES 1.2: three sources).
_BLOCK_32 = BlockLayout(0x30, 0x08, 0x0C, 0x10, 0x18, 0x1C, 0x20, 0x28)
# Vista x64: mimikatz and wdbgark agree on Function; the rest follows from alignment (SOURCES 1.3).
_BLOCK_64_VISTA = BlockLayout(
    0x58, 0x10, None, 0x20, 0x28, 0x30, 0x38, 0x48,
    "on x64 Vista only Function's offset is confirmed; cookie, context and altitude are inferred",
)  # fmt: skip


def block_layout(pointer_size: int, build: int) -> BlockLayout:
    """The layout of a callback block; raises UnsupportedTarget before Vista, which has none."""
    if has_vector(build):
        raise UnsupportedTarget(
            f"build {build} keeps its callbacks in CmpCallBackVector, not a list"
        )
    if pointer_size == 8 and build < 7600:
        return _BLOCK_64_VISTA
    layout = _BLOCK_64 if pointer_size == 8 else _BLOCK_32
    return layout if build >= _FIRST_FLAGS else layout._replace(flags=None)


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


# x64 read in 23H2 and 26H1 (SOURCES 1.5); the 32-bit row is the same fields by alignment.
_CONTEXT_64 = ContextLayout(0x40, 0x00, 0x10, 0x20, 0x28, 0x30, 0x38)
_CONTEXT_32 = ContextLayout(0x28, 0x00, 0x08, 0x10, 0x18, 0x1C, 0x20)


def context_layout(pointer_size: int) -> ContextLayout:
    """The layout of an object context."""
    return _CONTEXT_64 if pointer_size == 8 else _CONTEXT_32


class VectorLayout(NamedTuple):
    """CmpCallBackVector of XP and Server 2003: EX_FAST_REFs to EX_CALLBACK_ROUTINE_BLOCKs."""

    slots: int
    reference_mask: int  # the cached references in the low bits
    function: int
    context: int
    size: int


# 100 slots, masks: wdbgark, volatility, SwishDbgExt, OpenArk (SOURCES 1.4).
_VECTOR_64 = VectorLayout(100, 0xF, 0x08, 0x10, 0x18)
_VECTOR_32 = VectorLayout(100, 0x7, 0x04, 0x08, 0x0C)


def vector_layout(pointer_size: int) -> VectorLayout:
    """The layout of XP's and Server 2003's callback vector."""
    return _VECTOR_64 if pointer_size == 8 else _VECTOR_32


def has_vector(build: int) -> bool:
    """Whether this build is XP or Server 2003, before CallbackListHead."""
    return build < 6000


# First build of each NT version; the number that follows is the build itself.
_VERSIONS = ((10240, "10.0"), (9600, "6.3"), (9200, "6.2"), (7600, "6.1"), (6000, "6.0"),
             (3790, "5.2"), (2600, "5.1"))  # fmt: skip


def windows_version(build: int) -> str:
    """``10.0.19041`` for 19041, ``6.1.7601`` for 7601; the bare number for a build before XP."""
    for first, version in _VERSIONS:
        if build >= first:
            return f"{version}.{build}"
    return str(build)
