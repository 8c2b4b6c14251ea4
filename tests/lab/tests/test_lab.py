"""The lab's own checks: what it says it puts into a dump is there, seen through kdmp-parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

import kdmp_parser
import pytest

from tests.lab import BAD_INPUTS, DAMAGES, PROFILES, CallbackTruth, Truth, make_bad_input, make_dump
from tests.lab.build import build
from tests.lab.cli import main
from tests.lab.kernel_types import kernel_offsets
from tests.lab.pe_image import PeImage
from tests.lab.toolchain import run

PAGE = 0x1000
SAMPLE_LIMIT = 300_000  # bytes; what a sample in the repository may take

ALL = sorted(PROFILES)
WIDE = [name for name in ALL if PROFILES[name].architecture == "x64"]
WITH_LIST = [name for name in WIDE if not PROFILES[name].has_vector]


class Memory:
    """Virtual memory of an x64 dump, by an implementation that is not ours."""

    def __init__(self, path: str) -> None:
        self._parser = kdmp_parser.KernelDumpParser(path)
        self.type = self._parser.type

    def read(self, address: int, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            place = address + len(data)
            page = self._parser.read_virtual_page(place & ~(PAGE - 1))
            if page is None:
                return None
            data += bytes(page)[place % PAGE :][: size - len(data)]
        return data

    def number(self, address: int, size: int = 8) -> int:
        data = self.read(address, size)
        assert data is not None, f"{address:#x} is not there"
        return int.from_bytes(data, "little")

    def text(self, place: int) -> str:
        """The text of the UNICODE_STRING at ``place``."""
        data = self.read(self.number(place + 8), self.number(place, 2))
        assert data is not None
        return data.decode("utf-16-le", "surrogatepass")

    def tag(self, block: int) -> bytes:
        """The tag in the pool header before ``block``."""
        data = self.read(block - 0xC, 4)
        assert data is not None
        return data

    def pool_size(self, block: int) -> int:
        return self.number(block - 0x10 + 2, 1) * 0x10

    def list_entries(self, head: int, link: int = 0) -> Iterator[int]:
        """Entries by Flink (0) or Blink (8); at most 1000."""
        entry = self.number(head + link)
        for _ in range(1000):
            if entry == head:
                return
            yield entry
            entry = self.number(entry + link)


class Fields(NamedTuple):
    """Offsets in a callback block, as SOURCES 1.1 and 1.3 give them."""

    uses: int
    flags: int
    cookie: int
    context: int
    function: int
    altitude: int
    contexts: int


SEVEN = Fields(0x10, 0x14, 0x18, 0x20, 0x28, 0x30, 0x40)
VISTA = Fields(0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x48)


def fields(truth: Truth) -> Fields:
    return SEVEN if truth.build >= 7600 else VISTA


@pytest.mark.parametrize("dump_type", [1, 5, 6])
@pytest.mark.parametrize("profile", WITH_LIST)
def test_kdmp_parser_finds_the_list(profile: str, dump_type: int, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp", profile, dump_type, callbacks=12)
    memory = Memory(truth.path)
    assert memory.type == dump_type
    addresses = [callback.address for callback in truth.callbacks]
    assert list(memory.list_entries(truth.list_head)) == addresses
    assert list(memory.list_entries(truth.list_head, link=8)) == addresses[::-1]
    for callback in truth.callbacks:
        check_block(memory, truth, callback)


def check_block(memory: Memory, truth: Truth, callback: CallbackTruth) -> None:
    block, place = callback.address, fields(truth)
    altitude = block + place.altitude
    assert memory.number(block + place.cookie) == callback.cookie
    assert memory.number(block + place.context) == callback.context
    assert memory.number(block + place.function) == callback.function
    if truth.build < 7600:  # nobody is counted, a list of threads is there
        assert list(memory.list_entries(block + place.uses)) == []
    else:
        check_count_and_flags(memory, truth, callback)
    assert memory.text(altitude) == callback.altitude
    assert memory.number(altitude, 2) == memory.number(altitude + 2, 2)  # no terminator
    assert len(list(memory.list_entries(block + place.contexts))) == callback.object_contexts
    assert (memory.tag(block), memory.tag(callback.altitude_buffer)) == (b"CMcb", b"CMca")
    assert memory.pool_size(block) == (0x60 if truth.build >= 7600 else 0x70)


def check_count_and_flags(memory: Memory, truth: Truth, callback: CallbackTruth) -> None:
    assert memory.number(callback.address + SEVEN.uses, 4) == callback.active_uses
    flags = memory.number(callback.address + SEVEN.flags, 4)
    assert flags == int(callback.internal) if truth.build >= 15063 else flags > 1


@pytest.mark.parametrize("profile", WITH_LIST)
def test_altitudes_descend_and_cookies_count_from_the_boot_time(
    profile: str, tmp_path: Path
) -> None:
    truth = make_dump(tmp_path / "a.dmp", profile, callbacks=40)
    altitudes = [float(callback.altitude or 0) for callback in truth.callbacks]
    assert altitudes == sorted(altitudes, reverse=True)
    cookies = sorted(callback.cookie - truth.boot_time for callback in truth.callbacks)
    assert cookies[0] == 1
    assert len(set(cookies)) == 40 < cookies[-1] < 60  # some registrations failed or went again
    assert truth.last_cookie is not None
    assert truth.last_cookie > truth.boot_time + cookies[-1]


def test_pool_blocks_follow_each_other_to_the_end_of_the_page(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp")
    memory = Memory(truth.path)
    place = page = truth.callbacks[0].address & ~(PAGE - 1)
    tags = []
    previous = 0
    while place < page + PAGE:
        sizes = memory.number(place, 4)
        assert sizes & 0xFF == previous, f"{place:#x}"
        previous = sizes >> 16 & 0xFF
        tags.append(memory.tag(place + 0x10))
        place += previous * 0x10
    assert place == page + PAGE
    assert tags.count(b"CMcb") == tags.count(b"CMca") == len(truth.callbacks)
    assert tags[-1] == b"Free"


def test_object_contexts_point_back_to_their_callback(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp")
    memory = Memory(truth.path)
    callback = next(each for each in truth.callbacks if each.object_contexts == 2)
    for link in memory.list_entries(callback.address + SEVEN.contexts):
        entry = link - 0x10
        assert memory.tag(entry) == b"CMcc"
        assert memory.number(entry + 0x20) == callback.cookie
        assert memory.number(entry + 0x28) == callback.address
        assert memory.read(memory.number(entry + 0x30), 4) == b"20yk"


@pytest.mark.parametrize("profile", ["x64-3790"])
def test_the_vector_has_holes_and_cached_references(profile: str, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp", profile, callbacks=20)
    memory = Memory(truth.path)
    slots = [memory.number(truth.list_head + 8 * slot) for slot in range(100)]
    used = {slot: reference & ~15 for slot, reference in enumerate(slots) if reference}
    assert used == {callback.slot: callback.address for callback in truth.callbacks}
    assert list(used) != list(range(min(used), min(used) + len(used)))
    assert len({reference & 15 for reference in slots if reference}) > 1
    for callback in truth.callbacks:
        assert memory.tag(callback.address) == b"Cbrb"
        assert memory.number(callback.address + 8) == callback.function
        assert memory.number(memory.number(callback.address + 16)) == callback.cookie


def test_modules_are_loaded_and_unloaded(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp")
    memory = Memory(truth.path)
    modules = {
        memory.text(entry + 0x58): memory.number(entry + 0x30)
        for entry in memory.list_entries(truth.module_list)
    }
    assert next(iter(modules.items())) == ("ntoskrnl.exe", truth.nt_base)
    assert {callback.owner: callback.owner_base for callback in truth.callbacks}.items() <= (
        modules.items()
    )
    symbols = build(PROFILES[truth.profile]).symbol_rvas("ntoskrnl.exe")
    array = memory.number(truth.nt_base + symbols["MmUnloadedDrivers"])
    count = memory.number(truth.nt_base + symbols["MmLastUnloadedDriver"], 4)
    unloaded = [
        (memory.text(slot), memory.number(slot + 0x10), memory.number(slot + 0x18))
        for slot in range(array, array + count * 0x28, 0x28)
    ]
    assert unloaded == [(each.name, each.start, each.end) for each in truth.unloaded]


@pytest.mark.parametrize("profile", ["x64-7601", "x64-10586", "x64-19041", "x64-22621"])
def test_processes_lead_to_their_threads(profile: str, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp", profile)
    memory = Memory(truth.path)
    offsets = kernel_offsets(PROFILES[profile])

    def offset(type_name: str, field: str) -> int:
        return offsets.field(type_name, field)

    symbols = build(PROFILES[profile]).symbol_rvas("ntoskrnl.exe")
    threads = {}
    for link in memory.list_entries(truth.nt_base + symbols["PsActiveProcessHead"]):
        process = link - offset("_EPROCESS", "ActiveProcessLinks")
        process_id = memory.number(process + offset("_EPROCESS", "UniqueProcessId"))
        name = memory.read(process + offset("_EPROCESS", "ImageFileName"), 15)
        assert name is not None
        head = process + offset("_EPROCESS", "ThreadListHead")
        threads[name.rstrip(b"\0").decode()] = [
            memory.number(entry - offset("_ETHREAD", "ThreadListEntry") + offset("_ETHREAD", "Cid"))
            == process_id
            for entry in memory.list_entries(head)
        ]
    assert threads == {"System": [True, True], "services.exe": [True], "regedit.exe": [True]}


@pytest.mark.toolchain
@pytest.mark.parametrize("profile", ALL)
def test_the_pdb_has_the_offsets_of_the_build_and_no_padding(profile: str) -> None:
    built = build(PROFILES[profile])
    found = pdb_types(built.symbols / PROFILES[profile].kernel_pdb)
    offsets = kernel_offsets(PROFILES[profile])
    for type_name in ("_EPROCESS", "_ETHREAD", "_CM_KEY_BODY", "_CM_KEY_CONTROL_BLOCK", "_KPRCB"):
        size, members = found[type_name]
        assert size == offsets.size(type_name), type_name
        assert members == {name: offsets.field(type_name, name) for name in members}, type_name
    assert "ActiveProcessLinks" in found["_EPROCESS"][1]


@pytest.mark.toolchain
@pytest.mark.parametrize("profile", ["x64-7601", "x86-7601"])
def test_a_driver_starts_at_its_entry_point(profile: str) -> None:
    """And not at what is static in that function, ``_DriverEntry@8.Text`` in the map of x86."""
    built = build(PROFILES[profile])
    image = PeImage(built.image("avfilter.sys"))
    assert built.symbol_rvas("avfilter.sys")["DriverEntry"] == image.entry_point - image.base


def pdb_types(path: Path) -> dict[str, tuple[int, dict[str, int]]]:
    """Sizes and members' offsets by type name, from LLVM's own reading of the PDB."""
    types: dict[str, tuple[int, dict[str, int]]] = {}
    members: dict[str, int] = {}
    name = ""
    for line in run("llvm-pdbutil", "dump", "-types", str(path)).splitlines():
        member = re.search(r"LF_MEMBER \[name = `(\w+)`.*offset = (\d+)", line)
        structure = re.search(r"LF_STRUCTURE \[size = \d+\] `(\w+)`", line)
        size = re.search(r"options: .*sizeof (\d+)", line)
        if "| LF_FIELDLIST" in line:
            members = {}
        elif member:
            members[member[1]] = int(member[2])
        elif structure:
            name = structure[1]
        elif size and "forward ref" not in line:
            types.setdefault(name, (int(size[1]), members))
    return types


@pytest.mark.toolchain
@pytest.mark.parametrize("profile", ALL)
def test_public_pdbs_are_public_and_the_private_one_is_private(profile: str) -> None:
    symbols = build(PROFILES[profile]).symbols
    names = {path.name for path in symbols.iterdir()}
    assert names == {
        PROFILES[profile].kernel_pdb, "avfilter.pdb", "crowd.pdb", "netmon.pdb", "regprotect.pdb",
    }  # fmt: skip
    for name in names:
        summary = run("llvm-pdbutil", "dump", "-summary", str(symbols / name))
        assert ("Is stripped: true" in summary) == (name != "avfilter.pdb"), name
    private = run("llvm-pdbutil", "dump", "-symbols", str(symbols / "avfilter.pdb"))
    assert re.search(r"S_LPROC32 .*`AvfRegistryCallback`", private)
    public = run("llvm-pdbutil", "dump", "-publics", str(symbols / "avfilter.pdb"))
    assert "AvfRegistryCallback" not in public


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621"])
def test_a_dump_is_small_and_the_same_every_time(profile: str, tmp_path: Path) -> None:
    one = Path(make_dump(tmp_path / "one.dmp", profile).path).read_bytes()
    other = Path(make_dump(tmp_path / "other.dmp", profile).path).read_bytes()
    assert one == other
    assert len(one) < SAMPLE_LIMIT


@pytest.mark.toolchain
@pytest.mark.parametrize("dump_type", [1, 5])
def test_a_big_machine_takes_little_room_on_disk(dump_type: int, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp", dump_type=dump_type, callbacks=20, size=1 << 26)
    status = Path(truth.path).stat()
    assert status.st_size > 0.98 * (1 << 26)
    assert status.st_blocks * 512 < 1 << 21
    memory = Memory(truth.path)
    addresses = [callback.address for callback in truth.callbacks]
    assert list(memory.list_entries(truth.list_head)) == addresses


@pytest.mark.parametrize("size", [1 << 23, (1 << 30) + PAGE])
def test_a_size_that_cannot_be_is_refused(size: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="power of two"):
        make_dump(tmp_path / "a.dmp", size=size)


def test_the_truth_survives_its_file(tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "a.dmp", callbacks=7, damage=["entry-loop@2"])
    truth.write(tmp_path / "a.json")
    assert Truth.read(tmp_path / "a.json") == truth


def test_the_command_line_makes_the_same_dump(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, symbols = tmp_path / "a.dmp", tmp_path / "pdb"
    command = ["dump", str(out), "--callbacks", "3", "--symbols", str(symbols)]
    assert main([*command, "--damage", "count-zero", "truncated@40"]) == 0
    assert (symbols / "ntkrnlmp.pdb").exists()
    written = json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in written["damage"]] == ["count-zero", "truncated"]
    assert len(written["callbacks"]) == 3
    assert out.stat().st_size == 40 * PAGE
    capsys.readouterr()
    assert main(["damages"]) == 0
    assert capsys.readouterr().out.count("\n") == len(DAMAGES)
    assert main(["dump", str(out), "--damage", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().out


class Case(NamedTuple):
    """A damaged dump of five callbacks, its memory, and the third of them, which was damaged."""

    truth: Truth
    memory: Memory
    target: CallbackTruth

    def number(self, place: int, size: int = 8) -> int:
        """A field of the target's block."""
        return self.memory.number(self.target.address + place, size)

    def forward(self) -> list[int]:
        return list(self.memory.list_entries(self.truth.list_head))

    def symbol(self, name: str) -> int:
        symbols = build(PROFILES[self.truth.profile]).symbol_rvas("ntoskrnl.exe")
        return self.truth.nt_base + symbols[name]

    def block(self, index: int) -> int:
        return self.truth.callbacks[index].address

    def without_target(self) -> list[int]:
        return [each.address for each in self.truth.callbacks if each is not self.target]

    def altitude(self) -> str:
        return self.memory.text(self.target.address + SEVEN.altitude)

    def threads(self) -> list[int]:
        """What the CmCallbackListHead of each of the system process's threads leads to."""
        offsets = kernel_offsets(PROFILES[self.truth.profile])
        process = self.memory.number(self.symbol("PsInitialSystemProcess"))
        head = process + offsets.field("_EPROCESS", "ThreadListHead")
        back = offsets.field("_ETHREAD", "ThreadListEntry")
        nodes = [
            self.memory.number(links - back + offsets.field("_ETHREAD", "CmCallbackListHead"))
            for links in self.memory.list_entries(head)
        ]
        return [node for node in nodes if node]

    def code(self, size: int) -> str:
        """The target's function, in hex."""
        raw = self.memory.read(self.target.function, size)
        assert raw is not None
        return raw.hex()

    def jump(self, function: int | None = None) -> int:
        """Where the jmp rel32 leads that the target's function (or another) begins with."""
        place = self.target.function if function is None else function
        raw = self.memory.read(place + 1, 4)
        assert raw is not None
        return place + 5 + int.from_bytes(raw, "little", signed=True)

    def is_own(self, address: int) -> bool:
        """Whether it lies in the image of the target's owner."""
        return 0 <= address - self.target.owner_base < self.target.owner_size

    def gone(self, address: int) -> bool:
        return self.memory.read(address, 1) is None


