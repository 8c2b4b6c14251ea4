"""Processor 0: its control region, descriptor tables, registers, and the context of the crash."""

from __future__ import annotations

import struct
from typing import Callable, NamedTuple

from .processes import Processes
from .running import Running
from .world import World

__all__ = ["Processor", "add_processor", "write_processor"]


class Processor(NamedTuple):
    """What the dump's header and the debugger data block say about it.

    ``offsets`` are the values of KDDEBUGGER_DATA64's fields about KPRCB, KPCR and selectors.
    """

    context: bytes  # CONTEXT
    special_registers: bytes
    program_counter: int
    offsets: dict[str, int]


def write_processor(world: World, processes: Processes, running: Running) -> Processor:
    """Writes the KPCR and KPRCB of the processor, and what its function finds on the stack."""
    writers: dict[str, Callable[[World, Processes, Running], Processor]] = {
        "x64": _x64,
        "x86": _x86,
        "arm64": _arm64,
    }
    return writers[world.profile.architecture](world, processes, running)


# x64 selectors, ntddk.h: KGDT64_R0_CODE and so on.
_R0_CODE, _R0_DATA, _R3_CMTEB, _R3_CODE, _TSS = 0x10, 0x2B, 0x53, 0x33, 0x40
_X64_PRCB = 0x180  # KPCR.Prcb, behind the part that we have a type for
_MXCSR = 0x1F80


def _x64(world: World, processes: Processes, running: Running) -> Processor:
    pcr = world.nt("KiInitialPCR")
    context = _x64_context(running)
    special = _write_x64_region(world, pcr, 0, running.thread, processes.threads[0])
    state = world.field(pcr + _X64_PRCB, "_KPRCB", "ProcessorState")
    world.space.write(state + len(special), context)
    world.space.write_pointer(running.stack_pointer, running.return_address)
    return Processor(context, special, running.program_counter, _x64_offsets(world))


def add_processor(world: World, number: int, thread: int) -> tuple[int, bytes]:
    """The VA of another processor's KPCR, and its KSPECIAL_REGISTERS, on x64 and x86; ``thread``
    runs on it."""
    write, prcb = _REGIONS[world.profile.architecture]
    pcr = world.nonpaged.allocate(prcb + world.offsets.size("_KPRCB"), b"Kpcr")
    special = write(world, pcr, number, thread, thread)
    world.set_ulong("KeNumberProcessors", number + 1)
    return pcr, special


def _write_x64_region(world: World, pcr: int, number: int, thread: int, idle: int) -> bytes:
    """Fills a KPCR and the KPRCB in it; the KSPECIAL_REGISTERS."""
    prcb = pcr + _X64_PRCB
    global_table, interrupt_table = _descriptor_tables(world)
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
        CurrentThread=thread,
        IdleThread=idle,
        Number=number,
        MajorVersion=1,
        MinorVersion=1,
        MHz=3400,
    )
    world.space.write(world.field(prcb, "_KPRCB", "ProcessorState"), special)
    world.space.write_pointer(world.nt("KiProcessorBlock") + number * 8, prcb)
    return special


def _descriptor_tables(world: World) -> tuple[int, int]:
    """A GDT with Windows' code and data segments, and an empty IDT."""
    table = world.nonpaged.allocate(0x58 + 0x100, b"Gdt ")
    segments = (
        0, 0, 0x0020_9B00_0000_0000, 0x0040_9300_0000_0000, 0x00CF_FB00_0000_FFFF,
        0x00CF_F300_0000_FFFF, 0x0020_FB00_0000_0000, 0, 0x0000_8B00_0000_0067, 0,
    )  # fmt: skip
    world.space.write(table, struct.pack(f"<{len(segments)}Q", *segments))
    return table, table + 0x58


def _arm64(world: World, processes: Processes, running: Running) -> Processor:
    """As x64 but for the registers; a debugger of crash dumps needs no more of an ARM64's KPCR."""
    x64 = _x64(world, processes, running)
    context = bytearray(world.offsets.size("_CONTEXT"))
    # CONTEXT (winnt.h, ARM64): ContextFlags, Cpsr, X0 to X28, Fp, Lr, Sp, Pc.
    struct.pack_into("<II", context, 0, 0x400007, 0x60000044)
    struct.pack_into(f"<{len(running.arguments)}Q", context, 8, *running.arguments)
    registers = (0, running.return_address, running.stack_pointer, running.program_counter)
    struct.pack_into("<4Q", context, 0xF0, *registers)
    state = world.field(world.nt("KiInitialPCR") + 0x180, "_KPRCB", "ProcessorState")
    world.space.write(state, x64.special_registers + context)
    return x64._replace(context=bytes(context), special_registers=b"")


