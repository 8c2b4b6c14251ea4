"""The requests of KD as bytes, answered by a live lab that stands."""

from __future__ import annotations

import struct

import pytest

from tests.support.kd_debugger import Answer, Debugger, debugger_of

pytestmark = pytest.mark.toolchain

READ_VIRTUAL, READ_PHYSICAL, WRITE_PHYSICAL = 0x3130, 0x313D, 0x313E
GET_CONTEXT, SET_CONTEXT, GET_CONTEXT_EX, SET_CONTEXT_EX = 0x3132, 0x3133, 0x315F, 0x3160
WRITE_BREAKPOINT, RESTORE_BREAKPOINT = 0x3134, 0x3135
READ_CONTROL_SPACE, WRITE_CONTROL_SPACE, READ_MSR = 0x3137, 0x3138, 0x3152
GET_VERSION, SEARCH, CONTINUE2, SWITCH = 0x3146, 0x3156, 0x313C, 0x3150
UNSUCCESSFUL, NO_MORE_ENTRIES = 0xC0000001, 0x8000001A
RCX, RIP = 0x80, 0xF8  # in a CONTEXT
NOWHERE = 0xFFFFF7FF_FFFF0000


@pytest.fixture(scope="module")
def debugger() -> Debugger:
    return debugger_of("x64-19041")


def actual(answer: Answer) -> int:
    """ActualBytesRead or ActualBytesWritten."""
    return int(struct.unpack_from("<I", answer.union, 12)[0])


def test_memory_is_read_and_written(debugger: Debugger) -> None:
    place = debugger.nt("KiBugCheckData")
    assert debugger.write(place, b"\1\2\3\4\5\6\7\10").status == 0
    answer = debugger.read(place, 8)
    assert (answer.status, actual(answer), answer.data) == (0, 8, b"\1\2\3\4\5\6\7\10")


def test_a_read_ends_where_the_mapping_ends(debugger: Debugger) -> None:
    end = max(base for base, _, _ in debugger.lab.world.kernel.image.pages(True)) + 0x1000
    answer = debugger.read(end - 16, 64)
    assert (answer.status, actual(answer), len(answer.data)) == (0, 16, 16)


@pytest.mark.parametrize("number", [READ_VIRTUAL, READ_PHYSICAL])
def test_what_is_not_there_cannot_be_read(debugger: Debugger, number: int) -> None:
    answer = debugger.read(NOWHERE, 8, number)
    assert (answer.status, actual(answer), answer.data) == (UNSUCCESSFUL, 0, b"")


def test_physical_memory_is_the_same_memory(debugger: Debugger) -> None:
    place = debugger.nt("KiBugCheckData")
    frame = debugger.lab.world.space.tables.frame(place)
    assert frame is not None
    physical = frame << 12 | place & 0xFFF
    assert debugger.write(physical, b"\x2a" * 8, WRITE_PHYSICAL).status == 0
    assert debugger.read(physical, 8, READ_PHYSICAL).data == b"\x2a" * 8
    assert debugger.read(place, 8).data == b"\x2a" * 8


def test_breakpoints_do_not_show(debugger: Debugger) -> None:
    place = debugger.nt("CmpCallCallBacksEx")
    before = debugger.read(place, 4).data
    answer = debugger.ask(WRITE_BREAKPOINT, struct.pack("<Q", place))
    handle = struct.unpack_from("<I", answer.union, 8)[0]
    memory = debugger.lab.machine.memory
    assert memory.read(place, 1) == b"\xcc"
    assert debugger.read(place, 4).data == before
    debugger.write(place, b"\x90")
    assert memory.read(place, 1) == b"\xcc"
    assert debugger.read(place, 1).data == b"\x90"
    debugger.write(place, before)
    assert debugger.ask(RESTORE_BREAKPOINT, struct.pack("<I", handle)).status == 0
    assert memory.read(place, 4) == before
    assert debugger.ask(RESTORE_BREAKPOINT, struct.pack("<I", handle)).status == UNSUCCESSFUL


def test_two_breakpoints_at_one_address(debugger: Debugger) -> None:
    place = debugger.nt("CmpCallCallBacksEx")
    handles = []
    for _ in range(2):
        answer = debugger.ask(WRITE_BREAKPOINT, struct.pack("<Q", place))
        handles.append(struct.unpack_from("<I", answer.union, 8)[0])
    first, second = handles
    debugger.ask(RESTORE_BREAKPOINT, struct.pack("<I", first))
    memory = debugger.lab.machine.memory
    assert memory.read(place, 1) == b"\xcc"
    debugger.ask(RESTORE_BREAKPOINT, struct.pack("<I", second))
    assert memory.read(place, 1) != b"\xcc"


def test_a_breakpoint_where_there_is_no_memory(debugger: Debugger) -> None:
    assert debugger.ask(WRITE_BREAKPOINT, struct.pack("<Q", NOWHERE)).status == UNSUCCESSFUL


