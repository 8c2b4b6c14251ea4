"""What the JavaScript has to know about Windows, out of the tables that the Python has it from."""

from __future__ import annotations

from typing import Any

from ..kernel.builds import VISTA, Table
from ..kernel.key_layouts import (
    KEY_BODIES,
    KEY_BODY_TYPE,
    KEY_CONTROL_BLOCKS,
    KEY_HIVE_ENTRY,
    name_block_layout,
)
from ..kernel.layouts import BLOCKS, INTERNAL_CALLBACK, VECTORS
from ..notify.classes import CLASSES, NotifyClass
from ..notify.decode import DATA_LIMIT
from ..notify.fields import KEY_OBJECTS
from ..notify.structures import structure
from ..notify.values import VALUE_TYPES
from ..target.architecture import ARCHITECTURES, POINTER_SIZES
from ..target.debugger_commands import argument_expression

__all__ = ["tables"]


def tables() -> dict[str, Any]:
    """Plain JSON: offsets in bytes, by architecture and build, pointer size, or notify class."""
    return {
        "firstWithList": VISTA,
        "internal": INTERNAL_CALLBACK,
        "keyBodyType": KEY_BODY_TYPE,
        "keyHiveEntry": KEY_HIVE_ENTRY,
        "dataLimit": DATA_LIMIT,
        "valueTypes": {number: name for name, number in VALUE_TYPES.items()},
        "keyObjects": sorted(KEY_OBJECTS),
        "arguments": {name: _arguments(name) for name in ARCHITECTURES},
        "blocks": _rows(BLOCKS),
        "vectors": _rows(VECTORS),
        "keyBodies": _rows(KEY_BODIES),
        "keyControlBlocks": _rows(KEY_CONTROL_BLOCKS),
        "nameBlocks": {size: name_block_layout(size)._asdict() for size in POINTER_SIZES},
        "classes": {each.number: _class(each) for each in CLASSES},
        "structures": {size: _structures(size) for size in POINTER_SIZES},
    }


def _arguments(architecture: str) -> dict[str, str]:
    """Argument1 and Argument2 at a callback's first instruction, as the debugger evaluates them."""
    return {
        "class": argument_expression(architecture, 1),
        "information": argument_expression(architecture, 2),
    }


def _rows(table: Table[Any]) -> dict[str, list[dict[str, Any]]]:
    """The newest first."""
    return {
        architecture: [{"first": row.first, "value": row.value._asdict()} for row in rows]
        for architecture, rows in table.rows.items()
    }


def _class(about: NotifyClass) -> dict[str, Any]:
    return {
        "number": about.number,
        "name": about.name,
        "alias": about.alias,
        "pair": about.pair_number,
        "structures": about.structures,
    }


def _structures(pointer_size: int) -> dict[str, list[dict[str, Any]]]:
    names = {name for about in CLASSES for name in about.structures}
    return {
        name: [
            {"name": each.name, "offset": each.offset, "size": each.size, "type": each.type}
            for each in structure(name, pointer_size).members
        ]
        for name in sorted(names)
    }