# x86 selectors, ntddk.h: KGDT_R0_CODE and so on.
_X86_R0_CODE, _X86_R0_DATA, _X86_R0_PCR, _X86_R3_CODE, _X86_R3_DATA = 0x08, 0x10, 0x30, 0x1B, 0x23
_X86_R3_TEB, _X86_TSS = 0x3B, 0x28
_X86_PRCB = 0x120  # KPCR.PrcbData


def _x86(world: World, processes: Processes, running: Running) -> Processor:
    pcr = world.nt("KiInitialPCR")
    for index, word in enumerate((running.return_address, *running.arguments)):
        world.space.write_pointer(running.stack_pointer + 4 * index, word)
    context = _x86_context(world, processes, running)
    special = _write_x86_region(world, pcr, 0, running.thread, processes.threads[0])
    state = world.field(pcr + _X86_PRCB, "_KPRCB", "ProcessorState")
    world.space.write(state, context)
    return Processor(context, special, running.program_counter, _x86_offsets(world))


def _write_x86_region(world: World, pcr: int, number: int, thread: int, idle: int) -> bytes:
    """Fills a KPCR and the KPRCB in it; the KSPECIAL_REGISTERS."""
    prcb = pcr + _X86_PRCB
    global_table = world.nonpaged.allocate(0x40 + 0x40, b"Gdt ")
    _write_x86_segments(world, global_table, pcr)
    special = _x86_special_registers(world, global_table)
    world.fill(
        pcr,
        "_KPCR",
        SelfPcr=pcr,
        Prcb=prcb,
        KdVersionBlock=world.nt("KdVersionBlock"),
        IDT=global_table + 0x40,
        GDT=global_table,
        MajorVersion=1,
        MinorVersion=1,
    )
    world.fill(
        prcb,
        "_KPRCB",
        CurrentThread=thread,
        IdleThread=idle,
        Number=number,
        MajorVersion=1,
        MinorVersion=1,
        MHz=3400,
    )
    state = world.field(prcb, "_KPRCB", "ProcessorState")
    world.space.write(state + world.offsets.size("_CONTEXT"), special)
    world.space.write_pointer(world.nt("KiProcessorBlock") + number * 4, prcb)
    return special


def _write_x86_segments(world: World, table: int, pcr: int) -> None:
    """Flat code and data, and the segment of the KPCR that fs selects."""
    segments = {
        _X86_R0_CODE: 0x00CF_9B00_0000_FFFF,
        _X86_R0_DATA: 0x00CF_9300_0000_FFFF,
        _X86_R3_CODE & ~3: 0x00CF_FB00_0000_FFFF,
        _X86_R3_DATA & ~3: 0x00CF_F300_0000_FFFF,
        _X86_R0_PCR: pcr >> 24 << 56 | 0x0040_9300_0000_1FFF | (pcr & 0xFFFFFF) << 16,
        _X86_R3_TEB & ~3: 0x0040_F300_0000_0FFF,
    }
    for selector, descriptor in segments.items():
        world.space.write_unsigned(table + selector, 8, descriptor)


def _x86_context(world: World, processes: Processes, running: Running) -> bytes:
    """CONTEXT (winnt.h, x86): segments from +0x8C, Edi to Eax from +0x9C, Ebp, Eip, SegCs..."""
    context = bytearray(world.offsets.size("_CONTEXT"))
    struct.pack_into("<I", context, 0, 0x1001F)
    segments = (0, _X86_R0_PCR, _X86_R3_DATA, _X86_R3_DATA)
    struct.pack_into("<4I", context, 0x8C, *segments)
    # A frame pointer to the thread's first return address and no older frame, for the stack walk.
    frame = processes.stack_pointer - world.profile.pointer_size
    stack = (running.stack_pointer, _X86_R0_DATA)
    control = (frame, running.program_counter, _X86_R0_CODE, 0x246, *stack)
    struct.pack_into("<6I", context, 0xB4, *control)
    return bytes(context)


