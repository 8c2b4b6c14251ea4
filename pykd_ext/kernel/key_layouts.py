"""Where a registry key object keeps its name, by architecture and build.

Every row is a type of the public PDBs: x64 and x86 from vergilius-rs, the bits in words from
SOURCES 5.1 to 5.3. A row holds from its build until the next row's. ARM64's are derived from x64's:
nobody has looked, and the target's doubts say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from . import builds
from .builds import DERIVED, PUBLIC, REAL, Row, Table
from .doubts import note_doubt

if TYPE_CHECKING:
    from ..target import Target

__all__ = [
    "HCELL_NIL",
    "KEY_BODIES",
    "KEY_BODY_TYPE",
    "KEY_CONTROL_BLOCKS",
    "KEY_FLAGS",
    "KEY_HIVE_ENTRY",
    "KEY_SECURITY_CACHES",
    "KEY_VIRT_TARGET",
    "LAYER_TOMBSTONE",
    "KeyBodyLayout",
    "KeyControlBlockLayout",
    "LayerLayout",
    "NameBlockLayout",
    "SecurityCacheLayout",
    "layer_layout",
    "name_block_layout",
    "note_key_doubts",
]

KEY_BODY_TYPE = 0x6B79_3032  # 'ky02', CM_KEY_BODY.Type
HCELL_NIL = 0xFFFF_FFFF  # KeyCell of a key that is in no hive

LAYER_TOMBSTONE = 1  # LayerSemantics of a key that its container has deleted (SOURCES 5.5)

KEY_HIVE_ENTRY = 0x0004  # KCB.Flags: the root of a hive
KEY_VIRT_TARGET = 0x0100  # KCB.Flags: below VIRTUALSTORE, UAC's copy of another key (SOURCES 5.4)
# KCB.Flags, which are those of the key in its hive (SOURCES 5.9).
KEY_FLAGS = {
    "KEY_VOLATILE": 0x0001,
    "KEY_HIVE_EXIT": 0x0002,
    "KEY_HIVE_ENTRY": KEY_HIVE_ENTRY,
    "KEY_NO_DELETE": 0x0008,
    "KEY_SYM_LINK": 0x0010,
    "KEY_COMP_NAME": 0x0020,
    "KEY_PREDEF_HANDLE": 0x0040,
    "KEY_VIRT_MIRRORED": 0x0080,
    "KEY_VIRT_TARGET": KEY_VIRT_TARGET,
    "KEY_VIRTUAL_STORE": 0x0200,
}

Bits = tuple[tuple[int, str], ...]  # a bit's number, and what it says


class KeyBodyLayout(NamedTuple):
    """CM_KEY_BODY: offsets in bytes; ``states`` are bits of the word at ``flags``."""

    size: int
    key_control_block: int
    process_id: int
    flags: int | None
    transaction: int | None  # KtmTrans, Trans since 1607
    contexts: int | None  # LIST_ENTRY ContextListHead, of CMcc entries
    states: Bits = ()


class KeyControlBlockLayout(NamedTuple):
    """CM_KEY_CONTROL_BLOCK: offsets in bytes; ``states`` are bits of the dword at ``state``.

    ``skips_hive_entries``: a hive's root has a KCB of its own below the mount point's, whose name
    is no part of a path.
    """

    size: int
    state: int
    states: Bits
    key_cell: int
    layer_height: int | None  # USHORT, behind the byte LayerSemantics
    parent: int
    name_block: int  # then CachedSecurity, a CM_KEY_SECURITY_CACHE *, and ValueCache, of values
    sub_key_count: int  # of the union of SubKeyCount, IndexHint and HashKey
    last_write: int  # LARGE_INTEGER KcbLastWriteTime
    flags: int  # ULONG, whose upper half is Flags
    full_name: int | None  # PUNICODE_STRING FullKCBName
    transactions: int | None  # LIST_ENTRY KCBUoWListHead
    layer_info: int | None = None  # PCM_KCB_LAYER_INFO
    skips_hive_entries: bool = False


class LayerLayout(NamedTuple):
    """CM_KCB_LAYER_INFO: offsets in bytes."""

    key_control_block: int
    lower_layer: int  # PCM_KCB_LAYER_INFO


class SecurityCacheLayout(NamedTuple):
    """CM_KEY_SECURITY_CACHE: offsets in bytes."""

    length: int  # ULONG DescriptorLength, in bytes
    descriptor: int


class NameBlockLayout(NamedTuple):
    """CM_NAME_CONTROL_BLOCK: bit 0 of its first byte is Compressed, NameLength is in bytes."""

    name_length: int
    name: int


# CmpPerformKeyBodyDeletionCheck, read in 1507 to 26H1 (SOURCES 5.1).
_BODY_STATES = ((0, "hive unloaded"), (3, "deleted"))

_Layout = TypeVar("_Layout")


def _table(what: str, x64: Sequence[Row[_Layout]], x86: Sequence[Row[_Layout]]) -> Table[_Layout]:
    """ARM64's rows from its first build on are x64's: the types have nothing of a processor's."""
    of_arm64: dict[int, Row[_Layout]] = {}
    for row in sorted(x64, key=lambda row: row.first):
        first = max(row.first, builds.V1709)
        of_arm64[first] = Row(first, row.value, DERIVED, row.source)
    return Table(what, {"x64": x64, "x86": x86, "arm64": list(of_arm64.values())})