def _pdb(case: Case) -> Path:
    return Path(case.truth.symbols) / PROFILES[case.truth.profile].kernel_pdb


def _has_guid_of_its_image(case: Case) -> bool:
    image = build(PROFILES[case.truth.profile]).image("ntoskrnl.exe").read_bytes()
    guid = image[image.index(b"RSDS") + 4 :][:16]
    return guid in _pdb(case).read_bytes()


def _is_named_hotpatch(case: Case) -> bool:
    return any(
        case.memory.text(entry + 0x58) == "netmon_hotpatch.sys"
        and case.memory.number(entry + 0x30) == case.jump() & ~0xFFFF
        for entry in case.memory.list_entries(case.truth.module_list)
    )


def _guard_table_has(case: Case, function: int) -> bool:
    """By IMAGE_LOAD_CONFIG_DIRECTORY64.GuardCFFunctionTable, data directory 10."""
    base, number = case.target.owner_base, case.memory.number
    directory = base + number(base + 0x3C, 4) + 24 + 112 + 8 * 10
    config = number(directory, 4)
    if not config:
        return False
    table, count = number(base + config + 0x80), number(base + config + 0x88)
    return function - base in {number(table + 4 * index, 4) for index in range(count)}


CHECKS: dict[str, Callable[[Case], bool]] = {
    "head-unreadable": lambda case: case.gone(case.truth.list_head),
    "entry-unreadable": lambda case: (
        case.gone(case.target.address) and not any(map(case.gone, case.without_target()))
    ),
    "altitude-unreadable": lambda case: (
        case.gone(case.target.altitude_buffer) and not case.gone(case.target.address)
    ),
    "modules-unreadable": lambda case: case.gone(case.memory.number(case.truth.module_list)),
    "unloaded-unreadable": lambda case: case.gone(
        case.memory.number(case.symbol("MmUnloadedDrivers"))
    ),
    "code-unreadable": lambda case: case.gone(case.target.function),
    "entry-self-link": lambda case: case.number(0) == case.target.address,
    "entry-loop": lambda case: case.number(0) == case.block(0),
    "flink-user": lambda case: case.number(0) < 1 << 47,
    "flink-odd": lambda case: case.number(0) == case.block(3) + 2,
    "flink-unmapped": lambda case: case.number(0) >> 47 == 0x1FFFF and case.gone(case.number(0)),
    "head-flink-user": lambda case: case.memory.number(case.truth.list_head) < 1 << 47,
    "blink-broken": lambda case: case.number(8) == case.truth.list_head,
    "entry-skipped": lambda case: (
        case.forward() == case.without_target() and case.number(0) == case.block(3)
    ),
    "head-emptied": lambda case: (
        case.forward() == [] and case.memory.number(case.truth.list_head + 8) == case.block(-1)
    ),
    "entry-unlinked": lambda case: (
        case.forward() == case.without_target()
        and case.memory.number(case.symbol("CmpCallBackCount"), 4) == 5
        and case.number(0) == case.block(3)
    ),
    "entry-unlinked-counted": lambda case: (
        case.forward() == case.without_target()
        and case.memory.number(case.symbol("CmpCallBackCount"), 4) == 4
    ),
    "entry-unregistering": lambda case: (
        case.forward() == case.without_target() and case.number(SEVEN.uses, 4) == 1
    ),
    "entry-freed": lambda case: (
        case.forward() == case.without_target()
        and case.memory.number(case.symbol("CmpCallBackCount"), 4) == 4
        and case.memory.read(case.target.address - 13, 5) == b"\3CMcb"
    ),
    "thread-inside": lambda case: (
        case.forward() == case.without_target()
        and any(case.memory.number(node + 8) == case.target.address for node in case.threads())
    ),
    "count-zero": lambda case: (
        case.memory.number(case.symbol("CmpCallBackCount"), 4) == 0 and len(case.forward()) == 5
    ),
    "kernel-not-first": lambda case: (
        [
            case.memory.text(entry + 0x58)
            for entry in list(case.memory.list_entries(case.truth.module_list))[:2]
        ]
        == ["avfilter.sys", "ntoskrnl.exe"]
    ),
    "kernel-unlinked": lambda case: all(
        case.memory.number(entry + 0x30) != case.truth.nt_base
        for entry in case.memory.list_entries(case.truth.module_list)
    ),
    "function-null": lambda case: case.number(SEVEN.function) == 0,
    "function-nowhere": lambda case: case.gone(case.number(SEVEN.function)),
    "function-unloaded": lambda case: any(
        each.start <= case.number(SEVEN.function) < each.end for each in case.truth.unloaded
    ),
    "function-shared": lambda case: case.number(SEVEN.function) == case.truth.callbacks[0].function,
    "altitude-odd": lambda case: case.number(SEVEN.altitude, 2) == 11,
    "altitude-null-buffer": lambda case: case.number(SEVEN.altitude + 8) == 0,
    "altitude-empty": lambda case: case.number(SEVEN.altitude, 2) == 0,
    "altitude-huge": lambda case: case.number(SEVEN.altitude, 2) == 0xFFFE,
    "altitude-control": lambda case: {"\r", "\n", "\a", "\ud800"} <= set(case.altitude()),
    "altitude-escape": lambda case: "\x1b[" in case.altitude(),
    "altitude-dml": lambda case: "<link cmd=" in case.altitude(),
    "altitude-html": lambda case: "<script>" in case.altitude(),
    "altitude-formula": lambda case: case.altitude().startswith("="),
    "driver-name-dml": lambda case: any(
        "<exec cmd=" in case.memory.text(entry + 0x58)
        and case.memory.number(entry + 0x30) == case.target.owner_base
        for entry in case.memory.list_entries(case.truth.module_list)
    ),
    "driver-names-alike": lambda case: (
        [
            case.memory.text(entry + place).rpartition("\\")[2]
            for entry in list(case.memory.list_entries(case.truth.module_list))[1:3]
            for place in (0x48, 0x58)
        ]
        == ["halmacpi.dll", "halmacpi.dll", "HAL.sys", "HAL.sys"]
    ),
    "driver-of-windows": lambda case: any(
        case.memory.text(entry + 0x58) == "MsSecFlt.sys"
        and case.memory.number(entry + 0x30) == case.target.owner_base
        for entry in case.memory.list_entries(case.truth.module_list)
    ),
    "driver-looks-up": lambda case: (
        "CmRegisterCallbackEx\0".encode("utf-16-le")
        in (case.memory.read(case.target.function & ~0xFFF, PAGE) or b"")
    ),
    "unregister-pending": lambda case: case.number(SEVEN.uses, 4) == 0x80000001,
    "unregister-forged": lambda case: case.number(SEVEN.uses, 4) == 0x80000000,
    "active-uses": lambda case: case.number(SEVEN.uses, 4) == 3,
    "flags-forged": lambda case: case.number(SEVEN.flags, 4) == 0x41,
    "cookie-forged": lambda case: case.number(SEVEN.cookie) < case.truth.boot_time // 2,
    "cookie-ahead": lambda case: case.number(SEVEN.cookie) > (case.truth.last_cookie or 0),
    "cookie-duplicate": lambda case: case.number(SEVEN.cookie) == case.truth.callbacks[0].cookie,
    "altitude-edited": lambda case: case.altitude() == "999999",
    "altitude-taken": lambda case: case.altitude() == case.truth.callbacks[1].altitude,
    "altitude-legacy": lambda case: case.altitude() == "425000",
    "uses-huge": lambda case: case.number(SEVEN.uses, 4) == 1_000_000_000,
    "object-context-forged": lambda case: any(
        case.memory.number(link + 0x18) == case.block(0)
        for link in case.memory.list_entries(case.block(3) + SEVEN.contexts)
    ),
    "special-pool": lambda case: case.memory.read(case.target.address - 16, 16) == bytes(16),
    "count-low": lambda case: case.memory.number(case.symbol("CmpCallBackCount"), 4) == 4,
    "prologue-returns": lambda case: case.code(8) == "33c0c30000000000",
    "prologue-traps": lambda case: case.code(1) == "cc",
    "prologue-jumps-out": lambda case: case.code(1) == "e9" and case.gone(case.jump()),
    "prologue-loads-and-jumps": lambda case: (
        case.code(2) == "48b8" and case.gone(case.memory.number(case.target.function + 2))
    ),
    "prologue-hotpatched": lambda case: any(
        case.memory.text(entry + 0x58) == "netmon_hotpatch.sys"
        and case.memory.number(entry + 0x30) == case.jump() & ~0xFFFF
        for entry in case.memory.list_entries(case.truth.module_list)
    ),
    "prologue-hotpatch-named": _is_named_hotpatch,
    "prologue-hotpatch-unmarked": _is_named_hotpatch,
    "prologue-hotpatch-foreign": _is_named_hotpatch,
    "prologue-jumps-by-pointer": lambda case: (
        case.code(6) == "ff2500000000"
        and not case.gone(case.memory.number(case.target.function + 6))
    ),
    "code-changed": lambda case: (
        case.memory.read(case.target.function + 0xD, 5) == b"\xb9\x23\x01\x01\xc0"
    ),
    "function-inside": lambda case: case.number(SEVEN.function) == case.target.function + 0xD,
    "function-leaf": lambda case: _guard_table_has(case, case.target.function),
    "function-tiny": lambda case: case.code(16) == "33c0c3" + 13 * "cc",
    "function-thunk": lambda case: (
        case.number(SEVEN.function) != case.target.function
        and case.jump(case.number(SEVEN.function)) == case.target.function
    ),
    "function-foreign": lambda case: not case.is_own(case.number(SEVEN.function)),
    "function-kernel": lambda case: (
        case.number(SEVEN.function) == case.symbol("CmUnRegisterCallback")
    ),
    "function-data": lambda case: case.number(SEVEN.function) == case.target.context,
    "function-discarded": lambda case: (
        case.is_own(case.number(SEVEN.function))
        and case.number(SEVEN.function) != case.target.function
    ),
    "kernel-patched": lambda case: (
        case.memory.read(case.symbol("CmRegisterCallbackEx"), 3) == b"\x33\xc0\xc3"
    ),
    "module-unlinked": lambda case: all(
        case.memory.number(entry + 0x30) != case.target.owner_base
        for entry in case.memory.list_entries(case.truth.module_list)
    ),
    # The header's BugCheckParameter3 (volatility3's crash64.json).
    "callback-crashed": lambda case: (
        int.from_bytes(Path(case.truth.path).read_bytes()[0x50:0x58], "little")
        == case.target.function
    ),
    "pdb-wrong-guid": lambda case: not _has_guid_of_its_image(case),
    "pdb-missing": lambda case: not _pdb(case).exists(),
    "pdb-damaged": lambda case: (
        _pdb(case).stat().st_size % PAGE != 0 or b"CallbackListHead" not in _pdb(case).read_bytes()
    ),
    "list-symbol-missing": lambda case: (
        b"\0CallbackListHead\0" not in _pdb(case).read_bytes() and _has_guid_of_its_image(case)
    ),
}


