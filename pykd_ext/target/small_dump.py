"""A small (triage) memory dump: blocks of virtual memory, and lists of drivers.

Windows writes the crashed thread, its process, its processor and its stack, some memory that they
point to, and two lists that it makes for the file: the loaded and the unloaded drivers. There are
no page tables. Every offset and count comes from the file: what lies outside it is left out, and a
line says so.

Offsets: TRIAGE_DUMP64, TRIAGE_DUMP32 and what they lead to in public copies of ntiodump.h, held
against real dumps of x64 and ARM64 (SOURCES 9.1); of x86 none was at hand.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .architecture import Architecture
from .errors import MemoryUnreadable
from .fields import unpack_at, unsigned
from .module_list import LoadedModule

if TYPE_CHECKING:
    from .protocol import FileBytes

__all__ = ["Blocks", "SmallDump", "UnloadedImage", "read_small_dump"]

_VALID = b"TRGD"
_MOST_DRIVERS, _MOST_UNLOADED, _MOST_BLOCKS = 2_000, 1_000, 1_000_000
_PAGE = 0x1000
_LONGEST_PATH = 0x400  # characters
_DEBUGGER_DATA_TAG, _TAG_AT = b"KDBG", 0x10
_CURRENT_THREAD_AT = 0x2B4  # USHORT OffsetPrcbCurrentThread in KDDEBUGGER_DATA64 (wdbgexts.h)
_APC_PROCESS_AT = 0x2A0  # USHORT OffsetKThreadApcProcess


class _Layout(NamedTuple):
    """TRIAGE_DUMP32 or 64: offsets in bytes from its start, the end of the header."""

    top_of_stack: int
    data_page: int  # address, offset, size
    debugger_data: int  # offset, size
    blocks: int  # offset, count
    driver_size: int  # of a DUMP_DRIVER_ENTRY
    driver_base: int
    driver_image_size: int
    driver_stamp: int
    unloaded_size: int  # of a DUMP_UNLOADED_DRIVERS
    unloaded_name: int  # WCHAR DriverName[12], behind the UNICODE_STRING


_LAYOUTS = {
    8: _Layout(0x48, 0x60, 0x70, 0x78, 0x90, 0x38, 0x48, 0x88, 0x38, 0x10),
    4: _Layout(0x48, 0x4C, 0x58, 0x60, 0x4C, 0x1C, 0x24, 0x48, 0x28, 0x08),
}
# The same in both.
_VALID_OFFSET, _UNLOADED, _PROCESSOR, _PROCESS, _THREAD, _STACK, _STACK_SIZE = (
    0x08, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x2C,
)  # fmt: skip
_DRIVERS, _DRIVER_COUNT = 0x30, 0x34
# Every offset of a part, in the order in which they lie.
_PLACES = (*range(0x0C, _STACK_SIZE, 4), _DRIVERS)
_UNLOADED_NAME_SIZE = 24
_BLOCK = struct.Struct("<QII")  # TRIAGE_DATA_BLOCK: address, offset in the file, size


class UnloadedImage(NamedTuple):
    """A driver that was unloaded: the first 12 characters of its name, its VA range."""

    name: str
    start: int
    end: int


class SmallDump(NamedTuple):
    """What a small dump has in place of the kernel's own lists; 0 for what it has not got.

    ``thread`` and ``process`` are the VAs of the KTHREAD that crashed and of its process, ``stack``
    where its stack was kept from (inclusive) and to (exclusive).
    """

    loaded: tuple[LoadedModule, ...]
    unloaded: tuple[UnloadedImage, ...]
    thread: int
    process: int
    stack: tuple[int, int]
    memory: int  # bytes of it that are there


class Blocks:
    """Virtual memory in pieces: where each lies in the file."""

    def __init__(self, data: FileBytes, blocks: list[tuple[int, int, int]]) -> None:
        """``blocks`` are (VA, file offset, size); where two overlap the lower one is taken."""
        self._data = data
        self._pieces = list(_without_overlaps(blocks))
        self._starts = [start for start, _, _ in self._pieces]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(size for _, _, size in self._pieces)

    def read(self, address: int, size: int) -> bytes:
        """Exactly ``size`` bytes at the VA; raises MemoryUnreadable."""
        found = bytearray()
        while len(found) < size:
            position = address + len(found)
            index = bisect_right(self._starts, position) - 1
            # An address that was computed from a forged pointer may be below 0.
            start, offset, length = self._pieces[index] if index >= 0 else (position, 0, 0)
            inside = position - start
            if inside >= length:
                raise MemoryUnreadable(address, size)
            end = min(length, inside + size - len(found))
            found += self._data[offset + inside : offset + end]
        return bytes(found)


def _without_overlaps(blocks: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    reached = 0
    for start, offset, size in sorted(blocks):
        skip = max(reached - start, 0)
        if skip < size:
            yield start + skip, offset + skip, size - skip
            reached = start + size


def read_small_dump(
    data: FileBytes,
    base: int,
    architecture: Architecture,
    debugger_data: int,
    problems: list[str],
) -> tuple[SmallDump, Blocks]:
    """The lists and the memory of a small dump.

    ``base`` is where the dump's header ends, ``debugger_data`` the VA of KDDEBUGGER_DATA64. What is
    wrong with the file is appended to ``problems``, a line for each.
    """
    return _Reader(data, base, architecture, debugger_data, problems).read()


class _Reader:
    def __init__(
        self,
        data: FileBytes,
        base: int,
        architecture: Architecture,
        debugger_data: int,
        problems: list[str],
    ) -> None:
        self._data = data
        self._base = base
        self._architecture = architecture
        self._word = architecture.pointer_size
        self._layout = _LAYOUTS[self._word]
        self._debugger_data = debugger_data
        self._problems = problems
        self._blocks: list[tuple[int, int, int]] = []

    def read(self) -> tuple[SmallDump, Blocks]:
        self._check_end()
        top, size = self._at(self._layout.top_of_stack, self._word), self._at(_STACK_SIZE)
        stack = self._add("the stack", top, self._at(_STACK), size)
        page = self._layout.data_page
        self._add("the data page", self._at(page, self._word), self._at(page + self._word),
                  self._at(page + self._word + 4))  # fmt: skip
        debugger_data = self._add_debugger_data()
        thread = self._thread(debugger_data)
        process = self._process(thread, debugger_data)
        self._add_blocks()
        blocks = Blocks(self._data, self._blocks)
        dump = SmallDump(
            loaded=tuple(self._loaded()),
            unloaded=tuple(self._unloaded()),
            thread=thread,
            process=process,
            stack=(top, top + size) if stack else (0, 0),
            memory=blocks.size,
        )
        return dump, blocks

    def _at(self, offset: int, size: int = 4) -> int:
        """A field of the TRIAGE_DUMP."""
        return self._number(self._base + offset, size)

    def _number(self, offset: int, size: int) -> int:
        return unsigned(self._data, offset, size)

    def _check_end(self) -> None:
        end = self._at(_VALID_OFFSET)
        if self._data[end : end + 4] != _VALID:
            self._problems.append(
                f"the small dump's end mark is not at {end:#x}: it is cut off (it has "
                f"{len(self._data):#x} bytes) or damaged, what is there is shown"
            )

    def _add(self, what: str, address: int, offset: int, size: int) -> bool:
        """A block of memory; False where there is none."""
        if not (address and offset and size):
            return False
        if not self._is_inside(what, offset, size):
            return False
        self._blocks.append((address, offset, size))
        return True

    def _is_inside(self, what: str, offset: int, size: int) -> bool:
        if self._base <= offset and offset + size <= len(self._data):
            return True
        self._problems.append(
            f"{what} would be at {offset:#x}, {size:#x} bytes, outside the file "
            f"({len(self._data):#x} bytes): it is left out"
        )
        return False

    def _add_debugger_data(self) -> int:
        """Its file offset, 0 without what :meth:`_thread` and :meth:`_process` ask of it."""
        offset, size = (
            self._at(self._layout.debugger_data),
            self._at(self._layout.debugger_data + 4),
        )
        if not self._add("the debugger data", self._debugger_data, offset, size):
            return 0
        tag = self._data[offset + _TAG_AT : offset + _TAG_AT + 4]
        # XP's block ends before the fields that are asked for.
        is_whole = tag == _DEBUGGER_DATA_TAG and size >= _CURRENT_THREAD_AT + 2
        return offset if is_whole else 0

    def _thread(self, debugger_data: int) -> int:
        """The VA of the KTHREAD, by the processor's CurrentThread; its memory is added."""
        processor = self._at(_PROCESSOR)
        if not processor or not self._is_inside("the processor block", processor, 0x100):
            return 0
        # KPRCB.CurrentThread is the second pointer (:mod:`.current_thread`).
        place = self._number(debugger_data + _CURRENT_THREAD_AT, 2) if debugger_data else 0
        address = self._number(processor + (place or self._word), self._word)
        thread = self._at(_THREAD)
        return address if self._add("the thread", address, thread, self._room(thread)) else 0

    def _process(self, thread: int, debugger_data: int) -> int:
        """The VA of the EPROCESS, by the thread's; its memory is added."""
        if not thread or not debugger_data:
            return 0
        place = self._number(debugger_data + _APC_PROCESS_AT, 2)
        address = self._number(self._at(_THREAD) + place, self._word)
        process = self._at(_PROCESS)
        return address if self._add("the process", address, process, self._room(process)) else 0

    def _room(self, offset: int) -> int:
        """How many bytes there are before the next part."""
        later = [each for each in map(self._at, _PLACES) if each > offset]
        return max(min(later, default=len(self._data)) - offset, 1)

    def _add_blocks(self) -> None:
        start, count = self._at(self._layout.blocks), self._at(self._layout.blocks + 4)
        entries = self._entries("memory blocks", start, count, _BLOCK.size, _MOST_BLOCKS)
        outside = 0
        for entry in entries:
            address, offset, size = unpack_at(_BLOCK, self._data, entry)
            address &= self._architecture.address_mask
            if self._base <= offset and offset + size <= len(self._data):
                self._blocks.append((address, offset, size))
            else:
                outside += 1
        if outside:
            self._problems.append(
                f"{outside} of {count} memory blocks would be outside the file "
                f"({len(self._data):#x} bytes): they are left out"
            )

    def _entries(self, what: str, start: int, count: int, size: int, most: int) -> range:
        """Where each of ``count`` entries is, no more than the file can hold."""
        if not count or not start:
            return range(0)
        room = (len(self._data) - start) // size if self._base <= start < len(self._data) else 0
        fitting = min(count, room, most)
        if fitting < count:
            self._problems.append(
                f"{count} {what} would be at {start:#x}, {fitting} are read: the file "
                f"has {len(self._data):#x} bytes"
            )
        return range(start, start + fitting * size, size)

    def _loaded(self) -> Iterator[LoadedModule]:
        layout = self._layout
        senseless = 0
        for entry in self._entries(
            "drivers", self._at(_DRIVERS), self._at(_DRIVER_COUNT), layout.driver_size,
            _MOST_DRIVERS,
        ):  # fmt: skip
            path = self._string(self._number(entry, 4))
            base = self._number(entry + layout.driver_base, self._word)
            size = self._number(entry + layout.driver_image_size, 4)
            if not path or not size or base % _PAGE or base < self._architecture.kernel_start:
                senseless += 1
                continue
            yield LoadedModule(
                entry=0,
                base=base,
                size=size,
                time_date_stamp=self._number(entry + layout.driver_stamp, 4),
                full_dll_name=path,
                base_dll_name=path.replace("/", "\\").rpartition("\\")[2],
            )

        if senseless:
            self._problems.append(f"{senseless} entries of the list of drivers are none, left out")

    def _string(self, offset: int) -> str:
        """A DUMP_STRING: how many characters, then they."""
        if not self._base <= offset <= len(self._data) - 4:
            return ""
        length = min(self._number(offset, 4), _LONGEST_PATH)
        raw = self._data[offset + 4 : offset + 4 + 2 * length]
        return raw[: len(raw) & ~1].decode("utf-16-le", "surrogatepass")

    def _unloaded(self) -> Iterator[UnloadedImage]:
        layout, start = self._layout, self._at(_UNLOADED)
        if not start or not self._is_inside("the unloaded drivers", start, self._word):
            return
        count = self._number(start, 4)
        for entry in self._entries(
            "unloaded drivers", start + self._word, count, layout.unloaded_size, _MOST_UNLOADED
        ):
            length = min(self._number(entry, 2), _UNLOADED_NAME_SIZE) & ~1
            name = entry + layout.unloaded_name
            low, high = (
                self._number(name + _UNLOADED_NAME_SIZE + at, self._word) for at in (0, self._word)
            )
            if low < high:
                text = self._data[name : name + length].decode("utf-16-le", "surrogatepass")
                yield UnloadedImage(text, low, high)