_B = KeyBodyLayout
KEY_BODIES = _table(
    "the layout of keys",
    x64=(
        Row(
            builds.SERVER_2022,
            _B(0x70, 0x08, 0x18, 0x30, 0x38, 0x48, _BODY_STATES),
            PUBLIC,
            "SOURCES 5.7",
        ),
        Row(
            builds.V2004,
            _B(0x68, 0x08, 0x18, 0x30, 0x38, 0x48, _BODY_STATES),
            REAL,
            "SOURCES 5.1, 5.7",
        ),
        Row(
            builds.V1709,
            _B(0x60, 0x08, 0x18, 0x30, 0x38, 0x48, _BODY_STATES),
            PUBLIC,
            "SOURCES 5.7",
        ),
        Row(
            builds.V1507,
            _B(0x58, 0x08, 0x18, 0x30, 0x38, 0x48, _BODY_STATES),
            PUBLIC,
            "SOURCES 5.1",
        ),
        Row(builds.WINDOWS_8, _B(0x58, 0x08, 0x18, 0x30, 0x38, 0x48), REAL, "SOURCES 5.1"),
        Row(builds.VISTA_SP1, _B(0x58, 0x08, 0x18, 0x30, 0x38, 0x48), PUBLIC, "SOURCES 5.1"),
        Row(builds.VISTA, _B(0x60, 0x08, 0x18, 0x30, 0x38, 0x50), PUBLIC, "SOURCES 5.1"),
        Row(0, _B(0x30, 0x08, 0x18, None, None, None), PUBLIC, "SOURCES 5.1"),
    ),
    x86=(
        Row(
            builds.V1507,
            _B(0x2C, 0x04, 0x0C, 0x18, 0x1C, 0x24, _BODY_STATES),
            PUBLIC,
            "SOURCES 5.1",
        ),
        Row(builds.VISTA_SP1, _B(0x2C, 0x04, 0x0C, 0x18, 0x1C, 0x24), PUBLIC, "SOURCES 5.1"),
        Row(builds.VISTA, _B(0x30, 0x04, 0x0C, 0x18, 0x1C, 0x28), PUBLIC, "SOURCES 5.1"),
        Row(0, _B(0x44, 0x04, 0x0C, None, None, None), PUBLIC, "SOURCES 5.1"),
    ),
)

# Delete of XP and 2003; where Vista keeps it is not known. From 14393 on it is called Discarded.
_XP = ((9, "deleted"),)
_VISTA: Bits = ()
_WINDOWS_7 = ((17, "deleted"), (18, "hive unloaded"), (19, "decommissioned"))
_FREED = ((16, "freed"), *_WINDOWS_7)

# 1607 gave hives' roots a KCB of their own (SOURCES 5.4).
_K = KeyControlBlockLayout


def _public(first: int, layout: KeyControlBlockLayout) -> Row[KeyControlBlockLayout]:
    return Row(first, layout, PUBLIC, "SOURCES 5.2, 5.12")


