"""Processor 0: its control region, descriptor tables, registers, and the context of the crash."""

from __future__ import annotations

import struct
from typing import Callable, NamedTuple

from .processes import Processes
from .world import World

__all__ = ["BUGCHECK", "Processor", "write_processor"]

BUGCHECK = 0xE2  # MANUALLY_INITIATED_CRASH


class Processor(NamedTuple):
    """What the dump's header and the debugger data block say about it.

    ``offsets`` are the values of KDDEBUGGER_DATA64's fields about KPRCB, KPCR and selectors.
    """

    context: bytes  # CONTEXT
    special_registers: bytes
    program_counter: int
    offsets: dict[str, int]


def write_processor(world: World, processes: Processes) -> Processor:
    """Writes the KPCR and KPRCB of the processor that crashed."""
    writers: dict[str, Callable[[World, Processes], Processor]] = {"x64": _x64}
    return writers[world.profile.architecture](world, processes)


# x64 selectors, ntddk.h: KGDT64_R0_CODE and so on.
_R0_CODE, _R0_DATA, _R3_CMTEB, _R3_CODE, _TSS = 0x10, 0x2B, 0x53, 0x33, 0x40
_MXCSR = 0x1F80


def _x64(world: World, processes: Processes) -> Processor:
    pcr = world.nt("KiInitialPCR")
    prcb = pcr + 0x180  # KPCR.Prcb, behind the part that we have a type for
    global_table, interrupt_table = _descriptor_tables(world)
    counter = world.nt("KeBugCheckEx")
    context = _x64_context(world, processes, counter)
    special = _x64_special_registers(world, pcr, global_table, interrupt_table)
    world.fill(
        pcr,
        "_KPCR",
        GdtBase=global_table,
        IdtBase=interrupt_table,
        Self=pcr,
        CurrentPrcb=prcb,
        MajorVersion=1,
        MinorVersion=1,
        KdVersionBlock=world.nt("KdVersionBlock"),
    )
    world.fill(
        prcb,
        "_KPRCB",
        CurrentThread=processes.threads[0],
        IdleThread=processes.threads[0],
        MajorVersion=1,
        MinorVersion=1,
        MHz=3400,
    )
    state = world.field(prcb, "_KPRCB", "ProcessorState")
    world.space.write(state, special + context)
    world.set_pointer("KiProcessorBlock", prcb)
    return Processor(context, special, counter, _x64_offsets(world))


def _descriptor_tables(world: World) -> tuple[int, int]:
    """A GDT with Windows' code and data segments, and an empty IDT."""
    table = world.nonpaged.allocate(0x58 + 0x100, b"Gdt ")
    segments = (
        0, 0, 0x0020_9B00_0000_0000, 0x0040_9300_0000_0000, 0x00CF_FB00_0000_FFFF,
        0x00CF_F300_0000_FFFF, 0x0020_FB00_0000_0000, 0, 0x0000_8B00_0000_0067, 0,
    )  # fmt: skip
    world.space.write(table, struct.pack(f"<{len(segments)}Q", *segments))
    return table, table + 0x58


def _x64_context(world: World, processes: Processes, counter: int) -> bytes:
    """CONTEXT (winnt.h): control and segment registers, and an FXSAVE area at +0x100."""
    context = bytearray(world.offsets.size("_CONTEXT"))
    struct.pack_into("<II", context, 0x30, 0x10001F, _MXCSR)
    segments = (_R0_CODE, _R0_DATA, _R0_DATA, _R3_CMTEB, _R0_DATA, 0x18)
    struct.pack_into("<6H", context, 0x38, *segments)
    struct.pack_into("<I", context, 0x44, 0x40246)
    rcx, rsp, rip, floating = 0x80, 0x98, 0xF8, 0x100
    struct.pack_into("<Q", context, rcx, BUGCHECK)
    struct.pack_into("<Q", context, rsp, processes.stack_pointer)
    struct.pack_into("<Q", context, rip, counter)
    struct.pack_into("<H", context, floating, 0x27F)
    struct.pack_into("<II", context, floating + 0x18, _MXCSR, 0xFFFF)
    return bytes(context)


def _x64_special_registers(
    world: World, pcr: int, global_table: int, interrupt_table: int
) -> bytes:
    special = bytearray(world.offsets.size("_KSPECIAL_REGISTERS"))

    def put(field: str, value: int) -> None:
        struct.pack_into("<Q", special, world.offsets.field("_KSPECIAL_REGISTERS", field), value)

    put("Cr0", 0x80050033)
    put("Cr3", world.space.tables.directory)
    put("Cr4", 0x350EF8)
    put("MsrGsBase", pcr)
    for field, limit, base in (("Gdtr", 0x57, global_table), ("Idtr", 0xFFF, interrupt_table)):
        place = world.offsets.field("_KSPECIAL_REGISTERS", field)
        struct.pack_into("<6xHQ", special, place, limit, base)
    struct.pack_into("<H", special, world.offsets.field("_KSPECIAL_REGISTERS", "Tr"), _TSS)
    return bytes(special)


def _x64_offsets(world: World) -> dict[str, int]:
    state = world.offsets.field("_KPRCB", "ProcessorState")
    return {
        "SizePrcb": world.offsets.size("_KPRCB"),
        "OffsetPrcbCurrentThread": 8,
        "OffsetPrcbMhz": world.offsets.field("_KPRCB", "MHz"),
        "OffsetPrcbCpuType": world.offsets.field("_KPRCB", "CpuType"),
        "OffsetPrcbProcStateContext": state + world.offsets.size("_KSPECIAL_REGISTERS"),
        "OffsetPrcbNumber": world.offsets.field("_KPRCB", "Number"),
        "SizePcr": 0x180 + world.offsets.size("_KPRCB"),
        "OffsetPcrSelfPcr": world.offsets.field("_KPCR", "Self"),
        "OffsetPcrCurrentPrcb": world.offsets.field("_KPCR", "CurrentPrcb"),
        "OffsetPcrContainedPrcb": 0x180,
        "OffsetPrcbProcStateSpecialReg": state,
        "GdtR0Code": _R0_CODE,
        "GdtR0Data": 0x18,
        "GdtR0Pcr": 0,
        "GdtR3Code": _R3_CODE,
        "GdtR3Data": _R0_DATA,
        "GdtR3Teb": _R3_CMTEB,
        "GdtLdt": 0,
        "GdtTss": _TSS,
        "Gdt64R3CmCode": 0x23,
        "Gdt64R3CmTeb": _R3_CMTEB,
    }
