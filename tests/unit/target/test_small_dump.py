"""Small (triage) dumps: the same world as a full dump's, of which a part was kept."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.dump_file import DumpFile
from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.fields import words
from pykd_ext.target.module_list import loaded_modules, module_text, module_time_date_stamp
from pykd_ext.target.small_dump import Blocks
from pykd_ext.target.symbol_path import SymbolPath
from tests.lab import Truth, make_dump
from tests.lab.image_store import write_image_store
from tests.support.regcb import Regcb
from tests.support.schemas import validate
from tests.support.targets import open_dump

PROFILES = ("x64-19041", "x86-7601", "arm64-22621")
SMALL, FULL = 4, 1
NOTICE = "RegNtPreSetValueKey"
AVFILTER, REGPROTECT = 3, 5
RUN = "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"


def inside(
    path: Path, profile: str, dump_type: int, at: int, bug_check: tuple[int, ...] | None
) -> Truth:
    """A thread that a callback has killed; without ``bug_check`` it is at the callback's start."""
    return make_dump(
        path, profile, dump_type, 6, stopped_in=NOTICE, stopped_at=at, bug_check=bug_check
    )


def function_of(path: Path, profile: str, at: int) -> int:
    """Where a callback of the same world lies."""
    return make_dump(path, profile, callbacks=6).callbacks[at].function


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        profile: write_image_store(tmp_path_factory.mktemp(profile), profile)
        for profile in (*PROFILES, "x64-6000")
    }


@pytest.mark.parametrize("profile", [*PROFILES, "x86-2600"])
def test_it_holds_what_the_full_dump_of_the_same_machine_holds(
    profile: str, tmp_path: Path
) -> None:
    whole, part = (make_dump(tmp_path / f"{kind}.dmp", profile, kind, 6) for kind in (FULL, SMALL))
    with open_dump(whole) as full:
        small = DumpFile(part.path)
        assert small.small is not None
        assert not small.problems
        memory = full.memory
        assert [(each.base, each.size, each.time_date_stamp, each.full_dll_name, each.base_dll_name)
                for each in small.small.loaded] == [
            (each.base, each.size, module_time_date_stamp(memory, full.build, each),
             module_text(memory, each.full_dll_name), module_text(memory, each.base_dll_name))
            for each in loaded_modules(memory, full.module_list)
        ]  # fmt: skip
        assert [(each.name, each.start, each.end) for each in small.small.unloaded] == [
            (each.name[:12], each.start, each.end) for each in part.unloaded
        ]
        assert small.small.thread == full.current_thread()
        low, high = small.small.stack
        assert low == full.register({"x64": "rsp", "x86": "esp", "arm64": "sp"}[part.architecture])
        assert high % 0x1000 == 0
        for address, size in (
            (low, high - low), (small.small.thread, 0x200), (part.module_list, 8),
            (full.debugger_data, 0x290),
        ):  # fmt: skip
            assert small.virtual(address, size) == full.read(address, size)
        with pytest.raises(MemoryUnreadable):
            small.virtual(high - 4, 8)