# fmt: off
KEY_CONTROL_BLOCKS = _table(
    "the layout of keys",
    x64=(
        _public(builds.V1903, _K(0x138, 0x08, _FREED, 0x28, 0x42, 0x48, 0x50,
                0x70, 0xA8, 0xB8, 0x128, 0xD0, 0xC0, True)),
        _public(builds.V1709, _K(0x130, 0x04, _WINDOWS_7, 0x20, 0x3A, 0x40, 0x48,
                0x68, 0xA0, 0xB0, 0x120, 0xC8, 0xB8, True)),
        _public(builds.V1607, _K(0x128, 0x04, _WINDOWS_7, 0x20, 0x3A, 0x40, 0x48,
                0x68, 0xA0, 0xB0, 0x120, 0xC8, 0xB8, True)),
        _public(builds.WINDOWS_7, _K(0x128, 0x04, _WINDOWS_7, 0x28, None, 0x48, 0x50,
                0x70, 0xA8, 0xB8, 0x120, 0xC8)),
        _public(builds.VISTA, _K(0x100, 0x04, _VISTA, 0x20, None, 0x28, 0x30,
                0x50, 0x90, 0xA0, 0xF8, 0xB0)),
        _public(0, _K(0xB0, 0x04, _XP, 0x20, None, 0x28, 0x30, 0x50, 0x90, 0xA0, None, None)),
    ),
    x86=(
        _public(builds.V1903, _K(0xB0, 0x04, _FREED, 0x14, 0x22, 0x24, 0x28,
                0x3C, 0x58, 0x68, 0xA0, 0x70, 0x6C, True)),
        _public(builds.V1709, _K(0xB0, 0x04, _WINDOWS_7, 0x14, 0x22, 0x24, 0x28,
                0x38, 0x58, 0x68, 0xA0, 0x70, 0x6C, True)),
        _public(builds.V1607, _K(0xA8, 0x04, _WINDOWS_7, 0x14, 0x22, 0x28, 0x2C,
                0x3C, 0x58, 0x68, 0xA0, 0x70, 0x6C, True)),
        _public(builds.WINDOWS_7, _K(0xA0, 0x04, _WINDOWS_7, 0x18, None, 0x28, 0x2C,
                0x3C, 0x58, 0x68, 0x9C, 0x6C)),
        _public(builds.VISTA, _K(0x90, 0x04, _VISTA, 0x14, None, 0x18, 0x1C,
                0x2C, 0x50, 0x60, 0x8C, 0x64)),
        _public(builds.SERVER_2003, _K(0x68, 0x04, _XP, 0x14, None, 0x18, 0x1C,
                0x2C, 0x50, 0x60, None, None)),
        _public(0, _K(0x50, 0x04, _XP, 0x14, None, 0x18, 0x1C, 0x2C, 0x38, 0x48, None, None)),
    ),
)
# fmt: on

KEY_SECURITY_CACHES = _table(
    "the layout of keys",
    x64=(Row(0, SecurityCacheLayout(0x18, 0x20), PUBLIC, "SOURCES 5.8"),),
    x86=(
        Row(builds.SERVER_2003, SecurityCacheLayout(0x10, 0x18), PUBLIC, "SOURCES 5.8"),
        Row(0, SecurityCacheLayout(0x10, 0x14), PUBLIC, "SOURCES 5.8"),
    ),
)

_LAYERS = {8: LayerLayout(0x10, 0x18), 4: LayerLayout(0x08, 0x0C)}
_NAME_BLOCKS = {8: NameBlockLayout(0x18, 0x1A), 4: NameBlockLayout(0x0C, 0x0E)}


def note_key_doubts(target: Target) -> None:
    """Where the rows of ``target`` are derived, or it is newer than all, its doubts say so."""
    note_doubt(target, KEY_CONTROL_BLOCKS.how_known(target).doubt)


def layer_layout(pointer_size: int) -> LayerLayout:
    """The layout of what links a key to the one that it lies over, from 1607 on."""
    return _LAYERS[pointer_size]


def name_block_layout(pointer_size: int) -> NameBlockLayout:
    """The layout of a key's name, which every build shares."""
    return _NAME_BLOCKS[pointer_size]
