"""Decodes a set value 10,000 times, and has volatility3 read the same structures as often.

Runs in the environment that has both, and prints the seconds of each as JSON. Both start from bytes
in memory; volatility3 is told the types beforehand, and reads the members, the two names and the
data, no words for any of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

from pykd_ext.notify.notification_call import read_notification_call
from pykd_ext.notify.structures import structure
from tests.support.registry import Registry
from tests.support.registry_types import row

DECODES = 10_000
ROUNDS = 5

BUILD = 19041
PATH = "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\avfilter"
_SET_VALUE = 1
_INFORMATION = "REG_SET_VALUE_KEY_INFORMATION"


class _Low(Registry):
    """At the start of memory, so that an address is an offset in volatility3's layer too."""

    def __init__(self) -> None:
        super().__init__("x64", BUILD)
        self._next = 0x10000

    def memory_image(self) -> bytes:
        return self.target.read(0x10000, self._next - 0x10000).rjust(self._next, b"\0")


def scene() -> tuple[_Low, int]:
    """Memory with a set value in it, and where its information lies."""
    registry = _Low()
    key = registry.key(registry.block("AVFILTER", FullKCBName=registry.string(PATH)))
    address = registry.structure(
        _INFORMATION,
        Object=key,
        ValueName=registry.string("Start"),
        Type=4,
        Data=registry.number(4),
        DataSize=4,
    )
    return registry, address


def regcb() -> Callable[[], None]:
    """What decodes once."""
    registry, address = scene()

    def decode() -> None:
        found = read_notification_call(registry.target, _SET_VALUE, address)
        assert found.notification.keys[0].path == PATH

    return decode


def volatility() -> Callable[[], None]:
    """What reads the same once."""
    from volatility3.framework import contexts
    from volatility3.framework.layers.physical import BufferDataLayer
    from volatility3.framework.symbols.intermed import IntermediateSymbolTable
    from volatility3.framework.symbols.windows.extensions import UNICODE_STRING

    registry, address = scene()
    context = contexts.Context()
    context.add_layer(BufferDataLayer(context, "memory", "memory", registry.memory_image()))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(_symbols(), file)
        file.flush()
        table = IntermediateSymbolTable(context, "types", "types", Path(file.name).as_uri())
    table.set_type_class("_UNICODE_STRING", UNICODE_STRING)
    context.symbol_space.append(table)
    members = [each.name for each in structure(_INFORMATION, 8).members]

    def read() -> None:
        information = context.object(f"types!{_INFORMATION}", "memory", address)
        for name in members:
            int(getattr(information, name))
        assert information.ValueName.dereference().String == "Start"
        assert len(context.layers["memory"].read(information.Data, information.DataSize)) == 4
        body = information.Object.dereference()
        int(body.ProcessID)
        block = body.KeyControlBlock.dereference()
        for name in ("ParentKcb", "NameBlock", "Flags", "KeyCell", "LayerHeight", "ExtFlags"):
            int(getattr(block, name))
        assert block.FullKCBName.dereference().String == PATH

    return read


_BODY, _BLOCK = "_CM_KEY_BODY", "_CM_KEY_CONTROL_BLOCK"
_POINTS_TO = {
    "ValueName": "_UNICODE_STRING",
    "FullKCBName": "_UNICODE_STRING",
    "Object": _BODY,
    "KeyControlBlock": _BLOCK,
}
_NUMBERS = {"TitleIndex", "Type", "DataSize", "KeyCell", "ExtFlags"}
_SHORTS = {"Flags", "LayerHeight", "Length", "MaximumLength"}
_TEXT = "unsigned short"


def _symbols() -> dict[str, Any]:
    """The types in volatility3's own format."""
    information = structure(_INFORMATION, 8)
    unicode_string = {"Length": 0, "MaximumLength": 2, "Buffer": 8}
    return {
        "metadata": {
            "format": "6.2.0",
            "producer": {"name": "bench", "version": "1.0.0", "datetime": "2026-01-01T00:00:00"},
        },
        "base_types": {
            name: {"size": size, "signed": False, "kind": "int", "endian": "little"}
            for name, size in (("pointer", 8), ("unsigned long", 4), ("unsigned short", 2))
        },
        "user_types": {
            _INFORMATION: _type(information.size, {e.name: e.offset for e in information.members}),
            "_UNICODE_STRING": _type(16, unicode_string),
            **{name: _of_row(name) for name in (_BODY, _BLOCK)},
        },
        "enums": {},
        "symbols": {},
    }


def _of_row(name: str) -> dict[str, Any]:
    offsets = dict(row(name, "x64", BUILD))
    size = offsets.pop("SIZE")
    return _type(size, {field.partition(":")[0]: offset for field, offset in offsets.items()})


def _type(size: int, offsets: dict[str, int]) -> dict[str, Any]:
    fields = {name: {"offset": at, "type": _field(name)} for name, at in offsets.items()}
    return {"size": size, "kind": "struct", "fields": fields}


def _field(name: str) -> dict[str, Any]:
    if name in _SHORTS:
        return {"kind": "base", "name": "unsigned short"}
    if name in _NUMBERS:
        return {"kind": "base", "name": "unsigned long"}
    pointed = _POINTS_TO.get(name)
    subtype = {"kind": "struct", "name": pointed} if pointed else {"kind": "base", "name": _TEXT}
    return {"kind": "pointer", "subtype": subtype}


def seconds(run: Callable[[], None], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        run()
    return time.perf_counter() - start


def main() -> None:
    """Both in turns, so that a busy machine slows both; of each the sum over the turns."""
    ours, theirs = regcb(), volatility()
    taken = {"regcb": 0.0, "volatility3": 0.0}
    for _ in range(ROUNDS):
        taken["regcb"] += seconds(ours, DECODES // ROUNDS)
        taken["volatility3"] += seconds(theirs, DECODES // ROUNDS)
    json.dump(taken, sys.stdout)


if __name__ == "__main__":
    main()
