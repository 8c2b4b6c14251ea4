"""KdDebuggerDataBlock and KdVersionBlock: where debuggers learn what they cannot guess.

Offsets: KDDEBUGGER_DATA64 and DBGKD_GET_VERSION64 in the Windows SDK's wdbgexts.h.
"""

from __future__ import annotations

import struct

from .physical_memory import PAGE
from .processor import Processor
from .world import World

__all__ = ["write_debugger_data"]

# Pointers to kernel variables, by their names in the header.
_VARIABLES = {
    "DbgBreakPointWithStatus": 0x20,
    "PsLoadedModuleList": 0x48,
    "PsActiveProcessHead": 0x50,
    "PspCidTable": 0x58,
    "KeTimeIncrement": 0x78,
    "KeBugCheckCallbackListHead": 0x80,
    "KiBugCheckData": 0x88,
    "MmLowestPhysicalPage": 0xE8,
    "MmHighestPhysicalPage": 0xF0,
    "MmNumberOfPhysicalPages": 0xF8,
    "MmHighestUserAddress": 0x1C8,
    "MmSystemRangeStart": 0x1D0,
    "MmUserProbeAddress": 0x1D8,
    "NtBuildLab": 0x208,
    "KiProcessorBlock": 0x218,
    "MmUnloadedDrivers": 0x220,
    "MmLastUnloadedDriver": 0x228,
    "CmNtCSDVersion": 0x268,
    "KeLoaderBlock": 0x2D8,
}
# USHORTs: offsets in and sizes of structures.
_FIELDS = {
    ("_KTHREAD", "NextProcessor"): 0x298,
    ("_KTHREAD", "Teb"): 0x29A,
    ("_KTHREAD", "KernelStack"): 0x29C,
    ("_KTHREAD", "InitialStack"): 0x29E,
    ("_KTHREAD", "State"): 0x2A2,
    ("_EPROCESS", "Peb"): 0x2AA,
    ("_EPROCESS", "InheritedFromUniqueProcessId"): 0x2AC,
    ("_KPROCESS", "DirectoryTableBase"): 0x2AE,
}
_SIZES = {"_EPROCESS": 0x2A8, "_ETHREAD": 0x2C0}
_PROCESSOR = {
    "SizePrcb": 0x2B0,
    "OffsetPrcbCurrentThread": 0x2B4,
    "OffsetPrcbMhz": 0x2B6,
    "OffsetPrcbCpuType": 0x2B8,
    "OffsetPrcbVendorString": 0x2BA,
    "OffsetPrcbProcStateContext": 0x2BC,
    "OffsetPrcbNumber": 0x2BE,
    "SizePcr": 0x2E0,
    "OffsetPcrSelfPcr": 0x2E2,
    "OffsetPcrCurrentPrcb": 0x2E4,
    "OffsetPcrContainedPrcb": 0x2E6,
    "OffsetPrcbProcStateSpecialReg": 0x2F2,
    "GdtR0Code": 0x2F4,
    "GdtR0Data": 0x2F6,
    "GdtR0Pcr": 0x2F8,
    "GdtR3Code": 0x2FA,
    "GdtR3Data": 0x2FC,
    "GdtR3Teb": 0x2FE,
    "GdtLdt": 0x300,
    "GdtTss": 0x302,
    "Gdt64R3CmCode": 0x304,
    "Gdt64R3CmTeb": 0x306,
}
_KERNEL_BASE, _PAE_ENABLED, _PAGE_SIZE, _PTE_BASE = 0x18, 0x36, 0x138, 0x360
_APC_PROCESS = 0x2A0  # USHORT OffsetKThreadApcProcess
# The block grew with Windows; the sizes that volatility looks for (its KDBG profiles).
_BLOCK_SIZES = {(5, 1): 0x290, (5, 2): 0x318, (6, 0): 0x328, (6, 1): 0x340, (10, 0): 0x380}


def write_debugger_data(world: World, processor: Processor) -> None:
    """Fills both blocks."""
    block = bytearray(_BLOCK_SIZES[world.profile.version])
    address = _sign_extended(world, world.nt("KdDebuggerDataBlock"))
    struct.pack_into("<QQ4sI", block, 0, address, address, b"KDBG", len(block))

    def put(offset: int, size: int, value: int) -> None:
        if offset + size <= len(block):
            block[offset : offset + size] = value.to_bytes(size, "little")

    put(_KERNEL_BASE, 8, _sign_extended(world, world.profile.nt_base))
    has_pae = not world.profile.is_without_pae
    put(_PAE_ENABLED, 2, has_pae if world.profile.architecture == "x86" else 4 << 2)
    put(_PAGE_SIZE, 8, PAGE)
    put(_PTE_BASE, 8, world.space.tables.self_map_base)
    for name, offset in _VARIABLES.items():
        put(offset, 8, _sign_extended(world, world.nt(name)))
    for (type_name, field), offset in _FIELDS.items():
        if world.offsets.has(type_name, field):
            put(offset, 2, world.offsets.field(type_name, field))
    if world.offsets.has("_KTHREAD", "ApcState"):
        # KAPC_STATE: two list heads, then the process.
        apc_process = world.offsets.field("_KTHREAD", "ApcState") + 4 * world.profile.pointer_size
        put(_APC_PROCESS, 2, apc_process)
    for type_name, offset in _SIZES.items():
        put(offset, 2, world.offsets.size(type_name))
    for name, offset in _PROCESSOR.items():
        put(offset, 2, processor.offsets.get(name, 0))
    world.space.write(world.nt("KdDebuggerDataBlock"), bytes(block))
    _write_version(world, address)


def _write_version(world: World, debugger_data: int) -> None:
    profile = world.profile
    # MajorVersion 0xF is a free build; protocol 6; bit 0 of Flags is MP, bit 1 debugger data,
    # bit 2 64-bit pointers.
    flags = 0x47 if profile.pointer_size == 8 else 0x03
    block = struct.pack(
        "<HHBBHHBBBBHQQQ", 0xF, profile.build, 6, 2, flags, profile.machine, 12, 3, 0x2F, 0, 0,
        _sign_extended(world, profile.nt_base),
        _sign_extended(world, world.nt("PsLoadedModuleList")), debugger_data,
    )  # fmt: skip
    world.space.write(world.nt("KdVersionBlock"), block)


def _sign_extended(world: World, address: int) -> int:
    """How 32-bit kernel addresses stand in 64-bit fields."""
    if world.profile.pointer_size == 4 and address & 0x8000_0000:
        return address | 0xFFFFFFFF_00000000
    return address
