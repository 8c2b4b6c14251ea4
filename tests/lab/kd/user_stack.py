"""The user-mode part of a thread: what a debugger finds behind the kernel's frames.

Two images in the process's PEB, a stack on which one has called the other, and the machine frame
that the processor pushed at the system call. The images have no code: no debugger looks into them.
"""

from __future__ import annotations

from ..world import World

__all__ = ["USER_IMAGES", "give_user_stack"]

# Name, path, offset from the process's first page, size: in load order.
USER_IMAGES = (
    ("regedit.exe", "C:\\Windows\\regedit.exe", 0, 0x10000),
    ("ntdll.dll", "C:\\Windows\\System32\\ntdll.dll", 0x100000, 0x20000),
)
CALLER, SYSTEM_CALL = 0x1010, 0x10_2014  # offsets of what the frames return to

_PROCESS_STRIDE = 0x40_0000
_FIRST = 0x7FF0_0000_0000
_STACK, _STACK_SIZE, _PEB = 0x200000, 0x1000, 0x300000  # from the process's first page
_USER_CODE, _USER_STACK = 0x33, 0x2B  # KGDT64_R3_CODE | 3, KGDT64_R3_DATA | 3: ntddk.h
_INTERRUPTS_ON = 0x202  # EFLAGS
_LDR, _IN_LOAD_ORDER = (
    0x18,
    0x10,
)  # PEB, PEB_LDR_DATA: winternl.h
_DLL_BASE, _SIZE, _PATH, _NAME, _ENTRY = 0x30, 0x40, 0x48, 0x58, 0xA0  # LDR_DATA_TABLE_ENTRY


def give_user_stack(world: World, process: int, base: int) -> int:
    """Writes it for a thread of the process (the VA of an EPROCESS) whose kernel stack ends at
    ``base``; returns the VA of its machine frame."""
    space = world.space
    number = space.unsigned(world.field(process, "_EPROCESS", "UniqueProcessId"), 4)
    first = _FIRST + number * _PROCESS_STRIDE
    if not space.pointer(world.field(process, "_EPROCESS", "Peb")):
        space.map(first + _STACK, _STACK_SIZE)
        world.fill(process, "_EPROCESS", Peb=_write_peb(world, first))
    stack = first + _STACK + _STACK_SIZE - 0x20
    space.write_pointer(stack, first + CALLER)  # and 0 behind it: nobody called that
    frame = base - 5 * 8
    for place, value in enumerate(
        (first + SYSTEM_CALL, _USER_CODE, _INTERRUPTS_ON, stack, _USER_STACK)
    ):
        space.write_pointer(frame + 8 * place, value)
    return frame


def _write_peb(world: World, first: int) -> int:
    """PEB, PEB_LDR_DATA, and an LDR_DATA_TABLE_ENTRY for every image, on one page."""
    space, peb = world.space, first + _PEB
    space.map(peb, 0x1000)
    loader, place, entries = peb + 0x100, peb + 0x200, []
    for name, path, offset, size in USER_IMAGES:
        entries.append(place)
        space.write_pointer(place + _DLL_BASE, first + offset)
        space.write_unsigned(place + _SIZE, 4, size)
        text = path.encode("utf-16-le")
        space.write(place + _ENTRY, text)
        short = 2 * len(name)
        space.write_unicode_string(place + _PATH, place + _ENTRY, len(text), len(text))
        end = place + _ENTRY + len(text)
        space.write_unicode_string(place + _NAME, end - short, short, short)
        place += 0x200
    space.link(loader + _IN_LOAD_ORDER, entries)
    space.write_pointer(peb + _LDR, loader)
    return peb
