"""The machine: processors on Unicorn, the threads on them, and what makes them stop.

There is one emulator; a processor is what it is at the moment. Threads give their processor up at
``hlt`` alone (YIELD_PROCESSOR in c/nt.h), so that every run goes the same way; a processor without
a thread has its idle thread.
"""

from __future__ import annotations

from contextlib import suppress

from unicorn import UC_HOOK_INTR, Uc, UcError, x86_const

from .architectures import Architecture
from .breakpoints import Breakpoints
from .emulator import HardwareBreakpoints
from .events import (
    ACCESS_VIOLATION,
    BREAKPOINT,
    ILLEGAL_INSTRUCTION,
    SINGLE_STEP,
    Event,
    Raised,
    Said,
    Symbols,
)
from .memory import GuestMemory
from .new_threads import begin_thread
from .processors import Processor, Thread
from .registers import context_of, set_context

__all__ = ["Machine"]

_INT3, _PAGE_FAULT, _INT2D = 3, 14, 0x2D
_HLT = b"\xf4"
_PRINT, _UNLOAD_SYMBOLS = 1, 4  # BREAKPOINT_* of c/debug_service.h
_SLICE = 200_000  # microseconds without a hlt, after which the link is looked at all the same
_NOWHERE = 0  # and not the highest address: the emulator touches the page before it
_TERMINATED = 4  # KTHREAD_STATE


