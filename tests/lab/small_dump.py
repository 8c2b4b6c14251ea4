"""Writing a small (triage) memory dump: no pages, but the crashed thread and what it points to.

Blocks and their order as two real ones have them (x64 19041, ARM64 22000): MmInformation, unloaded
drivers, KPRCB, EPROCESS, ETHREAD, stack, KDDEBUGGER_DATA64, drivers, their names, then pieces of
memory: the loader's list head, and 256 bytes from wherever a word of the stack points to.
Layout: TRIAGE_DUMP32 and 64, public copies of ntiodump.h (SOURCES 9.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from .loaded_modules import UNLOADED, image_path
from .physical_memory import PAGE
from .processor import Processor
from .running import Running
from .world import World

__all__ = ["write_small_body"]

_VALID = b"TRGD"
_PIECE = 0x100  # bytes behind an address that the stack holds
_MM_INFORMATION = 0x50  # bytes of DUMP_MM_STORAGE
_NAME = 24  # bytes of an unloaded driver's
_OPTIONS = 0xFFFF_FFFF  # as in the real ones
_ENTRY = {8: (0x90, 0x38, 0x48, 0x80, 0x88), 4: (0x4C, 0x1C, 0x24, 0x44, 0x48)}


def write_small_body(
    path: Path, header: bytes, context: int, exception: int, world: World,
    processor: Processor, running: Running,
) -> None:  # fmt: skip
    """Writes the file: ``header`` is the dump's, ``context`` and ``exception`` offsets in it."""
    _Body(header, context, exception, world, processor, running).write(path)


