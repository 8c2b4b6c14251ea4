"""The requests of a stopped target (DBGKD_MANIPULATE_STATE64): one method each.

Numbers and layouts as in public debuggers' sources and ReactOS's windbgkd.h.
"""

from __future__ import annotations

import struct
from collections import Counter
from typing import Callable, NamedTuple

from .control_space import ControlSpace
from .machine import Machine
from .processors import Processor

__all__ = ["Continue", "Requests", "SwitchProcessor"]

_HEADER = struct.Struct("<IHHI4x")
_UNION = 40
_SUCCESS, _UNSUCCESSFUL, _NO_MORE_ENTRIES = 0, 0xC0000001, 0x8000001A
_MAX_DATA = 3900  # what fits into a packet behind the header
_DR6_CLEAR = 0xFFFF0FF0


class Continue(NamedTuple):
    """The debugger lets the target go on."""

    trace: bool  # by one instruction


class SwitchProcessor(NamedTuple):
    """The debugger wants to hear of another processor."""

    number: int


class Answer(NamedTuple):
    """What goes back: the union's bytes, and data behind it."""

    union: bytes
    data: bytes = b""
    status: int = _SUCCESS


class Requests:
    """Answers requests about ``machine`` and counts them by name in ``counts``."""

    def __init__(
        self,
        machine: Machine,
        counts: Counter[str],
        version: bytes,
        control_space: ControlSpace,
    ) -> None:
        """``version``: DBGKD_GET_VERSION64."""
        self._machine = machine
        self._counts = counts
        self._version = version
        self._control_space = control_space
        self._handlers: dict[int, tuple[str, Callable[[Processor, bytes, bytes], Answer]]] = {
            0x3130: ("ReadVirtualMemory", self._read_virtual),
            0x3131: ("WriteVirtualMemory", self._write_virtual),
            0x3132: ("GetContext", self._get_context),
            0x3133: ("SetContext", self._set_context),
            0x3134: ("WriteBreakPoint", self._write_breakpoint),
            0x3135: ("RestoreBreakPoint", self._restore_breakpoint),
            0x3137: ("ReadControlSpace", self._read_control_space),
            0x3138: ("WriteControlSpace", self._write_control_space),
            0x313D: ("ReadPhysicalMemory", self._read_physical),
            0x313E: ("WritePhysicalMemory", self._write_physical),
            0x3146: ("GetVersion", self._get_version),
            0x3152: ("ReadMachineSpecificRegister", self._read_msr),
            0x3156: ("SearchMemory", self._search),
            0x315C: ("QueryMemory", self._query),
            0x315F: ("GetContextEx", self._get_context_ex),
            0x3160: ("SetContextEx", self._set_context_ex),
        }

    def answer(self, payload: bytes) -> bytes | Continue | SwitchProcessor | None:
        """The answer's payload, or what ends the stop; None for what is not answered."""
        number, _, processor_number, _ = _HEADER.unpack_from(payload)
        union = payload[16 : 16 + _UNION].ljust(_UNION, b"\0")
        data = payload[16 + _UNION :]
        if number in (0x3136, 0x313C):
            return self._continue(number, union)
        if number == 0x3150:
            self._counts["SwitchProcessor"] += 1
            return SwitchProcessor(processor_number)
        if number == 0x315A:
            self._counts["ClearAllInternalBreakpoints"] += 1
            return None
        name, handler = self._handlers.get(number, (f"{number:#x}", self._unknown))
        self._counts[name] += 1
        answer = handler(self._processor(processor_number), union, data)
        head = _HEADER.pack(number, 6, processor_number, answer.status)
        return head + answer.union.ljust(_UNION, b"\0") + answer.data

    def _processor(self, number: int) -> Processor:
        processors = self._machine.processors
        return processors[number] if number < len(processors) else self._machine.current

    def _continue(self, number: int, union: bytes) -> Continue:
        if number == 0x3136:
            self._counts["Continue"] += 1
            return Continue(False)
        self._counts["Continue2"] += 1
        # DBGKD_CONTINUE2: status, then a DBGKD_CONTROL_SET: TraceFlag, Dr7.
        trace, dr7 = struct.unpack_from(self._machine.architecture.control_set, union, 4)
        for processor in self._machine.processors:
            processor.debug = processor.debug._replace(dr6=_DR6_CLEAR, dr7=dr7)
        return Continue(bool(trace))

    def _read_virtual(self, _: Processor, union: bytes, __: bytes) -> Answer:
        return self._read(self._machine.breakpoints.read, union)

    def _read_physical(self, _: Processor, union: bytes, __: bytes) -> Answer:
        return self._read(self._machine.memory.read_physical, union)

    def _read(self, read: Callable[[int, int], bytes], union: bytes) -> Answer:
        address, size = struct.unpack_from("<QI", union)
        found = read(self._machine.architecture.address(address), min(size, _MAX_DATA))
        status = _SUCCESS if found else _UNSUCCESSFUL
        return Answer(struct.pack("<QII", address, size, len(found)), found, status)

    def _write_virtual(self, _: Processor, union: bytes, data: bytes) -> Answer:
        return self._write(self._machine.breakpoints.write, union, data)

    def _write_physical(self, _: Processor, union: bytes, data: bytes) -> Answer:
        return self._write(self._machine.memory.write_physical, union, data)

    def _write(self, write: Callable[[int, bytes], int], union: bytes, data: bytes) -> Answer:
        address, size = struct.unpack_from("<QI", union)
        written = write(self._machine.architecture.address(address), data[:size])
        status = _SUCCESS if written else _UNSUCCESSFUL
        return Answer(struct.pack("<QII", address, size, written), status=status)

    def _get_context(self, processor: Processor, union: bytes, _: bytes) -> Answer:
        return Answer(union, self._machine.context(processor))

    def _set_context(self, processor: Processor, union: bytes, data: bytes) -> Answer:
        if len(data) < self._machine.architecture.context.size:
            return Answer(union, status=_UNSUCCESSFUL)
        self._machine.set_context(processor, data)
        return Answer(union)

    def _get_context_ex(self, processor: Processor, union: bytes, _: bytes) -> Answer:
        offset, size = struct.unpack_from("<II", union)
        part = self._machine.context(processor)[offset : offset + size]
        return Answer(struct.pack("<III", offset, size, len(part)), part)

    def _set_context_ex(self, processor: Processor, union: bytes, data: bytes) -> Answer:
        offset, size = struct.unpack_from("<II", union)
        context = bytearray(self._machine.context(processor))
        context[offset : offset + len(data)] = data
        self._machine.set_context(processor, bytes(context))
        return Answer(struct.pack("<III", offset, size, len(data)))

    def _write_breakpoint(self, _: Processor, union: bytes, __: bytes) -> Answer:
        address = struct.unpack_from("<Q", union)[0]
        handle = self._machine.breakpoints.insert(self._machine.architecture.address(address))
        status = _SUCCESS if handle else _UNSUCCESSFUL
        return Answer(struct.pack("<QI", address, handle), status=status)

    def _restore_breakpoint(self, _: Processor, union: bytes, __: bytes) -> Answer:
        found = self._machine.breakpoints.remove(struct.unpack_from("<I", union)[0])
        return Answer(union, status=_SUCCESS if found else _UNSUCCESSFUL)

    def _read_control_space(self, processor: Processor, union: bytes, _: bytes) -> Answer:
        what, size = struct.unpack_from("<QI", union)
        found = self._control_space.read(processor, what, size)
        status = _SUCCESS if found else _UNSUCCESSFUL
        return Answer(struct.pack("<QII", what, size, len(found)), found, status)

    def _write_control_space(self, processor: Processor, union: bytes, data: bytes) -> Answer:
        what, size = struct.unpack_from("<QI", union)
        if not self._control_space.write(processor, what, data[:size]):
            return Answer(union, status=_UNSUCCESSFUL)
        return Answer(struct.pack("<QII", what, size, len(data)))

    def _get_version(self, _: Processor, __: bytes, ___: bytes) -> Answer:
        return Answer(self._version)

    def _read_msr(self, processor: Processor, union: bytes, _: bytes) -> Answer:
        register = struct.unpack_from("<I", union)[0]
        value = processor.pcr if register == 0xC0000101 else 0  # MSR_GS_BASE
        return Answer(struct.pack("<III", register, value & 0xFFFFFFFF, value >> 32))

    def _search(self, _: Processor, union: bytes, pattern: bytes) -> Answer:
        address, length, size = struct.unpack_from("<QQI", union)
        start = self._machine.architecture.address(address)
        data = self._machine.breakpoints.read(start, length)
        place = data.find(pattern[:size])
        if place < 0:
            return Answer(union, status=_NO_MORE_ENTRIES)
        return Answer(struct.pack("<QQI", address + place, length, size))

    def _query(self, _: Processor, union: bytes, __: bytes) -> Answer:
        """DBGKD_QUERY_MEMORY: kernel space, readable, writable and executable."""
        address = struct.unpack_from("<Q", union)[0]
        return Answer(struct.pack("<QQII", address, 0, 2, 7))

    def _unknown(self, _: Processor, union: bytes, __: bytes) -> Answer:
        return Answer(union, status=_UNSUCCESSFUL)
