"""State changes: what the target says when it stops (DBGKD_ANY_WAIT_STATE_CHANGE)."""

from __future__ import annotations

import struct

from .events import BREAKPOINT, Raised, Symbols
from .machine import Machine

__all__ = ["exception_packet", "print_packet", "symbols_packet"]

_EXCEPTION, _LOAD_SYMBOLS, _PRINT = 0x3030, 0x3031, 0x3230  # DbgKd*
_LEVEL = 6
_UNION = 160
_REPORT = 48  # DBGKD_ANY_CONTROL_REPORT: amd64's is the largest
_BS, _SINGLE_STEP_BITS = 0x4000, 0xF  # Dr6


def exception_packet(machine: Machine, raised: Raised) -> bytes:
    """A stop with an exception; always its first chance."""
    parameters = raised.parameters or ((0,) if raised.code == BREAKPOINT else ())
    extended = machine.architecture.extended
    record = struct.pack(
        "<IIQQII15Q", raised.code, 0, 0, extended(raised.address), len(parameters), 0,
        *map(extended, parameters), *[0] * (15 - len(parameters)),
    )  # fmt: skip
    return _state_change(machine, _EXCEPTION, record + struct.pack("<II", 1, 0))


def symbols_packet(machine: Machine, symbols: Symbols) -> bytes:
    """A stop because an image comes or goes."""
    path = symbols.path and symbols.path + b"\0"
    body = struct.pack(
        "<I4xQQIIB", len(path), machine.architecture.extended(symbols.base),
        machine.architecture.extended(symbols.process), symbols.checksum, symbols.size,
        symbols.unload,
    )  # fmt: skip
    return _state_change(machine, _LOAD_SYMBOLS, body) + path


def print_packet(machine: Machine, text: bytes) -> bytes:
    """A line for the debugger's window; nothing is answered (DBGKD_DEBUG_IO)."""
    return struct.pack("<IHHI4x", _PRINT, _LEVEL, machine.current.number, len(text)) + text


def _state_change(machine: Machine, state: int, body: bytes) -> bytes:
    processor = machine.current
    counter = machine.program_counter
    head = struct.pack(
        "<IHHI4xQQ", state, _LEVEL, processor.number, len(machine.processors),
        machine.architecture.extended(processor.current.ethread),
        machine.architecture.extended(counter),
    )  # fmt: skip
    code = machine.breakpoints.read(counter, 16)
    dr6 = processor.debug.dr6
    if not dr6 & _SINGLE_STEP_BITS:
        dr6 |= _BS
    flags, segments = machine.flags(processor), machine.architecture.context.segments
    # ReportFlags: the instruction stream and the segments are there.
    middle = (len(code), 3, code)
    if machine.architecture.name == "x64":
        report = struct.pack("<QQIHH16s4H", dr6, processor.debug.dr7, flags, *middle, *segments)
    else:
        report = struct.pack("<IIHH16s4HI", dr6, processor.debug.dr7, *middle, *segments, flags)
        report = report.ljust(_REPORT, b"\0")
    return head + body.ljust(_UNION, b"\0") + report