def test_every_damage_is_checked_here() -> None:
    assert set(CHECKS) | {"truncated"} == set(DAMAGES)


@pytest.mark.parametrize("name", CHECKS)
def test_a_damage_does_what_it_says(name: str, tmp_path: Path) -> None:
    check = CHECKS[name]
    sound = make_dump(tmp_path / "sound.dmp", callbacks=5)
    assert not check(Case(sound, Memory(sound.path), sound.callbacks[2]))
    truth = make_dump(tmp_path / "damaged.dmp", callbacks=5, damage=[name])
    assert check(Case(truth, Memory(truth.path), truth.callbacks[2]))
    assert [each.name for each in truth.damage] == [name]


def test_damages_add_up_and_a_target_can_be_chosen(tmp_path: Path) -> None:
    damage = ["function-null@0", "function-null@3", "head-emptied"]
    truth = make_dump(tmp_path / "a.dmp", damage=damage)
    memory = Memory(truth.path)
    functions = [memory.number(each.address + SEVEN.function) for each in truth.callbacks]
    assert [function == 0 for function in functions] == [True, False, False, True]
    assert list(memory.list_entries(truth.list_head)) == []


def test_truncation_keeps_the_first_pages(tmp_path: Path) -> None:
    whole = Path(make_dump(tmp_path / "a.dmp", damage=["active-uses"]).path).read_bytes()
    cut = Path(make_dump(tmp_path / "a.dmp", damage=["active-uses", "truncated@30"]).path)
    assert cut.read_bytes() == whole[: 30 * PAGE]
    half = Path(make_dump(tmp_path / "a.dmp", damage=["active-uses", "truncated"]).path)
    assert half.read_bytes() == whole[: len(whole) // PAGE // 2 * PAGE]


@pytest.mark.parametrize(
    ("profile", "damage", "why"),
    [
        ("x64-19041", "entry-lop", "no damage"),
        ("x64-19041", "entry-loop@x", "no index"),
        ("x64-19041", "entry-loop@9", "there are 4"),
        ("x64-10586", "flags-forged", "no flags"),
        ("x86-2600", "entry-loop", "no callback list"),
    ],
)
def test_a_damage_that_cannot_be_done_is_refused(
    profile: str, damage: str, why: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=why):
        make_dump(tmp_path / "a.dmp", profile, damage=[damage])


@pytest.mark.parametrize("profile", ["x86-2600", "x86-19041", "arm64-22621", "x64-3790"])
def test_every_damage_is_done_or_refused_on_every_kind_of_machine(
    profile: str, tmp_path: Path
) -> None:
    done = []
    for name in DAMAGES:
        try:
            done += make_dump(tmp_path / "a.dmp", profile, damage=[name]).damage
        except ValueError as error:
            unknown = (name, profile) == ("thread-inside", "x86-19041")
            assert PROFILES[profile].has_vector or unknown, f"{name}: {error}"
    assert "function-null" in [each.name for each in done]


@pytest.mark.parametrize("kind", BAD_INPUTS)
def test_bad_inputs_are_what_they_are_called(kind: str, tmp_path: Path) -> None:
    path = tmp_path / kind
    make_bad_input(path, kind)
    data = path.read_bytes()
    facts = {
        "empty": not data,
        "text": data[:9] == b"Microsoft",
        "user-minidump": data[:4] == b"MDMP",
        "triage": data[:8] == b"PAGEDU64" and data[0xF98:0xF9C] == b"\4\0\0\0",
        "header-only": data[0xF98:0xF9C] == b"\3\0\0\0" and len(data) == 0x2000,
        "unknown-type": data[0xF98:0xF9C] == b"\x34\x12\0\0",
        "unknown-machine": data[0x30:0x34] == b"\xc4\1\0\0",
        "header-cut": data[:8] == b"PAGEDU64" and len(data) == 0x800,
    }
    assert facts[kind]