def test_registers_of_each_processor(debugger: Debugger) -> None:
    for processor in (0, 1):
        context = bytearray(debugger.ask(GET_CONTEXT, b"", processor=processor).data)
        struct.pack_into("<Q", context, RCX, 0x1111 * (processor + 1))
        debugger.ask(SET_CONTEXT, b"", bytes(context), processor)
    for processor in (0, 1):
        part = debugger.ask(GET_CONTEXT_EX, struct.pack("<II", RCX, 8), processor=processor)
        assert part.data == struct.pack("<Q", 0x1111 * (processor + 1))
        assert struct.unpack_from("<III", part.union) == (RCX, 8, 8)


def test_a_part_of_the_context_is_set(debugger: Debugger) -> None:
    before = debugger.ask(GET_CONTEXT, b"").data
    debugger.ask(SET_CONTEXT_EX, struct.pack("<II", RCX, 8), struct.pack("<Q", 77))
    after = debugger.ask(GET_CONTEXT, b"").data
    assert struct.unpack_from("<Q", after, RCX) == (77,)
    assert before[RCX + 8 :] == after[RCX + 8 :]


def test_control_space_leads_to_the_processor(debugger: Debugger) -> None:
    processors = debugger.lab.machine.processors
    for processor in processors:
        number = processor.number
        for what, value in ((0, processor.pcr), (1, processor.pcr + 0x180)):
            answer = debugger.ask(READ_CONTROL_SPACE, struct.pack("<QI", what, 8), b"", number)
            assert answer.data == value.to_bytes(8, "little")
        msr = debugger.ask(READ_MSR, struct.pack("<I", 0xC0000101), b"", number)
        low, high = struct.unpack_from("<II", msr.union, 4)
        assert high << 32 | low == processor.pcr
    assert processors[0].pcr != processors[1].pcr


def test_debug_registers_are_kept(debugger: Debugger) -> None:
    special = bytearray(debugger.ask(READ_CONTROL_SPACE, struct.pack("<QI", 2, 0xE0)).data)
    place = debugger.nt("NtSetValueKey")
    struct.pack_into("<6Q", special, 0x20, place, 0, 0, 0, 0xFFFF0FF0, 0x401)
    debugger.ask(WRITE_CONTROL_SPACE, struct.pack("<QI", 2, 0xE0), bytes(special))
    context = debugger.ask(GET_CONTEXT, b"").data
    assert struct.unpack_from("<Q", context, 0x48) == (place,)
    assert debugger.lab.machine.watched_addresses() == [place]
    struct.pack_into("<6Q", special, 0x20, 0, 0, 0, 0, 0xFFFF0FF0, 0x400)
    debugger.ask(WRITE_CONTROL_SPACE, struct.pack("<QI", 2, 0xE0), bytes(special))
    assert debugger.lab.machine.watched_addresses() == []


def test_searching(debugger: Debugger) -> None:
    base, pattern = debugger.lab.world.profile.nt_base, "425000".encode("utf-16-le")
    found = debugger.ask(SEARCH, struct.pack("<QQI", base, 0x10000, len(pattern)), pattern)
    (address,) = struct.unpack_from("<Q", found.union)
    assert debugger.read(address, len(pattern)).data == pattern
    missing = debugger.ask(SEARCH, struct.pack("<QQI", base, 0x100, 4), b"none")
    assert missing.status == NO_MORE_ENTRIES


def test_the_version_names_the_kernel(debugger: Debugger) -> None:
    union = debugger.ask(GET_VERSION, b"").union
    build, kernel, modules, data_list = struct.unpack_from("<2xH12x3Q", union)
    assert (build, kernel) == (19041, debugger.lab.world.profile.nt_base)
    assert modules == debugger.nt("PsLoadedModuleList")
    block = struct.unpack("<Q", debugger.read(data_list, 8).data)[0]
    assert block == debugger.nt("KdDebuggerDataBlock")
    assert debugger.read(block + 0x10, 4).data == b"KDBG"


def test_going_on_and_switching(debugger: Debugger) -> None:
    assert debugger.send(CONTINUE2, struct.pack("<IIQ", 0x10001, 1, 0x400)).trace
    assert not debugger.send(CONTINUE2, struct.pack("<IIQ", 0x10001, 0, 0x400)).trace
    assert debugger.send(SWITCH, b"", processor=1).number == 1


def test_what_is_unknown_fails_and_is_counted(debugger: Debugger) -> None:
    debugger.counts.clear()
    assert debugger.ask(0x31FF, b"").status == UNSUCCESSFUL
    debugger.read(debugger.nt("NtBuildLab"), 4)
    debugger.read(debugger.nt("NtBuildLab"), 4)
    assert debugger.counts == {"0x31ff": 1, "ReadVirtualMemory": 2}
