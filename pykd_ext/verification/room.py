"""The closed room: a kernel's code, run in an emulator on memory that was put there.

Nothing leads out of it: the emulator has no devices, files or system calls, the kernel's pages are
copies, and what the code reaches beyond them ends the run. A call is bounded in instructions and
time, the room in pool.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Callable, NamedTuple

from unicorn import (
    UC_HOOK_CODE,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_HOOK_MEM_WRITE,
    UC_PROT_ALL,
    UC_PROT_EXEC,
    UC_PROT_READ,
    UC_PROT_WRITE,
    UC_TLB_VIRTUAL,
    Uc,
    UcError,
    unicorn_const,
)

from ..kernel.instructions import decode
from ..target.architecture import ARCHITECTURES
from ..target.errors import MemoryUnreadable, RegcbError
from ..target.fields import unsigned
from ..target.memory import PAGE
from .kernel_source import KernelSource
from .processors import PROCESSORS, Processor

__all__ = ["BOOT_TIME", "Room", "StandIn", "Stopped"]

_INSTRUCTIONS = 2_000_000  # of one call; a registration takes some thousands
_SECONDS = 60  # of all calls together
_DATA_SIZE, _STACK_SIZE, _POOL_SIZE, _STUBS_SIZE = 0x20000, 0x20000, 0x80000, 0x20000
BOOT_TIME = 0x01DA6ED5_49BDFE00  # the system time in the room: 5 March 2024

_WRITES = (unicorn_const.UC_MEM_WRITE_UNMAPPED, unicorn_const.UC_MEM_WRITE_PROT)
_FETCHES = (unicorn_const.UC_MEM_FETCH_UNMAPPED, unicorn_const.UC_MEM_FETCH_PROT)

_WAITS = ("hlt", "wf")
_ENDS = ("int3", "int", "hlt", "svc", "hvc", "smc", "wfi", "wfe", "wfit", "wfet")

StandIn = Callable[[Sequence[int]], int]


class Stopped(RegcbError):
    """The code did not come back. ``address`` is the VA of the instruction that it stopped at."""

    def __init__(self, address: int, why: str) -> None:
        super().__init__(f"stopped at {address:#x}: {why}")
        self.address = address
        self.why = why


class _StandIn(NamedTuple):
    """A function of Python's at an address of the room."""

    arguments: int
    function: StandIn


