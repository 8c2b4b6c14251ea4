"""Kernel structures as C for the image's PDB: names at the offsets of a build, and nothing else.

Padding is made of unnamed bit-fields, which leave no trace in the PDB; every offset and size is
asserted when the C is compiled. The offsets are data/kernel_offsets.json's.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Union

from .profiles import Profile

__all__ = [
    "Offsets",
    "field_size",
    "kernel_offsets",
    "offset_defines",
    "types_header",
    "types_source",
]

_DATA = Path(__file__).with_name("data") / "kernel_offsets.json"

_FIELD_TYPES = {
    "_KPROCESS": {
        "Header": "struct _DISPATCHER_HEADER",
        "DirectoryTableBase": "__UINTPTR_TYPE__",
        "ThreadListHead": "struct _LIST_ENTRY",
    },
    "_EPROCESS": {
        "Pcb": "struct _KPROCESS",
        "CreateTime": "union _LARGE_INTEGER",
        "UniqueProcessId": "void *",
        "ActiveProcessLinks": "struct _LIST_ENTRY",
        "InheritedFromUniqueProcessId": "void *",
        "Peb": "void *",
        "ObjectTable": "void *",
        "ImageFileName": "unsigned char [15]",
        "ThreadListHead": "struct _LIST_ENTRY",
        "ActiveThreads": "unsigned long",
        "ExitStatus": "long",
        "VadRoot": "void *",
        "Session": "void *",
        "Token": "struct _EX_FAST_REF",
        "SeAuditProcessCreationInfo": "void *",
        "ExitTime": "union _LARGE_INTEGER",
    },
    "_KTHREAD": {
        "Header": "struct _DISPATCHER_HEADER",
        "InitialStack": "void *",
        "StackLimit": "void *",
        "StackBase": "void *",
        "KernelStack": "void *",
        "ApcState": "struct _KAPC_STATE",
        "Teb": "void *",
        "State": "unsigned char",
        "WaitReason": "unsigned char",
        "NextProcessor": "unsigned long",
        "QueueListEntry": "struct _LIST_ENTRY",
        "Process": "struct _KPROCESS *",
        "PreviousMode": "char",
        "ThreadListEntry": "struct _LIST_ENTRY",
    },
    "_ETHREAD": {
        "Tcb": "struct _KTHREAD",
        "CreateTime": "union _LARGE_INTEGER",
        "StartAddress": "void *",
        "Cid": "struct _CLIENT_ID",
        "IrpList": "struct _LIST_ENTRY",
        "ThreadListEntry": "struct _LIST_ENTRY",
        "CmCallbackListHead": "struct _SINGLE_LIST_ENTRY",
    },
    "_KLDR_DATA_TABLE_ENTRY": {
        "InLoadOrderLinks": "struct _LIST_ENTRY",
        "ExceptionTable": "void *",
        "ExceptionTableSize": "unsigned long",
        "DllBase": "void *",
        "EntryPoint": "void *",
        "SizeOfImage": "unsigned long",
        "FullDllName": "struct _UNICODE_STRING",
        "BaseDllName": "struct _UNICODE_STRING",
        "Flags": "unsigned long",
        "LoadCount": "unsigned short",
        "SectionPointer": "void *",
        "CheckSum": "unsigned long",
        "SizeOfImageNotRounded": "unsigned long",
        "TimeDateStamp": "unsigned long",
    },
    "_LDR_DATA_TABLE_ENTRY": {
        "InLoadOrderLinks": "struct _LIST_ENTRY",
        "DllBase": "void *",
        "EntryPoint": "void *",
        "SizeOfImage": "unsigned long",
        "FullDllName": "struct _UNICODE_STRING",
        "BaseDllName": "struct _UNICODE_STRING",
        "Flags": "unsigned long",
        "TimeDateStamp": "unsigned long",
    },
    "_DRIVER_OBJECT": {
        "Type": "short",
        "Size": "short",
        "DeviceObject": "void *",
        "Flags": "unsigned long",
        "DriverStart": "void *",
        "DriverSize": "unsigned long",
        "DriverSection": "void *",
        "DriverExtension": "void *",
        "DriverName": "struct _UNICODE_STRING",
        "DriverUnload": "void *",
    },
    "_TOKEN": {"SessionId": "unsigned long", "UserAndGroups": "void *"},
    "_OBJECT_HEADER": {"Body": "__UINTPTR_TYPE__"},
    "_CM_NAME_CONTROL_BLOCK": {
        "Compressed": "unsigned char",
        "NameLength": "unsigned short",
        "Name": "wchar_t [1]",
    },
    "_CM_KCB_LAYER_INFO": {
        "LayerListEntry": "struct _LIST_ENTRY",
        "Kcb": "struct _CM_KEY_CONTROL_BLOCK *",
        "LowerLayer": "struct _CM_KCB_LAYER_INFO *",
        "UpperLayerListHead": "struct _LIST_ENTRY",
    },
    "_CM_KEY_CONTROL_BLOCK": {
        "RefCount": "unsigned long",
        "KcbLastWriteTime": "unsigned long long",
        "ExtFlags": "unsigned long",
        "Delete": "unsigned long",
        "Freed": "unsigned long",
        "Discarded": "unsigned long",
        "HiveUnloaded": "unsigned long",
        "Decommissioned": "unsigned long",
        "LayerHeight": "unsigned short",
        "LayerInfo": "struct _CM_KCB_LAYER_INFO *",
        "KcbUserFlags": "unsigned long",
        "KcbVirtControlFlags": "unsigned long",
        "KcbDebug": "unsigned long",
        "Flags": "unsigned long",
        "KeyHive": "void *",
        "KeyCell": "unsigned long",
        "ParentKcb": "struct _CM_KEY_CONTROL_BLOCK *",
        "NameBlock": "struct _CM_NAME_CONTROL_BLOCK *",
        "FullKCBName": "struct _UNICODE_STRING *",
    },
    "_CM_KEY_BODY": {
        "Type": "unsigned long",
        "KeyControlBlock": "struct _CM_KEY_CONTROL_BLOCK *",
        "NotifyBlock": "void *",
        "ProcessID": "void *",
        "KeyBodyList": "struct _LIST_ENTRY",
        "Flags": "unsigned long",
        "HandleTags": "unsigned long",
        "ContextListHead": "struct _LIST_ENTRY",
    },
    "_KDESCRIPTOR": {"Limit": "unsigned short", "Base": "void *"},
    "_KSPECIAL_REGISTERS": {
        "Cr0": "__UINTPTR_TYPE__",
        "Cr3": "__UINTPTR_TYPE__",
        "Cr4": "__UINTPTR_TYPE__",
        "KernelDr7": "__UINTPTR_TYPE__",
        "Gdtr": "struct _KDESCRIPTOR",
        "Idtr": "struct _KDESCRIPTOR",
        "Tr": "unsigned short",
        "MsrGsBase": "unsigned long long",
    },
    "_CONTEXT": {
        "ContextFlags": "unsigned long",
        "MxCsr": "unsigned long",
        "EFlags": "unsigned long",
        "Eip": "unsigned long",
        "Esp": "unsigned long",
        "Rsp": "unsigned long long",
        "Rip": "unsigned long long",
        "Sp": "unsigned long long",
        "Pc": "unsigned long long",
    },
    "_KPROCESSOR_STATE": {
        "SpecialRegisters": "struct _KSPECIAL_REGISTERS",
        "ContextFrame": "struct _CONTEXT",
    },
    "_KPRCB": {
        "CurrentThread": "struct _KTHREAD *",
        "NextThread": "struct _KTHREAD *",
        "IdleThread": "struct _KTHREAD *",
        "Number": "unsigned long",
        "MinorVersion": "unsigned short",
        "MajorVersion": "unsigned short",
        "CpuType": "unsigned char",
        "MHz": "unsigned long",
        "ProcessorState": "struct _KPROCESSOR_STATE",
    },
    "_KPCR": {
        "GdtBase": "void *",
        "GDT": "void *",
        "IDT": "void *",
        "Self": "struct _KPCR *",
        "SelfPcr": "struct _KPCR *",
        "CurrentPrcb": "struct _KPRCB *",
        "Prcb": "struct _KPRCB *",
        "IdtBase": "void *",
        "MajorVersion": "unsigned short",
        "MinorVersion": "unsigned short",
        "KdVersionBlock": "void *",
    },
    "_KUSER_SHARED_DATA": {
        "TickCountMultiplier": "unsigned long",
        "InterruptTime": "struct _KSYSTEM_TIME",
        "SystemTime": "struct _KSYSTEM_TIME",
        "ImageNumberLow": "unsigned short",
        "ImageNumberHigh": "unsigned short",
        "NtSystemRoot": "wchar_t [260]",
        "NtBuildNumber": "unsigned long",
        "NtProductType": "enum _NT_PRODUCT_TYPE",
        "ProductTypeIsValid": "unsigned char",
        "NativeProcessorArchitecture": "unsigned short",
        "NtMajorVersion": "unsigned long",
        "NtMinorVersion": "unsigned long",
        "SuiteMask": "unsigned long",
    },
}  # each after those that it contains

_SIZES = {
    "short": 2,
    "unsigned short": 2,
    "wchar_t": 2,
    "long": 4,
    "unsigned long": 4,
    "unsigned char": 1,
    "char": 1,
    "unsigned long long": 8,
    "union _LARGE_INTEGER": 8,
    "struct _KSYSTEM_TIME": 12,
    "enum _NT_PRODUCT_TYPE": 4,
}
_POINTERS = {  # sizes in pointers
    "__UINTPTR_TYPE__": 1,
    "struct _LIST_ENTRY": 2,
    "struct _SINGLE_LIST_ENTRY": 1,
    "struct _UNICODE_STRING": 2,
    "struct _CLIENT_ID": 2,
    "struct _EX_FAST_REF": 1,
}


Place = Union[int, list[int]]  # an offset; [offset, first bit, bits]


class Offsets:
    """Where one build keeps its fields; offsets and sizes in bytes."""

    def __init__(self, types: dict[str, dict[str, Place]]) -> None:
        self._types = types

    def __contains__(self, type_name: str) -> bool:
        return type_name in self._types

    def size(self, type_name: str) -> int:
        return self.field(type_name, "SIZE")

    def field(self, type_name: str, field: str) -> int:
        """Raises KeyError for a field that this build, or our sources, do not have."""
        place = self._types[type_name][field]
        return place if isinstance(place, int) else place[0]

    def bits(self, type_name: str, field: str) -> tuple[int, int] | None:
        """A bit-field's first bit and their number, None for a field of whole bytes."""
        place = self._types[type_name][field]
        return None if isinstance(place, int) else (place[1], place[2])

    def has(self, type_name: str, field: str) -> bool:
        return field in self._types.get(type_name, {})