def _x86_special_registers(world: World, global_table: int) -> bytes:
    special = bytearray(world.offsets.size("_KSPECIAL_REGISTERS"))
    features = 0x6D9 if world.profile.is_without_pae else 0x6F9  # bit 5 is PAE
    struct.pack_into("<4I", special, 0, 0x80010031, 0, world.space.tables.directory, features)
    for field, limit, base in (("Gdtr", 0x3F, global_table), ("Idtr", 0x3F, global_table + 0x40)):
        place = world.offsets.field("_KSPECIAL_REGISTERS", field)
        struct.pack_into("<HHI", special, place, 0, limit, base)
    struct.pack_into("<H", special, world.offsets.field("_KSPECIAL_REGISTERS", "Tr"), _X86_TSS)
    return bytes(special)


def _x86_offsets(world: World) -> dict[str, int]:
    state = world.offsets.field("_KPRCB", "ProcessorState")
    return {
        "SizePrcb": world.offsets.size("_KPRCB"),
        "OffsetPrcbCurrentThread": 4,
        "OffsetPrcbCpuType": world.offsets.field("_KPRCB", "CpuType"),
        "OffsetPrcbProcStateContext": state,
        "OffsetPrcbNumber": world.offsets.field("_KPRCB", "Number"),
        "SizePcr": _X86_PRCB + world.offsets.size("_KPRCB"),
        "OffsetPcrSelfPcr": world.offsets.field("_KPCR", "SelfPcr"),
        "OffsetPcrCurrentPrcb": world.offsets.field("_KPCR", "Prcb"),
        "OffsetPcrContainedPrcb": _X86_PRCB,
        "OffsetPrcbProcStateSpecialReg": state + world.offsets.size("_CONTEXT"),
        "GdtR0Code": _X86_R0_CODE,
        "GdtR0Data": _X86_R0_DATA,
        "GdtR0Pcr": _X86_R0_PCR,
        "GdtR3Code": _X86_R3_CODE,
        "GdtR3Data": _X86_R3_DATA,
        "GdtR3Teb": _X86_R3_TEB,
        "GdtTss": _X86_TSS,
    }


def _x64_context(running: Running) -> bytes:
    """CONTEXT (winnt.h): control and segment registers, and an FXSAVE area at +0x100."""
    context = bytearray(0x4D0)
    struct.pack_into("<II", context, 0x30, 0x10001F, _MXCSR)
    segments = (_R0_CODE, _R0_DATA, _R0_DATA, _R3_CMTEB, _R0_DATA, 0x18)
    struct.pack_into("<6H", context, 0x38, *segments)
    struct.pack_into("<I", context, 0x44, 0x40246)
    rcx, rdx, r8, rsp, rip, floating = 0x80, 0x88, 0xB8, 0x98, 0xF8, 0x100
    for register, argument in zip((rcx, rdx, r8), running.arguments):
        struct.pack_into("<Q", context, register, argument)
    struct.pack_into("<Q", context, rsp, running.stack_pointer)
    struct.pack_into("<Q", context, rip, running.program_counter)
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
    put("Cr4", 0x351EF8 if world.profile.five_levels else 0x350EF8)
    put("MsrGsBase", pcr)
    for field, limit, base in (("Gdtr", 0x57, global_table), ("Idtr", 0xFFF, interrupt_table)):
        place = world.offsets.field("_KSPECIAL_REGISTERS", field)
        struct.pack_into("<6xHQ", special, place, limit, base)
    struct.pack_into("<H", special, world.offsets.field("_KSPECIAL_REGISTERS", "Tr"), _TSS)
    return bytes(special)


def _known(world: World, type_name: str, field: str) -> int:
    """The offset of a field, 0 where our sources do not have it."""
    return world.offsets.field(type_name, field) if world.offsets.has(type_name, field) else 0


def _x64_offsets(world: World) -> dict[str, int]:
    state = world.offsets.field("_KPRCB", "ProcessorState")
    return {
        "SizePrcb": world.offsets.size("_KPRCB"),
        "OffsetPrcbCurrentThread": 8,
        "OffsetPrcbMhz": world.offsets.field("_KPRCB", "MHz"),
        "OffsetPrcbCpuType": world.offsets.field("_KPRCB", "CpuType"),
        "OffsetPrcbProcStateContext": state + world.offsets.size("_KSPECIAL_REGISTERS"),
        "OffsetPrcbNumber": _known(world, "_KPRCB", "Number"),
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


_REGIONS: dict[str, tuple[Callable[[World, int, int, int, int], bytes], int]] = {
    "x64": (_write_x64_region, _X64_PRCB),
    "x86": (_write_x86_region, _X86_PRCB),
}  # and where in a KPCR the KPRCB is