class Room:
    """One kernel's room.

    ``thread`` is its only thread's ETHREAD, ``scratch`` memory for arguments. ``written`` lists
    what the code has written to the kernel's image since it was cleared, as (VA, size).
    """

    def __init__(self, source: KernelSource) -> None:
        self.source = source
        self.processor: Processor = PROCESSORS[source.architecture]
        self._architecture = ARCHITECTURES[source.architecture]
        self.pointer_size = self._architecture.pointer_size
        self.written: list[tuple[int, int]] = []
        self._engine = Uc(*self.processor.engine)
        # Virtual addresses are the memory's own: there are no page tables in the room.
        self._engine.ctl_set_tlb_mode(UC_TLB_VIRTUAL)
        self._mapped: set[int] = set()
        self._stand_ins: dict[int, _StandIn] = {}
        self._fault: tuple[int, int] | None = None
        self._interrupt: int | None = None
        self._ends = time.monotonic() + _SECONDS
        self._journal: dict[int, bytes] | None = None
        self.absent: dict[int, None] = {}
        self._lay_out()
        self._hook()

    # -- memory

    def read(self, address: int, size: int) -> bytes:
        """The room's memory, else the kernel's; raises MemoryUnreadable."""
        try:
            return bytes(self._engine.mem_read(address, size))
        except UcError:
            return self._read_by_page(address, size)

    def _read_by_page(self, address: int, size: int) -> bytes:
        data = b""
        while len(data) < size:
            at = address + len(data)
            length = min(size - len(data), PAGE - at % PAGE)
            page = at - at % PAGE
            if not self._bring(page):
                raise MemoryUnreadable(address, size)
            data += bytes(self._engine.mem_read(at, length))
        return data

    def source_bytes(self, address: int, size: int) -> bytes:
        """The kernel's bytes as they were before anything ran, zeros for pages that are absent."""
        first = address - address % PAGE
        pages = (self.source.page(at) or bytes(PAGE) for at in range(first, address + size, PAGE))
        return b"".join(pages)[address - first :][:size]

    def write(self, address: int, data: bytes) -> None:
        """Raises MemoryUnreadable where the kernel's page is absent."""
        for page in range(address - address % PAGE, address + len(data), PAGE):
            if not self._bring(page):
                raise MemoryUnreadable(page, PAGE)
        self._remember(address, len(data))
        self._engine.mem_write(address, data)

    def unsigned(self, address: int, size: int) -> int:
        return unsigned(self.read(address, size))

    def pointer(self, address: int) -> int:
        return self.unsigned(address, self.pointer_size)

    def write_pointers(self, address: int, *values: int) -> None:
        size = self.pointer_size
        mask = (1 << 8 * size) - 1
        self.write(address, b"".join((each & mask).to_bytes(size, "little") for each in values))

    def write_string(self, address: int, text: str) -> None:
        """A UNICODE_STRING, its text behind it."""
        raw = text.encode("utf-16-le")
        self.write(address, struct.pack("<HH", len(raw), len(raw)))
        self.write_pointers(address + self.pointer_size, address + 2 * self.pointer_size)
        self.write(address + 2 * self.pointer_size, raw)

    # -- calls

    def register(self, name: str) -> int:
        return int(self._engine.reg_read(self.processor.registers[name]))

    def set_register(self, name: str, value: int) -> None:
        self._engine.reg_write(self.processor.registers[name], value)

    def stand_in(self, address: int, arguments: int, function: StandIn) -> None:
        """From now on ``function`` runs in place of the code at the VA ``address``; it gets the
        ``arguments`` words that the code there takes, and what it returns is returned."""
        if address not in self._stand_ins:
            self._engine.hook_add(UC_HOOK_CODE, self._stand, begin=address, end=address)
        self._stand_ins[address] = _StandIn(arguments, function)

    def new_function(self, arguments: int, function: StandIn) -> int:
        """The VA of a function of Python's."""
        address = self.new_code(b"\0" * 0x10)
        self.stand_in(address, arguments, function)
        return address

    def new_code(self, code: bytes) -> int:
        """The VA of ``code``, put into the room."""
        address = self._next_stub
        self._next_stub += (len(code) + 0xF) & ~0xF
        self._engine.mem_write(address, code)
        return address

    def watch(self, address: int, seen: Callable[[], None]) -> None:
        """``seen`` is called whenever the code comes to the VA ``address``."""
        self._engine.hook_add(UC_HOOK_CODE, lambda *_: seen(), begin=address, end=address)

    def call(self, function: int, *arguments: int) -> int:
        """What the kernel's function at a VA returns; raises Stopped. Arguments are words."""
        self._place(arguments)
        self._run(function, self.back, _INSTRUCTIONS)
        return self.register(self._architecture.result)

    def run(self, start: int, stop: int, instructions: int) -> None:
        """Runs code from the VA ``start`` to ``stop``, which is no whole function."""
        self._place(())
        self._run(start, stop, instructions)

    @contextmanager
    def undone(self) -> Iterator[Callable[[], None]]:
        """What the block writes to the kernel's image is taken back when it is left, unless the
        block has called what it is given."""
        journal = self._journal = {}
        try:
            yield journal.clear
        finally:
            self._journal = None
            for address, data in journal.items():
                self._engine.mem_write(address, data)

    # -- inside

    def _lay_out(self) -> None:
        at, size = self.processor.places, self.pointer_size
        regions = (_DATA_SIZE, _STACK_SIZE, _POOL_SIZE, _STUBS_SIZE)
        self.thread, self._stack, self.pool, stubs = (
            at + index * 0x100_0000 for index in range(len(regions))
        )
        read_write = UC_PROT_READ | UC_PROT_WRITE
        for address, length in zip((self.thread, self._stack, self.pool), regions):
            self._map(address, length, read_write)
        self.pool_end = self.pool + _POOL_SIZE
        self._stack_top = self._stack + _STACK_SIZE - 0x4000
        self.scratch = self.thread + 0x8000
        # The emulator touches the page before the one that it is to stop at.
        self._map(stubs, _STUBS_SIZE, UC_PROT_READ | UC_PROT_EXEC)
        self.back = stubs + PAGE
        self._next_stub = self.back + 0x10
        self._map(self.processor.shared_data, PAGE, UC_PROT_READ)
        self._map(self.processor.processor_block, PAGE, read_write)
        low, high = BOOT_TIME & 0xFFFF_FFFF, BOOT_TIME >> 32
        self._engine.mem_write(  # SystemTime: LowPart, High1Time, High2Time (KSYSTEM_TIME)
            self.processor.shared_data + 0x14, struct.pack("<III", low, high, high)
        )
        for offset in self.processor.list_heads:  # no APC is waiting for the thread
            self._engine.mem_write(
                self.thread + offset, (self.thread + offset).to_bytes(size, "little")
            )
        self._set_processor_block()

    def _set_processor_block(self) -> None:
        block, thread = self.processor.processor_block, self.thread
        self.write_pointers(block + self.processor.current_thread, thread)
        if self.source.architecture == "x64":
            self.write_pointers(block + 0x18, block, block + 0x180)  # Self, CurrentPrcb
            self.set_register("gs_base", block)
        elif self.source.architecture == "arm64":
            self.set_register("x18", block)
            self.set_register("tpidr_el1", block)
        else:
            self.write_pointers(block + 0x1C, block)  # SelfPcr
            self._set_segments(block)

    def _set_segments(self, block: int) -> None:
        """Flat code and data, and the KPCR behind fs (Intel SDM volume 3, 3.4.5)."""
        table = self.thread + 0x7000
        own = 0x0040_9300_0000_0FFF | (block & 0xFF_FFFF) << 16 | block >> 24 << 56
        self.write(table, struct.pack("<4Q", 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, own))
        self._engine.reg_write(self.processor.registers["gdtr"], (0, table, 0x1F, 0))
        self.set_register("cr0", 0x11)
        for name, selector in (("cs", 8), ("ss", 16), ("ds", 16), ("es", 16), ("fs", 24)):
            self.set_register(name, selector)

    def _map(self, address: int, size: int, access: int) -> None:
        self._engine.mem_map(address, size, access)
        self._mapped.update(range(address, address + size, PAGE))

    def _hook(self) -> None:
        image = self.source
        self._engine.hook_add(UC_HOOK_MEM_INVALID, self._invalid)
        self._engine.hook_add(UC_HOOK_INTR, self._interrupted)
        self._engine.hook_add(
            UC_HOOK_MEM_WRITE, self._write_seen, begin=image.base, end=image.base + image.size - 1
        )

    def _bring(self, page: int) -> bool:
        """Maps one page of the kernel, if there is that page."""
        if page in self._mapped:
            return True
        if not self.source.base <= page < self.source.base + self.source.size:
            return False
        data = self.source.page(page)
        if data is None:
            self.absent[page] = None
            return False
        self._map(page, PAGE, UC_PROT_ALL)
        self._engine.mem_write(page, data)
        return True

    def _invalid(self, _uc: Any, access: int, address: int, _size: int, *_: Any) -> bool:
        page = address - address % PAGE
        if page not in self._mapped and self._bring(page):
            return True
        self._fault = (access, address)
        return False

    def _interrupted(self, uc: Any, number: int, *_: Any) -> None:
        self._interrupt = number
        uc.emu_stop()

    def _write_seen(self, _uc: Any, _access: int, address: int, size: int, *_: Any) -> None:
        self.written.append((address, size))
        self._remember(address, size)

    def _remember(self, address: int, size: int) -> None:
        """The old bytes, for undone(), of the kernel's image alone."""
        if self._journal is None:
            return
        for at in range(address, address + size):
            if at not in self._journal and (at - at % PAGE) in self._mapped:
                self._journal[at] = bytes(self._engine.mem_read(at, 1))

    def _place(self, arguments: Sequence[int]) -> None:
        """Arguments and the return address, where the calling convention has them."""
        architecture = self._architecture
        for name, value in zip(architecture.arguments, arguments):
            self.set_register(name, value & architecture.address_mask)
        words = list(arguments[len(architecture.arguments) :])
        if architecture.link:
            self.set_register(architecture.link, self.back)
        else:
            words = [self.back, *[0] * (architecture.home // 8), *words]
        stack = (self._stack_top - self.pointer_size * len(words)) & ~0xF
        if architecture.home:
            stack -= 8  # aligned before the call has pushed
        self.write_pointers(stack, *words)
        self.set_register(architecture.stack_pointer, stack)

    def _run(self, start: int, stop: int, instructions: int) -> None:
        self._fault = self._interrupt = None
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Stopped(start, f"all runs together may take {_SECONDS} seconds, and have")
        try:
            self._engine.emu_start(start, stop, int(left * 1_000_000), instructions)
        except UcError as error:
            raise Stopped(self._counter(), self._why(str(error))) from None
        if self._counter() == stop:
            return
        before, text = self._just_run()
        if self._interrupt is not None:
            raise Stopped(before, f"the code raises interrupt {self._interrupt:#x}")
        if text.startswith(_WAITS):
            raise Stopped(before, "the code waits for an interrupt")
        if time.monotonic() >= self._ends:
            raise Stopped(self._counter(), f"it did not come back within {_SECONDS} seconds")
        raise Stopped(self._counter(), f"it did not come back within {instructions} instructions")

    def _counter(self) -> int:
        return self.register(self._architecture.program_counter)

    def _just_run(self) -> tuple[int, str]:
        """The instruction before the counter, if it is one that ends a run; else the one there."""
        counter = self._counter()
        for size in (1, 2, 4):
            try:
                code = self.read(counter - size, size)
            except MemoryUnreadable:
                continue
            for each in decode(self.source.architecture, code, counter - size, 1):
                if each.end == counter and each.mnemonic in _ENDS:
                    return each.address, each.mnemonic
        return counter, ""

    def _why(self, error: str) -> str:
        if self._fault is None:
            return f"the emulator says: {error}"
        access, address = self._fault
        if address - address % PAGE in self.absent:
            return f"{address:#x} is a page of the kernel that is not there"
        if access in _FETCHES:
            return f"the code leaves its image, for {address:#x}"
        return f"the code {'writes to' if access in _WRITES else 'reads'} {address:#x}, outside"

    def _stand(self, _uc: Any, address: int, _size: int, _data: Any) -> None:
        """Does what stands at ``address``, and goes back to its caller."""
        there, architecture = self._stand_ins[address], self._architecture
        size = architecture.pointer_size
        stack = self.register(architecture.stack_pointer)
        words = [self.register(name) for name in architecture.arguments[: there.arguments]]
        first = stack + (0 if architecture.link else size) + architecture.home
        words += [
            self.pointer(first + size * index) for index in range(there.arguments - len(words))
        ]
        result = there.function(words)
        self.set_register(architecture.result, result & architecture.address_mask)
        if architecture.link:
            back = self.register(architecture.link)
        else:
            back = self.pointer(stack)
            popped = there.arguments if architecture.callee_pops else 0
            self.set_register(architecture.stack_pointer, stack + size * (1 + popped))
        self.set_register(architecture.program_counter, back)