def field_size(profile: Profile, type_name: str, field: str) -> int:
    """The size in bytes of a scalar field."""
    return _size_of(profile, kernel_offsets(profile), _FIELD_TYPES[type_name][field])


@cache
def kernel_offsets(profile: Profile) -> Offsets:
    """The offsets of the profile's build."""
    table = json.loads(_DATA.read_text(encoding="utf-8"))["types"]
    key = f"{profile.offsets} {profile.architecture}"
    types: dict[str, dict[str, Place]] = {}
    for name, rows in table.items():
        row = rows.get(key, rows.get(profile.architecture))
        if row is not None:
            types[name] = row
    return Offsets(types)


def types_header(profile: Profile) -> str:
    """C that declares every known type of the build."""
    offsets = kernel_offsets(profile)
    lines = ["#pragma once", '#include "types_common.h"', '#include "types_volatility.h"']
    if "_TOKEN" not in offsets:
        lines.append("UNFILLED(_TOKEN)")
    for name in _declared(offsets):
        lines += _declaration(profile, offsets, name)
    return "\n".join(lines) + "\n"


def offset_defines(profile: Profile) -> str:
    """C defines for code that knows fields by their offsets: OFFSET_ETHREAD_CmCallbackListHead;
    and CALLBACK_BLOCK_MEMBERS."""
    offsets = kernel_offsets(profile)
    lines = [
        f"#define OFFSET{name}_{field} {offsets.field(name, field)}"
        for name, fields in _FIELD_TYPES.items()
        for field in fields
        if offsets.has(name, field)
    ]
    members = " ".join(f"{type_name} {name};" for type_name, name in profile.block)
    lines.append(f"#define CALLBACK_BLOCK_MEMBERS {members}")
    return "\n".join(lines) + "\n"


