"""Where processes and threads keep what is asked of them, for kernels without types.

Offsets in bytes by the first build that has them; a build between two rows has the older one's.
What no row tells is not known: a thread of 7 SP1 on x64 has grown with an update. ARM64 has rows of
its own alone: its processes and threads are not x64's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from .builds import (
    DERIVED,
    NEWEST,
    PUBLIC,
    REAL,
    SERVER_2003,
    SERVER_2022,
    V21H2,
    V23H2,
    V24H2,
    V1507,
    V1511,
    V1607,
    V1703,
    V1709,
    V1809,
    V1903,
    V2004,
    VISTA,
    WINDOWS_7,
    WINDOWS_7_SP1,
    WINDOWS_8,
    WINDOWS_8_1,
    XP,
    Row,
    Table,
)
from .doubts import note_doubt

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["row_of_field"]

_Offset = Optional[int]  # None: not known from that build on
_Rows = dict[int, _Offset]


def _table(x64: _Rows, x86: _Rows, arm64: tuple[Row[_Offset], ...] = ()) -> Table[_Offset]:
    """The rows of x64 and x86 are the public PDBs' where they are not newer than those."""
    rows = {
        architecture: [_row(first, offset) for first, offset in each.items()]
        for architecture, each in (("x64", x64), ("x86", x86))
    }
    what = "the place of a process's or a thread's field"
    return Table(what, {**rows, "arm64": arm64}, newest={**NEWEST, "arm64": V23H2})


def _row(first: int, offset: _Offset) -> Row[_Offset]:
    source = "SOURCES 5.7" if first >= V24H2 else "SOURCES 5.5, 5.6"
    return Row(first, offset, PUBLIC, source)


def _arm64(offset: int) -> tuple[Row[_Offset], ...]:
    """Seen in a dump of 22000; ObjectTable is the same up to 22631, so the others may be."""
    return (
        Row(V21H2 + 1, offset, DERIVED, "SOURCES 5.7"),
        Row(V21H2, offset, REAL, "SOURCES 5.7"),
    )