class Machine:
    """Processors, memory and breakpoints. ``current`` is the processor that ran last."""

    def __init__(
        self, architecture: Architecture, emulator: Uc, memory: GuestMemory, state_offset: int
    ) -> None:
        """``state_offset``: KTHREAD.State."""
        self.architecture = architecture
        self.memory = memory
        self.breakpoints = Breakpoints(memory)
        self.processors: list[Processor] = []
        self._emulator = emulator
        self._state_offset = state_offset
        self._interrupt: int | None = None
        self._hardware = HardwareBreakpoints(emulator)
        self._loaded: Thread | None = None
        self._late: list[tuple[Processor, Event]] = []
        emulator.hook_add(UC_HOOK_INTR, self._on_interrupt)

    def add_processor(self, pcr: int, idle: int, start: int, stack: int) -> Processor:
        """A processor whose idle thread, an ETHREAD, starts at ``start``."""
        processor = Processor(
            len(self.processors), pcr, self._new_thread(pcr, idle, start, 0, stack)
        )
        self.processors.append(processor)
        self.current = self.processors[0]
        return processor

    def add_thread(
        self, processor: Processor, ethread: int, start: int, argument: int, stack: int
    ) -> None:
        """A thread that is to run ``start(argument)``; ``stack`` is the upper end of its stack."""
        thread = self._new_thread(processor.pcr, ethread, start, argument, stack)
        processor.ready.append(thread)

    @property
    def is_idle(self) -> bool:
        """Whether no thread has anything to do."""
        return all(each.is_idle for each in self.processors)

    @property
    def program_counter(self) -> int:
        """Of the current processor."""
        self._load(self.current)
        return int(self._emulator.reg_read(self.architecture.counter))

    def context(self, processor: Processor) -> bytes:
        """A processor's CONTEXT."""
        self._load(processor)
        return context_of(self._emulator, self.architecture.context, processor.debug)

    def set_context(self, processor: Processor, context: bytes) -> None:
        """Gives a processor other registers."""
        self._load(processor)
        processor.debug = set_context(self._emulator, self.architecture.context, context)

    def flags(self, processor: Processor) -> int:
        """EFLAGS."""
        self._load(processor)
        return int(self._emulator.reg_read(x86_const.UC_X86_REG_EFLAGS)) & 0xFFFFFFFF

    def run(self) -> Event | None:
        """Lets the next processor run until its thread gives it up, or something happens."""
        if self._late:
            self.current, event = self._late.pop(0)
            return event
        self.current = self._next_processor()
        self._start(count=0)
        return self._outcome(is_step=False)

    def run_others(self) -> None:
        """What the other processors do while this one takes a step: each runs until its thread
        gives it up. What happens on them is told by the next :meth:`run`."""
        current = self.current
        waiting = [current, *(processor for processor, _ in self._late)]
        for each in self.processors:
            if each in waiting or each.is_idle:
                continue
            self.current = each
            self._start(count=0)
            event = self._outcome(is_step=False)
            if event is not None:
                self._late.append((each, event))
        self.current = current

    def step(self) -> Event:
        """Runs one instruction of the current processor."""
        self._start(count=1)
        return self._outcome(is_step=True) or Raised(SINGLE_STEP, self.program_counter)

    def _next_processor(self) -> Processor:
        """The one behind the current that has work, and the current one when none has."""
        count = len(self.processors)
        for step in range(1, count + 1):
            processor = self.processors[(self.current.number + step) % count]
            if not processor.is_idle:
                return processor
        return self.current

    def _new_thread(self, pcr: int, ethread: int, start: int, argument: int, stack: int) -> Thread:
        self._save()
        self._loaded = None
        begin_thread(self._emulator, self.architecture, self.memory, pcr, start, argument, stack)
        return Thread(ethread, self._emulator.context_save())

    def _save(self) -> None:
        if self._loaded is not None:
            self._loaded.registers = self._emulator.context_save()

    def _load(self, processor: Processor) -> None:
        """Lets the emulator be the processor, with its current thread."""
        thread = processor.current
        if self._loaded is thread:
            return
        self._save()
        self._emulator.context_restore(thread.registers)
        self._loaded = thread
        place = processor.pcr + self.architecture.current_thread
        self.memory.write_unsigned(place, self.architecture.pointer_size, thread.ethread)

    def _start(self, count: int) -> None:
        counter = self.program_counter
        self._hardware.arm(self.current.debug, counter)
        self._interrupt = None
        self._emulator.reg_write(x86_const.UC_X86_REG_CR2, 0)
        with suppress(UcError):  # an instruction that is none; the outcome says so
            timeout = 0 if count else _SLICE
            self._emulator.emu_start(counter, _NOWHERE, timeout=timeout, count=count)

    def _outcome(self, is_step: bool) -> Event | None:
        counter = self.program_counter
        if self._interrupt not in (None, _PAGE_FAULT):
            return self._interrupted(self._interrupt, counter)
        if self._hardware.hit is not None:
            debug = self.current.debug
            self.current.debug = debug._replace(dr6=debug.dr6 | 1 << self._hardware.hit)
            return Raised(SINGLE_STEP, counter)
        fault = self._page_fault()
        if fault:
            return Raised(ACCESS_VIOLATION, counter, (0, fault))
        if not is_step and self.memory.read(counter - 1, 1) == _HLT:
            self._give_up_processor(self.current)
        return None

    def _page_fault(self) -> int:
        """The VA that could not be reached, 0 for none."""
        return int(self._emulator.reg_read(x86_const.UC_X86_REG_CR2))

    def _interrupted(self, number: int, counter: int) -> Event:
        if number == _INT3:
            self._set_counter(counter - 1)
            return Raised(BREAKPOINT, counter - 1)
        if number == _INT2D:
            self._set_counter(counter + 1)  # past the int3 behind it
            return self._service()
        return Raised(ILLEGAL_INSTRUCTION, counter)

    def _service(self) -> Event:
        """int 2Dh."""
        service, first, second = map(int, map(self._emulator.reg_read, self.architecture.service))
        if service == _PRINT:
            return Said(self.memory.read(first, second & 0xFFFF))
        unsigned, pointer = self.memory.unsigned, self.architecture.pointer_size
        length, buffer = unsigned(first, 2), unsigned(first + pointer, pointer)
        path = self.memory.read(buffer, length).decode("utf-16-le").encode()
        base, process = (unsigned(second + pointer * index, pointer) for index in (0, 1))
        checksum, size = (unsigned(second + 2 * pointer + 4 * index, 4) for index in (0, 1))
        return Symbols(path, base, process, checksum, size, service == _UNLOAD_SYMBOLS)

    def _set_counter(self, counter: int) -> None:
        self._emulator.reg_write(self.architecture.counter, counter)

    def _give_up_processor(self, processor: Processor) -> None:
        thread = processor.current
        state = self.memory.unsigned(thread.ethread + self._state_offset, 1)
        if thread is not processor.idle and state != _TERMINATED:
            processor.ready.append(thread)
        processor.current = processor.ready.popleft() if processor.ready else processor.idle

    def watched_addresses(self) -> list[int]:
        """Where processors stop for their debug registers."""
        return [
            address
            for processor in self.processors
            for _, address in processor.debug.execution_breakpoints()
        ]

    def _on_interrupt(self, emulator: Uc, number: int, _: object) -> None:
        self._interrupt = number
        emulator.emu_stop()