def types_source(profile: Profile) -> str:
    """C with a pointer to each type of the header ``types.h``, which keeps it in the PDB."""
    kept = [("struct", name) for name in _declared(kernel_offsets(profile))]
    lines = ['#include "types.h"']
    lines += [_keep(kind, name) for kind, name in [*kept, *_common_types()]]
    return "\n".join(lines) + "\n"


def _declared(offsets: Offsets) -> list[str]:
    return [name for name in _FIELD_TYPES if name in offsets]


def _keep(kind: str, name: str) -> str:
    return f"static {kind} {name} *keep{name} __attribute__((used));"


def _common_types() -> list[tuple[str, str]]:
    words = ""
    for header in ("types_common.h", "types_volatility.h"):
        words += (Path(__file__).with_name("c") / header).read_text(encoding="utf-8")
    kinds = []
    for line in words.splitlines():
        first, _, rest = line.partition(" ")
        if first in ("struct", "union", "enum"):
            kinds.append((first, rest.split(" ")[0]))
        for part in line.split("UNFILLED(")[1:]:
            if not line.startswith("#define"):
                kinds.append(("struct", part.split(")")[0]))
    return kinds


def _declaration(profile: Profile, offsets: Offsets, name: str) -> list[str]:
    lines = [f"struct {name} {{"]
    checks = [f'_Static_assert(sizeof(struct {name}) == {offsets.size(name)}, "{name}");']
    position = 0
    fields = [field for field in _FIELD_TYPES[name] if offsets.has(name, field)]
    words: dict[int, list[str]] = {}  # the bit-fields of each ULONG
    for field in fields:
        words.setdefault(offsets.field(name, field), []).append(field)
    for offset, members in sorted(words.items()):
        lines += _padding(position, offset, profile.pointer_size)
        if offsets.bits(name, members[0]) is not None:
            lines += _bit_fields(offsets, name, members)
            position = offset + 4
            continue
        (field,) = members
        c_type, _, dimension = _FIELD_TYPES[name][field].partition(" [")
        lines.append(f"    {c_type} {field}{'[' + dimension if dimension else ''};")
        checks.append(
            f"_Static_assert(__builtin_offsetof(struct {name}, {field}) == {offset}, "
            f'"{name}.{field}");'
        )
        count = int(dimension[:-1]) if dimension else 1
        position = offset + count * _size_of(profile, offsets, c_type)
    return [*lines, *_padding(position, offsets.size(name), profile.pointer_size), "};", *checks]