_TABLES: dict[tuple[str, str], Table[_Offset]] = {
    ("_EPROCESS", "UniqueProcessId"): _table(
        {
            V24H2: 0x1D0, V23H2 + 1: None, V2004: 0x440,
            V1903: 0x2E8, V1703: 0x2E0, V1507: 0x2E8,
            WINDOWS_8: 0x2E0, WINDOWS_7: 0x180, VISTA: 0xE0, SERVER_2003: 0xD8,
        },
        {
            V2004: 0xE4, WINDOWS_7: 0xB4, VISTA: 0x9C, SERVER_2003: 0x94, XP: 0x84,
        },
        _arm64(0x3F8),
    ),
    ("_EPROCESS", "ActiveProcessLinks"): _table(
        {
            V24H2: 0x1D8, V23H2 + 1: None, V2004: 0x448,
            V1903: 0x2F0, V1703: 0x2E8, V1507: 0x2F0,
            WINDOWS_8: 0x2E8, WINDOWS_7: 0x188, VISTA: 0xE8, SERVER_2003: 0xE0,
        },
        {
            V2004: 0xE8, WINDOWS_7: 0xB8, VISTA: 0xA0, SERVER_2003: 0x98, XP: 0x88,
        },
        _arm64(0x400),
    ),
    ("_EPROCESS", "ObjectTable"): _table(
        {
            V24H2: 0x300, V23H2 + 1: None, V2004: 0x570,
            V1507: 0x418, WINDOWS_8: 0x408, WINDOWS_7: 0x200, VISTA: 0x160,
            SERVER_2003: 0x158,
        },
        {
            V2004: 0x18C, V1703: 0x15C, V1507: 0x154,
            WINDOWS_8: 0x150, WINDOWS_7: 0xF4, VISTA: 0xDC, SERVER_2003: 0xD4, XP: 0xC4,
        },
        (Row(V21H2, 0x528, PUBLIC, "SOURCES 5.7"),),
    ),
    ("_EPROCESS", "ImageFileName"): _table(
        {
            V24H2: 0x338, V23H2 + 1: None, V2004: 0x5A8,
            V1511: 0x450, V1507: 0x448, WINDOWS_8: 0x438, WINDOWS_7: 0x2E0,
            VISTA: 0x238, SERVER_2003: 0x268,
        },
        {
            V2004: 0x1AC, V1703: 0x17C, V1511: 0x174,
            WINDOWS_8: 0x170, WINDOWS_7: 0x16C, VISTA: 0x14C, SERVER_2003: 0x164, XP: 0x174,
        },
        _arm64(0x560),
    ),
    ("_EPROCESS", "ThreadListHead"): _table(
        {
            V24H2: 0x370, V23H2 + 1: None, V2004: 0x5E0,
            V1511: 0x488, V1507: 0x480, WINDOWS_8: 0x470, WINDOWS_7: 0x308,
            VISTA: 0x260, SERVER_2003: 0x290,
        },
        {
            V2004: 0x1D0, V1703: 0x1A0, V1511: 0x198,
            WINDOWS_8: 0x194, WINDOWS_7: 0x188, VISTA: 0x168, SERVER_2003: 0x180, XP: 0x190,
        },
    ),
    ("_ETHREAD", "ThreadListEntry"): _table(
        {
            V24H2: 0x578, V23H2 + 1: None, SERVER_2022: 0x538,
            V2004: 0x4E8, V1903: 0x6B8, V1709: 0x6A8,
            V1703: 0x6A0, V1607: 0x698, V1507: 0x690,
            WINDOWS_8_1: 0x688, WINDOWS_8: 0x400, WINDOWS_7_SP1: None, WINDOWS_7: 0x420,
            VISTA: 0x3F0, SERVER_2003: 0x3D0,
        },
        {
            V2004: 0x2E4, V1903: 0x3BC, V1703: 0x3B4,
            V1507: 0x3AC, WINDOWS_8_1: 0x39C, WINDOWS_8: 0x24C, WINDOWS_7: 0x268,
            VISTA: 0x248, SERVER_2003: 0x224, XP: 0x22C,
        },
    ),
    ("_ETHREAD", "Cid"): _table(
        {
            V24H2: 0x508, V23H2 + 1: None, SERVER_2022: 0x4C8,
            V2004: 0x478, V1903: 0x648, V1703: 0x638,
            V1607: 0x630, V1507: 0x628, WINDOWS_8_1: 0x620, WINDOWS_8: 0x398,
            WINDOWS_7_SP1: None, WINDOWS_7: 0x3B0, VISTA: 0x380, SERVER_2003: 0x358,
        },
        {
            V2004: 0x2AC, V1903: 0x384, V1703: 0x37C,
            V1507: 0x374, WINDOWS_8_1: 0x364, WINDOWS_8: 0x214, WINDOWS_7: 0x22C,
            VISTA: 0x20C, SERVER_2003: 0x1E4, XP: 0x1EC,
        },
        (
            Row(V21H2 + 1, None, DERIVED, "SOURCES 5.7"),
            Row(V21H2, 0x4E8, REAL, "SOURCES 5.7"),
        ),
    ),
    ("_ETHREAD", "CmCallbackListHead"): _table(
        {
            V24H2: 0x628, V23H2 + 1: None, V21H2: 0x5E8,
            SERVER_2022: None, V2004: 0x598, V1903: 0x760,
            V1709: 0x750, V1703: 0x748, V1607: 0x740,
            V1507: 0x738, WINDOWS_8_1: 0x730, WINDOWS_8: 0x4A8,
            WINDOWS_7_SP1: None, WINDOWS_7: 0x490,
        },
        {
            V2004: 0x358, V1903: 0x428, V1809: 0x420,
            V1703: 0x41C, V1607: 0x414, V1507: 0x410,
            WINDOWS_8_1: 0x400, WINDOWS_7: 0x2B0,
        },
    ),
    ("_KTHREAD", "ApcState"): _table(
        {WINDOWS_8: 0x98, WINDOWS_7: 0x50, SERVER_2003: 0x48},
        {WINDOWS_8: 0x70, WINDOWS_7: 0x40, VISTA: 0x38, SERVER_2003: 0x28, XP: 0x34},
    ),
    ("_KTHREAD", "PreviousMode"): _table(
        {V24H2: 0x232, V23H2 + 1: None, WINDOWS_8: 0x232, WINDOWS_7: 0x1F6, SERVER_2003: 0x153},
        {WINDOWS_8: 0x15A, WINDOWS_7: 0x13A, VISTA: 0xE7, SERVER_2003: 0xD7, XP: 0x140},
    ),
}  # fmt: skip


def row_of_field(target: Target, type_name: str, field: str) -> int | None:
    """The offset of ``nt!type_name.field`` by the table, None where nobody has looked; that it
    is derived, say the target's doubts."""
    table = _TABLES.get((type_name, field))
    if table is None or table.is_newer(target.architecture, target.build):
        return None
    row = table.row(target.architecture, target.build)
    if row is None or row.value is None:
        return None
    note_doubt(target, table.how_known(target).doubt)
    return row.value