def check(
    regcb: Regcb, truth: Truth, symbols: Path | str
) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The status of ``check``, its document, and its finding about the crash."""
    status, output, errors = regcb("-z", truth.path, "-y", symbols, "check", "--no-carve", "--json")
    assert errors == ""
    document = json.loads(output)
    validate(document)
    about = [each for each in document["findings"] if each["id"] == "callback-crashed"]
    return status, document, about[0] if about else {}


# Which parameter is the instruction's address, by bug check.
CODE_AT = {0x0A: 4, 0x1E: 2, 0x3B: 2, 0x50: 3, 0x7E: 2, 0x1000007E: 2, 0xCE: 3, 0xD1: 4}


@pytest.mark.parametrize("dump_type", [FULL, SMALL])
@pytest.mark.parametrize(
    ("profile", "code"),
    [*(("x64-19041", each) for each in CODE_AT), ("x86-7601", 0x50), ("arm64-22621", 0xD1)],
)
def test_check_names_the_callback_that_any_bug_check_died_in(
    profile: str, code: int, dump_type: int, tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    function = function_of(tmp_path / "sound.dmp", profile, AVFILTER)
    parameters = [0, 0, 0, 0]
    parameters[CODE_AT[code] - 1] = function + 4
    truth = inside(tmp_path / "died.dmp", profile, dump_type, AVFILTER, (code, *parameters))
    status, document, finding = check(regcb, truth, stores[profile])
    assert (status, finding["severity"]) == (1, "medium")
    assert "the thread that crashed died inside it" in finding["summary"]
    callback = document["callbacks"][finding["callback"]]
    assert callback["function"] == hex(function)
    assert callback["address"] == finding["evidence"]["callback"]
    assert finding["evidence"]["witness"] == "thread's list and stack"
    if dump_type == SMALL:
        assert callback["found_by"] == "thread"
        assert document["target"]["list_head"] is None
    (parameter,) = (each for each in document["findings"] if each["id"] == "crash-parameter")
    assert (parameter["evidence"]["parameter"], parameter["callback"]) == (
        CODE_AT[code], finding["callback"],
    )  # fmt: skip


@pytest.mark.parametrize("dump_type", [FULL, SMALL])
@pytest.mark.parametrize("profile", ["x64-19041", "arm64-22621"])
def test_a_return_address_into_the_driver_shows_it_too(
    profile: str, dump_type: int, tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    """The bug check's parameters say nothing; regprotect had called a function of the kernel."""
    truth = inside(tmp_path / "died.dmp", profile, dump_type, REGPROTECT, (0x139, 3, 0, 0, 0))
    status, document, finding = check(regcb, truth, stores[profile])
    assert (status, finding["severity"]) == (1, "medium")
    owner = document["callbacks"][finding["callback"]]["owner"]
    assert owner == "regprotect.sys"