def _bit_fields(offsets: Offsets, name: str, fields: list[str]) -> list[str]:
    """A whole ULONG of them, with unnamed ones between and behind."""
    lines, position = [], 0
    places = {field: offsets.bits(name, field) or (0, 32) for field in fields}
    for field, (start, count) in sorted(places.items(), key=lambda each: each[1]):
        lines += [f"    unsigned long : {start - position};"] if start > position else []
        lines.append(f"    unsigned long {field} : {count};")
        position = start + count
    return [*lines, f"    unsigned long : {32 - position};"] if position < 32 else lines


_PADDING = {8: "unsigned long long : 64", 4: "unsigned int : 32", 1: "unsigned char : 8"}


def _padding(start: int, end: int, widest: int) -> list[str]:
    """Unnamed bit-fields from offset ``start`` to ``end``, none wider than the type's alignment."""
    widths = [width for width in _PADDING if width <= widest]
    lines = []
    while start < end:
        width = next(width for width in widths if start % width == 0 and end - start >= width)
        lines.append(f"    {_PADDING[width]};")
        start += width
    return lines


def _size_of(profile: Profile, offsets: Offsets, c_type: str) -> int:
    if c_type.endswith("*"):
        return profile.pointer_size
    if c_type in _SIZES:
        return _SIZES[c_type]
    if c_type in _POINTERS:
        return _POINTERS[c_type] * profile.pointer_size
    if c_type == "struct _DISPATCHER_HEADER":
        return 8 + 2 * profile.pointer_size
    if c_type == "struct _KAPC_STATE":
        return 6 * profile.pointer_size
    return offsets.size(c_type.partition(" ")[2])
