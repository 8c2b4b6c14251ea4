"""What KD is like where the target is x86: the requests as bytes, answered by a live lab."""

from __future__ import annotations

import struct

import pytest

from tests.support.kd_debugger import Debugger, debugger_of

pytestmark = pytest.mark.toolchain

GET_CONTEXT, SET_CONTEXT = 0x3132, 0x3133
WRITE_BREAKPOINT, READ_CONTROL_SPACE, WRITE_CONTROL_SPACE = 0x3134, 0x3137, 0x3138
GET_VERSION, SEARCH, CONTINUE2 = 0x3146, 0x3156, 0x313C
CONTEXT_SIZE, SPECIAL_SIZE = 0x2CC, 0x54
DR0, EIP, ESP = 4, 0xB8, 0xC4  # in a CONTEXT
KERNEL_DR0 = 0x10  # in KSPECIAL_REGISTERS
EXTENDED = 0xFFFFFFFF_00000000


@pytest.fixture(scope="module")
def debugger() -> Debugger:
    return debugger_of("x86-19041")


def test_addresses_are_sign_extended(debugger: Debugger) -> None:
    place = debugger.nt("NtBuildLab")
    assert debugger.read(place, 8).data == debugger.read(place | EXTENDED, 8).data == b"19041.1."
    pattern = "425000".encode("utf-16-le")
    base = debugger.lab.world.profile.nt_base | EXTENDED
    found = debugger.ask(SEARCH, struct.pack("<QQI", base, 0x10000, len(pattern)), pattern)
    (address,) = struct.unpack_from("<Q", found.union)
    assert address > base
    assert debugger.read(address, len(pattern)).data == pattern


def test_a_breakpoint_by_such_an_address(debugger: Debugger) -> None:
    place = debugger.nt("CmpCallCallBacksEx")
    assert debugger.ask(WRITE_BREAKPOINT, struct.pack("<Q", place | EXTENDED)).status == 0
    assert debugger.lab.machine.breakpoints.addresses() == [place]
    assert debugger.read(place | EXTENDED, 1).data == b"\x55"


def test_the_version_names_the_kernel(debugger: Debugger) -> None:
    union = debugger.ask(GET_VERSION, b"").union
    machine, kernel, modules, data_list = struct.unpack_from("<8xH6x3Q", union)
    assert (machine, kernel) == (0x14C, debugger.lab.world.profile.nt_base | EXTENDED)
    assert modules == debugger.nt("PsLoadedModuleList") | EXTENDED
    block = struct.unpack("<I", debugger.read(data_list, 4).data)[0]
    assert debugger.read(block + 0x10, 4).data == b"KDBG"


def test_registers_of_each_processor(debugger: Debugger) -> None:
    for processor in debugger.lab.machine.processors:
        context = bytearray(debugger.ask(GET_CONTEXT, b"", processor=processor.number).data)
        assert len(context) == CONTEXT_SIZE
        counter = struct.unpack_from("<I", context, EIP)[0]
        assert counter - debugger.nt("KiIdleLoop") in range(0x20)
        struct.pack_into("<I", context, ESP, 0x9000_0000 + processor.number)
        debugger.ask(SET_CONTEXT, b"", bytes(context), processor.number)
    for number in (0, 1):
        kept = debugger.ask(GET_CONTEXT, b"", processor=number).data
        assert struct.unpack_from("<I", kept, ESP)[0] == 0x9000_0000 + number


def test_control_space_is_the_state_of_the_processor(debugger: Debugger) -> None:
    request = struct.pack("<QI", CONTEXT_SIZE, SPECIAL_SIZE)
    for processor in debugger.lab.machine.processors:
        special = debugger.ask(READ_CONTROL_SPACE, request, b"", processor.number).data
        directory, limit, table = struct.unpack_from("<8xI30xHI", special)
        assert directory == debugger.lab.world.space.tables.directory
        descriptor = struct.unpack("<Q", debugger.read(table + 0x30, 8).data)[0]
        assert limit == 0x3F
        assert descriptor >> 16 & 0xFFFFFF | descriptor >> 56 << 24 == processor.pcr


def test_debug_registers_are_kept(debugger: Debugger) -> None:
    request = struct.pack("<QI", CONTEXT_SIZE, SPECIAL_SIZE)
    special = bytearray(debugger.ask(READ_CONTROL_SPACE, request).data)
    place = debugger.nt("NtSetValueKey")
    struct.pack_into("<6I", special, KERNEL_DR0, place, 0, 0, 0, 0xFFFF0FF0, 0x401)
    assert debugger.ask(WRITE_CONTROL_SPACE, request, bytes(special)).status == 0
    context = debugger.ask(GET_CONTEXT, b"").data
    assert struct.unpack_from("<I", context, DR0) == (place,)
    assert debugger.lab.machine.watched_addresses() == [place]
    assert not debugger.send(CONTINUE2, struct.pack("<III", 0x10001, 0, 0x400)).trace
    assert debugger.lab.machine.watched_addresses() == []