def test_a_return_address_that_pacibsp_has_signed_shows_it_too(
    tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    profile = "arm64-22621"
    truth = inside(tmp_path / "died.dmp", profile, SMALL, REGPROTECT, (0x139, 3, 0, 0, 0))
    with open_dump(truth) as target:
        images = [range(each.base, each.base + each.size) for each in target.modules()]
    path = Path(truth.path)
    raw = bytearray(path.read_bytes())
    start, size = struct.unpack_from("<II", raw, 0x2000 + 0x28)  # CallStackOffset, SizeOfCallStack
    signed = 0
    for place in range(start, start + size, 8):
        (word,) = struct.unpack_from("<Q", raw, place)
        if any(word in image for image in images):
            struct.pack_into("<Q", raw, place, word & 0xFFFF_FFFF_FFFF | 0x3AD7 << 48)
            signed += 1
    assert signed
    path.write_bytes(raw)
    status, document, finding = check(regcb, truth, stores[profile])
    assert (status, finding["severity"]) == (1, "medium")
    assert document["callbacks"][finding["callback"]]["owner"] == "regprotect.sys"


@pytest.mark.parametrize("dump_type", [FULL, SMALL])
def test_what_a_leaf_returns_to_is_in_the_link_register(
    dump_type: int, tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    profile = "arm64-22621"
    truth = inside(tmp_path / "leaf.dmp", profile, dump_type, REGPROTECT, None)
    with open_dump(make_dump(tmp_path / "whole.dmp", profile, callbacks=6)) as target:
        dispatcher = target.symbol("CmpCallCallBacksEx")
        code = words(target.read(dispatcher, 0x400), 4)
    call = next(
        place for place, word in enumerate(code) if word & 0xFFFF_FC1F == 0xD63F_0000
    )  # blr
    signed = (dispatcher + 4 * call + 4) & 0xFFFF_FFFF_FFFF | 0x3AD7 << 48
    path = Path(truth.path)
    raw = bytearray(path.read_bytes())
    struct.pack_into("<Q", raw, 0x348 + 0xF8, signed)  # ContextRecord, Lr
    path.write_bytes(raw)
    shown = ("-z", truth.path, "-y", stores[profile], "show", "--thread")
    document = json.loads(regcb(*shown, "--json")[1])
    validate(document)
    at, linked = document["stack"][:2]
    assert (at["place"], at["owner"]) == (None, "regprotect.sys")
    assert (linked["place"], linked["address"]) == (None, hex(dispatcher + 4 * call + 4))
    assert [each["address"] for each in document["called"]] == [at["address"]]
    assert all(int(each["address"], 16) % 4 == 0 for each in document["stack"])
    assert "  lr                 nt!CmpCallCallBacksEx+" in regcb(*shown)[1]


@pytest.mark.parametrize("dump_type", [FULL, SMALL])
@pytest.mark.parametrize("profile", PROFILES)
def test_callbacks_that_were_told_and_have_returned_are_not_accused(
    profile: str, dump_type: int, tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    """avfilter calls nothing: no address of it is on the stack, only the list has it."""
    truth = inside(tmp_path / "died.dmp", profile, dump_type, AVFILTER, (0x50, 0x1234, 0, 0, 0))
    status, _, finding = check(regcb, truth, stores[profile])
    assert (status, finding["severity"], finding["callback"]) == (0, "info", None)
    assert "none of their drivers is on its stack" in finding["summary"]


def test_without_the_images_it_is_said_what_helps(
    tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    truth = inside(tmp_path / "died.dmp", "x64-19041", SMALL, AVFILTER, (0x50, 0x1234, 0, 0, 0))
    helps = "a small dump has no image: its file on the symbol path (-y) tells"
    assert "nt: its headers do not say which PDB it has: " in (said := listed(regcb, truth, ""))
    assert helps in said
    assert helps not in listed(regcb, truth, stores["x64-19041"])


def listed(regcb: Regcb, truth: Truth, symbols: Path | str) -> str:
    status, output, errors = regcb("-z", truth.path, "-y", symbols, "list")
    assert (status, errors) == (0, "")
    return output


def test_a_callbacks_context_on_the_stack_is_no_return_address(
    tmp_path: Path, regcb: Regcb
) -> None:
    """On x86 it is an argument there; without the images nothing else tells it from code."""
    truth = inside(tmp_path / "died.dmp", "x86-7601", SMALL, AVFILTER, (0x50, 0x1234, 0, 0, 0))
    status, _, finding = check(regcb, truth, "")
    assert (status, finding["severity"]) == (0, "info")


def test_by_the_stack_alone_it_is_said_to_be_weaker(
    tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    """Vista's threads keep no list that is known of."""
    profile = "x64-6000"
    function = function_of(tmp_path / "sound.dmp", profile, AVFILTER)
    for dump_type in (FULL, SMALL):
        bug_check = (0x50, 0x1234, 0, function + 4)
        truth = inside(tmp_path / "died.dmp", profile, dump_type, AVFILTER, bug_check)
        status, _, finding = check(regcb, truth, stores[profile])
        assert (status, finding["severity"]) == (1, "medium")
        assert finding["summary"].startswith("by its stack alone, the thread that crashed died")
        assert "avfilter.sys (avfilter!AvfRegistryCallback+0x4)" in finding["summary"]
        assert "left over from a call before" in finding["doubt"]


@pytest.mark.parametrize("dump_type", [FULL, SMALL])
def test_0x135_names_the_callback_and_its_driver(
    dump_type: int, tmp_path: Path, regcb: Regcb
) -> None:
    function = function_of(tmp_path / "sound.dmp", "x64-19041", AVFILTER)
    path = tmp_path / "died.dmp"
    truth = make_dump(
        path, "x64-19041", dump_type, 6, bug_check=(0x135, 0xC0000005, 0xFFFF9A8F10000040, function)
    )
    status, _, finding = check(regcb, truth, truth.symbols)
    assert status == 1
    assert finding["evidence"]["function"] == hex(function)
    if dump_type == SMALL:
        assert f"at {function:#x} of avfilter.sys (avfilter+" in finding["summary"]


def test_a_parameter_that_lies_in_a_callbacks_driver_is_no_death_inside(
    tmp_path: Path, regcb: Regcb
) -> None:
    function = function_of(tmp_path / "sound.dmp", "x64-19041", AVFILTER)
    path = tmp_path / "patched.dmp"
    for code, parameters in ((0x109, (0, 0, function, 1)), (0xC4, (0xF6, 0, function, 0))):
        truth = make_dump(path, callbacks=6, bug_check=(code, *parameters))
        status, document, died = check(regcb, truth, truth.symbols)
        (finding,) = (each for each in document["findings"] if each["severity"] == "medium")
        assert (status, finding["id"], died) == (1, "crash-parameter", {})
        assert finding["callback"] == AVFILTER
        assert "parameter 3" in finding["summary"]
        assert "lies in its driver avfilter.sys" in finding["summary"]


@pytest.mark.parametrize("dump_type", [FULL, SMALL])
@pytest.mark.parametrize("profile", PROFILES)
def test_show_thread(
    profile: str, dump_type: int, tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    function = function_of(tmp_path / "sound.dmp", profile, AVFILTER)
    bug_check = (0x50, 0x1234, 0, function + 4, 0)
    truth = inside(tmp_path / "died.dmp", profile, dump_type, AVFILTER, bug_check)
    where = ("-z", truth.path, "-y", stores[profile], "show", "--thread")
    status, output, errors = regcb(*where, "--json")
    assert (status, errors) == (0, "")
    document = json.loads(output)
    validate(document)
    told = [each.address for each in truth.callbacks[AVFILTER::-1]]
    assert [each["address"] for each in document["callbacks"]] == [hex(each) for each in told]
    assert [each["running"] for each in document["callbacks"]] == [True, False, False, False]
    assert document["process_name"] == "regedit.exe"
    assert document["bug_check"]["name"] == "PAGE_FAULT_IN_NONPAGED_AREA"
    assert document["stack"][0]["address"] == hex(function + 4)
    assert any(each["symbol"].startswith("nt!CmpCallCallBacks") for each in document["stack"])
    if profile == "x86-7601":
        assert document["class"] == NOTICE
        assert document["keys"] == ([RUN] if dump_type == FULL else [])
    text = regcb(*where)[1]
    assert "  running  328010  avfilter!AvfRegistryCallback  avfilter.sys" in text


@pytest.mark.parametrize("profile", PROFILES)
def test_decode_at_the_start_of_a_callback(
    profile: str, tmp_path: Path, regcb: Regcb, stores: dict[str, Path]
) -> None:
    """The registers have the arguments, the piece of memory behind them the structure."""
    truth = inside(tmp_path / "stopped.dmp", profile, SMALL, AVFILTER, None)
    status, output, errors = regcb("-z", truth.path, "-y", stores[profile], "decode", "--json")
    assert (status, errors) == (0, "")
    document = json.loads(output)
    validate(document)
    assert document["class"]["name"] == NOTICE
    assert document["callback"]["address"] == hex(truth.callbacks[AVFILTER].address)
    assert truth.stop is not None
    assert document["address"] == hex(truth.stop.argument)


def test_list_says_what_is_missing_and_what_is_there(tmp_path: Path, regcb: Regcb) -> None:
    truth = make_dump(tmp_path / "small.dmp", dump_type=SMALL)
    status, output, errors = regcb("-z", truth.path, "list")
    assert (status, errors) == (0, "")
    assert "0 callbacks that the thread of this small dump is in" in output
    assert "holds no callback list" in output
    assert "regcb show --thread" in output
    assert "! bug check: 0xe2 (0x0, 0x0, 0x0, 0x0)" in output
    assert "! drivers: 5 loaded; unloaded: dump_storahc, trialav.sys" in output
    assert "no callbacks are registered" not in output


def test_diff_takes_no_missing_list_for_removed_callbacks(tmp_path: Path, regcb: Regcb) -> None:
    documents = {}
    for kind in (FULL, SMALL):
        truth = make_dump(tmp_path / f"{kind}.dmp", dump_type=kind)
        documents[kind] = tmp_path / f"{kind}.json"
        listed = regcb("-z", truth.path, "-y", truth.symbols, "list", "--json")[1]
        documents[kind].write_text(listed, encoding="utf-8")
    for sides in ((FULL, SMALL), (SMALL, FULL)):
        status, output, errors = regcb("diff", *(documents[kind] for kind in sides))
        assert (status, output) == (2, "")
        assert "of a small memory dump, which holds no callback list" in errors
    status, _, errors = regcb("-z", tmp_path / f"{SMALL}.dmp", "diff", documents[FULL])
    assert status == 2
    assert "the other side is of a small memory dump" in errors


def test_scan_has_a_line_for_it(tmp_path: Path, regcb: Regcb) -> None:
    function = function_of(tmp_path / "sound", "x64-19041", AVFILTER)
    (tmp_path / "dumps").mkdir()
    bug_check = (0x135, 0xC0000005, 0xFFFF9A8F10000040, function)
    make_dump(tmp_path / "dumps" / "died.dmp", dump_type=SMALL, callbacks=6, bug_check=bug_check)
    make_dump(tmp_path / "dumps" / "other.dmp", dump_type=SMALL)
    status, output, errors = regcb("scan", tmp_path / "dumps", "--jobs", "1")
    lines = [json.loads(each) for each in output.splitlines()]
    assert (status, errors) == (1, "")
    for line in lines:
        validate(line)
        assert line["error"] is None
        assert "holds no callback list" in line["problems"][0]["what"]
    assert {Path(each["path"]).name: each["state"] for each in lines} == {
        "died.dmp": "findings", "other.dmp": "clean",
    }  # fmt: skip


# TRIAGE_DUMP64's fields, and what is said of them when they lead out of the file.
OUTSIDE = {
    "stack": (0x28, "the stack would be at 0x7fffffff"),
    "stack size": (0x2C, "outside the file"),
    "thread": (0x24, "the thread would be at 0x7fffffff"),
    "processor": (0x1C, "the processor block would be at 0x7fffffff"),
    "unloaded": (0x18, "the unloaded drivers would be at 0x7fffffff"),
    "drivers": (0x30, "drivers would be at 0x7fffffff, 0 are read"),
    "driver count": (0x34, "2147483647 drivers would be at"),
    "blocks": (0x78, "memory blocks would be at 0x7fffffff, 0 are read"),
    "block count": (0x7C, "2147483647 memory blocks would be at"),
    "debugger data": (0x70, "the debugger data would be at 0x7fffffff"),
    "end": (0x08, "the small dump's end mark is not at 0x7fffffff"),
}


@pytest.mark.parametrize("field", OUTSIDE)
def test_an_offset_or_a_count_that_leads_out_of_the_file(
    field: str, tmp_path: Path, regcb: Regcb
) -> None:
    """One line, and the rest still answers."""
    function = function_of(tmp_path / "sound.dmp", "x64-19041", AVFILTER)
    bug_check = (0x135, 0xC0000005, 0, function)
    truth = inside(tmp_path / "died.dmp", "x64-19041", SMALL, AVFILTER, bug_check)
    offset, says = OUTSIDE[field]
    data = bytearray(Path(truth.path).read_bytes())
    struct.pack_into("<I", data, 0x2000 + offset, 0x7FFF_FFFF)
    Path(truth.path).write_bytes(data)
    dump = DumpFile(truth.path)
    assert len([each for each in dump.problems if says in each]) == 1
    assert len(dump.problems) <= 2  # a count takes in what is no entry, and says so
    for command in (("list",), ("check",), ("show", "--thread"), ("decode",)):
        status, output, errors = regcb("-z", truth.path, *command)
        assert errors.count("\n") <= 1
        assert "Traceback" not in output + errors
        assert status in (0, 1) or command == ("decode",)
    status, _, finding = check(regcb, truth, "")
    assert status == 1
    assert finding["evidence"]["function"] == hex(function)


def test_a_small_dump_that_was_cut_off_anywhere(tmp_path: Path, regcb: Regcb) -> None:
    truth = inside(tmp_path / "died.dmp", "x64-19041", SMALL, AVFILTER, (0x50, 0, 0, 0, 0))
    whole = Path(truth.path).read_bytes()
    for length in range(0x2000, len(whole), (len(whole) - 0x2000) // 25):
        Path(truth.path).write_bytes(whole[:length])
        status, output, errors = regcb("-z", truth.path, "show", "--thread")
        if status == 2:
            assert "nothing of this small memory dump can be read" in errors
            assert errors.count("\n") == 1
        else:
            assert (status, errors) == (0, "")
            assert "it is cut off" in output


def test_a_block_that_lies_outside_is_counted_and_left_out(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "small.dmp", dump_type=SMALL)
    data = bytearray(Path(truth.path).read_bytes())
    (blocks,) = struct.unpack_from("<I", data, 0x2078)
    struct.pack_into("<I", data, blocks + 8, 0xFFFF_FF00)
    struct.pack_into("<I", data, blocks + 16 + 12, 0xFFFF_FFFF)
    Path(truth.path).write_bytes(data)
    dump = DumpFile(truth.path)
    (problem,) = dump.problems
    assert problem.startswith("2 of ")
    with pytest.raises(MemoryUnreadable):
        dump.virtual(truth.module_list, 8)


def test_an_image_of_another_build_is_not_read_from(
    tmp_path: Path, stores: dict[str, Path]
) -> None:
    """A small dump takes code from the driver's file, when time stamp and size are the driver's."""
    truth = make_dump(tmp_path / "small.dmp", dump_type=SMALL)
    target = CrashDump(truth.path, SymbolPath(str(stores["x64-19041"])))
    assert target.read(truth.nt_base, 2) == b"MZ"
    target.close()
    folder = tmp_path / "foreign"
    folder.mkdir()
    image = next((stores["x64-19041"] / "ntoskrnl.exe").rglob("ntoskrnl.exe"))
    raw = bytearray(image.read_bytes())
    header = struct.unpack_from("<I", raw, 0x3C)[0]
    struct.pack_into("<I", raw, header + 8, 0x5EED)
    (folder / "ntoskrnl.exe").write_bytes(raw)
    target = CrashDump(truth.path, SymbolPath(str(folder)))
    with pytest.raises(MemoryUnreadable):
        target.read(truth.nt_base, 2)
    assert any("ntoskrnl.exe is refused" in each for each in target.symbol_problems())
    target.close()


def test_an_address_below_zero() -> None:
    """Of a list whose first link is 7: it was looked for without an end."""
    data: Any = b"\0" * 16
    with pytest.raises(MemoryUnreadable):
        Blocks(data, [(0x1000, 0, 16)]).read(7 - 8, 16)


def test_how_long_the_stack_is_does_not_end_the_thread(tmp_path: Path) -> None:
    """What lies between two parts ends where the next begins, and SizeOfCallStack is no place."""
    truth = make_dump(tmp_path / "small.dmp", "x86-2600", SMALL)
    raw = bytearray(Path(truth.path).read_bytes())
    at, size_at = 0x1000 + 0x24, 0x1000 + 0x2C  # ThreadOffset, SizeOfCallStack
    (thread,) = struct.unpack_from("<I", raw, at)
    struct.pack_into("<I", raw, size_at, thread + 0x40)
    Path(truth.path).write_bytes(raw)
    dump = DumpFile(truth.path)
    assert dump.small is not None
    assert len(dump.virtual(dump.small.thread, 0x200)) == 0x200