class _Body:
    def __init__(
        self, header: bytes, context: int, exception: int, world: World,
        processor: Processor, running: Running,
    ) -> None:  # fmt: skip
        self._world = world
        self._running = running
        self._word = world.profile.pointer_size
        self._data = bytearray(header)
        self._base = len(header)
        self._data += bytes(0xD0 - 0x50 if self._word == 8 else 0x68)
        self._places = {"context": context, "exception": exception}
        self._offsets = processor.offsets

    def write(self, path: Path) -> None:
        world, space = self._world, self._world.space
        self._put("mm", struct.pack("<I", 1) + bytes(_MM_INFORMATION - 4))
        self._put("unloaded", self._unloaded())
        processor = space.pointer(world.nt("KiProcessorBlock"))
        self._put("processor", space.read(processor, self._offsets["SizePrcb"]))
        thread = self._running.thread
        process = space.pointer(world.nt("PsInitialSystemProcess"))
        if world.offsets.has("_KTHREAD", "ApcState"):
            process = space.pointer(world.field(thread, "_KTHREAD", "ApcState") + 4 * self._word)
        self._put("process", space.read(process, world.offsets.size("_EPROCESS")))
        self._put("thread", space.read(thread, world.offsets.size("_ETHREAD")))
        stack = self._stack()
        self._put("stack", stack)
        block = world.nt("KdDebuggerDataBlock")
        size = space.unsigned(block + 0x14, 4)  # KDDEBUGGER_DATA_HEADER.Size
        self._put("debugger_data", space.read(block, size))
        count = self._drivers()
        pieces = list(self._pieces(stack, processor))
        table = self._align()
        self._data += bytes(16 * len(pieces))
        for index, (address, content) in enumerate(pieces):
            struct.pack_into("<QII", self._data, table + 16 * index, address, len(self._data),
                             len(content))  # fmt: skip
            self._data += content
        self._align()
        self._places["valid"] = len(self._data)
        self._data += _VALID
        self._head(len(stack), size, count, table, len(pieces))
        path.write_bytes(self._data)

    def _head(self, stack: int, debugger_data: int, drivers: int, table: int, pieces: int) -> None:
        at = self._places
        fields = (
            0, len(self._data), at["valid"], at["context"], at["exception"], at["mm"],
            at["unloaded"], at["processor"], at["process"], at["thread"], at["stack"], stack,
            at["drivers"], drivers, at["names"], at["names_end"] - at["names"], 0, _OPTIONS,
        )  # fmt: skip
        struct.pack_into("<18I", self._data, self._base, *fields)
        rest = (at["debugger_data"], debugger_data, table, pieces)
        pointer = self._running.stack_pointer
        if self._word == 8:
            struct.pack_into("<Q", self._data, self._base + 0x48, pointer)
            struct.pack_into("<4I", self._data, self._base + 0x70, *rest)
        else:
            struct.pack_into("<I", self._data, self._base + 0x48, pointer)
            struct.pack_into("<4I", self._data, self._base + 0x58, *rest)

    def _put(self, name: str, content: bytes) -> None:
        self._places[name] = self._align()
        self._data += content

    def _align(self) -> int:
        self._data += bytes(-len(self._data) % 8)
        return len(self._data)

    def _unloaded(self) -> bytes:
        word = "Q" if self._word == 8 else "I"
        entries = [struct.pack(f"<{word}", len(UNLOADED))]
        base = self._world.profile.driver_base
        for each in UNLOADED:
            name = each.name.encode("utf-16-le")[:_NAME]
            string = struct.pack(f"<HH{'4x' if word == 'Q' else ''}{word}", len(name), _NAME, 0)
            bounds = struct.pack(f"<2{word}", base + each.start, base + each.end)
            entries.append(string + name.ljust(_NAME, b"\0") + bounds)
        return b"".join(entries)

    def _drivers(self) -> int:
        """DUMP_DRIVER_ENTRYs, then their names as DUMP_STRINGs."""
        size, base, image_size, checksum, stamp = _ENTRY[self._word]
        images = list(self._world.images.values())
        start = self._align()
        self._places["drivers"] = start
        self._data += bytes(size * len(images))
        self._places["names"] = self._align()
        for index, image in enumerate(images):
            entry = start + index * size
            name = self._align()
            text = image_path(image.file_name)
            self._data += struct.pack("<I", len(text)) + text.encode("utf-16-le") + bytes(2)
            struct.pack_into("<I", self._data, entry, name)
            struct.pack_into("<Q" if self._word == 8 else "<I", self._data, entry + base,
                             image.base)  # fmt: skip
            struct.pack_into("<I", self._data, entry + image_size, image.image.size)
            struct.pack_into("<I", self._data, entry + checksum, image.image.checksum)
            struct.pack_into("<I", self._data, entry + stamp, image.image.time_date_stamp)
        self._places["names_end"] = len(self._data)
        return len(images)

    def _stack(self) -> bytes:
        """From the stack pointer to the end of what is mapped above it."""
        pointer = self._running.stack_pointer
        end = pointer
        while self._is_mapped(end):
            end = (end | PAGE - 1) + 1
        return self._world.space.read(pointer, end - pointer)

    def _pieces(self, stack: bytes, processor: int) -> Iterator[tuple[int, bytes]]:
        """Memory by VA: what the processor's registers and the stack's words point to."""
        world = self._world
        modules = world.nt("PsLoadedModuleList")
        yield modules, world.space.read(modules, 2 * self._word)
        list_head = world.nt("KiProcessorBlock")
        yield list_head, world.space.read(list_head, self._word)
        yield processor, world.space.read(processor, self._offsets["SizePrcb"])
        words = [*self._running.arguments]
        words += (
            int.from_bytes(stack[at : at + self._word], "little")
            for at in range(0, len(stack), self._word)
        )
        lowest = 1 << (31 if self._word == 4 else 63)
        for address in dict.fromkeys(each for each in words if each >= lowest):
            size = next((each for each in (_PIECE, 0x10) if self._is_mapped(address)
                         and self._is_mapped(address + each - 1)), 0)  # fmt: skip
            if size:
                yield address, world.space.read(address, size)

    def _is_mapped(self, address: int) -> bool:
        return self._world.space.tables.frame(address) is not None
