"""Dumps that somebody made to keep regcb busy: each claim is held against what there can be, and
what was not looked at is said."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.kernel import waiting_threads
from pykd_ext.kernel.drivers import Drivers
from pykd_ext.kernel.layouts import BLOCKS
from pykd_ext.kernel.stack import code_addresses
from pykd_ext.kernel.threads import active_callbacks
from pykd_ext.kernel.waiting_threads import threads_inside
from pykd_ext.target import Symbol
from pykd_ext.target.architecture import ArchitectureName
from pykd_ext.target.containers import find_container
from pykd_ext.target.crash_dump import CrashDump
from pykd_ext.target.errors import TargetError
from pykd_ext.target.fields import unsigned
from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.find_machine import find_machine
from pykd_ext.target.loaded_symbols import LoadedSymbols
from pykd_ext.target.memory import PAGE, Memory
from pykd_ext.target.symbol_path import SymbolPath
from pykd_ext.triage import silent_drivers
from tests.fuzz.forged_dump import ForgedDump
from tests.fuzz.lab_files import LabFile
from tests.lab import Truth
from tests.support.byte_target import ByteTarget, CountingByteTarget
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

FAR = 0xFFFF_9000_0000_0000  # nothing of the lab lies there
_EXPORT_DIRECTORY = 24 + 112  # of the NT headers of 64 bits


@pytest.mark.parametrize(
    ("count", "pages", "what"),
    [
        (0x10000, 1, "its export table claims 65536 functions, no image has more than 8192"),
        (0x2000, 512, "the names of its exports lie on more than 256 pages, no image's do"),
    ],
)
def test_an_export_table_that_no_image_has(
    count: int, pages: int, what: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    """The names were read wherever they were said to be, each on two pages of its own: 2.2 GB."""
    truth = lab_dump()
    base = truth.callbacks[1].owner_base
    dump = ForgedDump.of(truth.path)
    far = (base & -(1 << 30)) + (1 << 30)
    rva = far - base
    directory = struct.pack("<20x5I", count, count, *[rva + PAGE] * 3)
    names = [rva + PAGE * (2 + index % pages) for index in range(count)]
    raw = struct.pack(f"<{count}I", *names)
    dump.map_everywhere(far, [directory, *(raw[at : at + PAGE] for at in range(0, len(raw), PAGE))])
    headers = base + dump.get(base + 0x3C, 4)
    dump.put(headers + _EXPORT_DIRECTORY, struct.pack("<2I", rva, 0x28))
    path = dump.write(tmp_path / "a.dmp")
    kernel_alone = tmp_path / "symbols"
    kernel_alone.mkdir()
    (kernel_alone / "ntkrnlmp.pdb").symlink_to(Path(truth.symbols) / "ntkrnlmp.pdb")
    _, output, _ = regcb("-z", path, "-y", kernel_alone, "list", "--json")
    problems = [each["what"] for each in json.loads(output)["problems"]]
    assert any(what in each for each in problems), problems


def test_pages_are_kept_up_to_64_mib() -> None:
    target = CountingByteTarget("x64")
    memory = Memory(_OnePage(target))
    for page in range(0x5000):
        memory.read(FAR + page * PAGE, 8)
    target.reads = 0
    for page in range(0x5000 - 1, 0x1000, -1):
        memory.read(FAR + page * PAGE, 8)
    assert target.reads == 0
    memory.read(FAR, 8)
    assert target.reads == 1


class _OnePage:
    """The same page everywhere, as page tables can have it."""

    architecture: ArchitectureName = "x64"

    def __init__(self, target: CountingByteTarget) -> None:
        self._target = target
        target.write(FAR, bytes(PAGE))

    def read(self, _: int, size: int) -> bytes:
        return self._target.read(FAR, size)


def test_a_list_of_thousands_with_rings_of_contexts(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    """Each callback had its contexts read up to a hundred, and was named beside all the others."""
    truth = lab_dump()
    path = _with_callbacks(truth, 1100, 200, tmp_path / "a.dmp")
    _, output, _ = regcb("-z", path, "-y", truth.symbols, "check", "--json")
    assert len(output) < 6_000_000
    document = json.loads(output)
    assert [each["found_by"] for each in document["callbacks"]].count("list") == 1000
    whats = [each["what"] for each in document["problems"]]
    assert "Flink goes on after 1000 entries; more with --limit" in whats
    by_id = {each["id"]: each for each in document["findings"]}
    assert by_id["function-shared"]["summary"].count("#") < 20
    assert "and 984 more" in by_id["function-shared"]["summary"]
    assert "leads on after 1000 entries, more than any kernel" in by_id["list-broken"]["summary"]


def _with_callbacks(truth: Truth, callbacks: int, contexts: int, path: Path) -> Path:
    """A list of copies of the first callback, all of whose contexts are the same ring."""
    target = CrashDump(truth.path, SymbolPath(truth.symbols))
    layout = BLOCKS.layout(target)
    block = target.memory.read(truth.callbacks[0].address, layout.size)
    target.close()
    stride = -(-layout.size // 16) * 16
    ring = FAR + callbacks * stride
    places = [FAR + index * stride + layout.link for index in range(callbacks)]
    around = [truth.list_head, *places, truth.list_head]
    raw = bytearray()
    for before, after in zip(around, around[2:]):
        entry = bytearray(block.ljust(stride, b"\0"))
        struct.pack_into("<2Q", entry, layout.link, after, before)
        struct.pack_into("<2Q", entry, layout.object_contexts, ring, ring)
        raw += entry
    for index in range(contexts):
        links = [ring + 0x40 * (each % contexts) for each in (index + 1, index - 1)]
        raw += struct.pack("<2Q", *links).ljust(0x40, b"\0")
    dump = ForgedDump.of(truth.path)
    physical = dump.add_pages(*(bytes(raw[at : at + PAGE]) for at in range(0, len(raw), PAGE)))
    for at in range(0, len(raw), PAGE):
        dump.map(FAR + at, physical + at)
    dump.pointer(truth.list_head, places[0])
    dump.pointer(truth.list_head + 8, places[-1])
    return dump.write(path)


def _chain(target: ByteTarget, start: int, count: int) -> list[int]:
    """Links that lead on from one to the next, the last one to itself."""
    places = [start + 16 * index for index in range(count)]
    target.write(start, struct.pack("<2Q", 0, 0) * count)
    for index, each in enumerate(places):
        following = places[min(index + 1, count - 1)]
        at = each - start
        target.pages[(start + at) & -PAGE][at % PAGE : at % PAGE + 8] = following.to_bytes(
            8, "little"
        )
    return places


def _with_threads(processes: int, threads: int) -> ByteTarget:
    """Every process has the same threads."""
    target = ByteTarget("x64")
    (first, *_) = _chain(target, FAR + 0x10000, threads)
    links = _chain(target, FAR, processes)
    target.symbols["PsActiveProcessHead"] = FAR
    apart = 0x80_0000
    for each in links:
        target.write(each + apart, first.to_bytes(8, "little"))
    target.fields = {
        ("_EPROCESS", "ActiveProcessLinks"): 0,
        ("_EPROCESS", "ThreadListHead"): apart,
        ("_ETHREAD", "ThreadListEntry"): 0,
        ("_ETHREAD", "CmCallbackListHead"): 8,
    }
    return target


def test_threads_of_all_processes_together() -> None:
    problems: list[str] = []
    assert not list(active_callbacks(_with_threads(500, 240), problems))
    assert problems == ["threads in callbacks: more than 100000 threads, the rest is not looked at"]


def test_the_stacks_of_all_threads_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_threads, "_ALL_STACKS", 0x1000)
    target: Any = _with_threads(2, 40)
    target.symbols["CmUnRegisterCallback"] = FAR
    for index in range(40):
        target.write(FAR + 0x10008 + 16 * index, (FAR + 0x40000).to_bytes(8, "little"))
    target.fields.update({("_KTHREAD", "StackBase"): 8, ("_KTHREAD", "StackLimit"): 0})
    inside = threads_inside(target, "CmUnRegisterCallback")
    assert inside.unknown == (
        "threads cannot be walked: their stacks have more than 0 MiB together"
    )


def test_a_module_list_of_thousands() -> None:
    target: Any = ByteTarget("x64")
    target.module_list = FAR
    _chain(target, FAR, 2100)
    target.write(FAR + 16 * 2100, bytes(0x100))
    drivers = Drivers(target)
    assert drivers.owner(1).state is None
    assert drivers.problems[0] == (
        "nt!PsLoadedModuleList is cut short: more than 2000 modules, the rest is not read"
    )


def test_sections_of_all_drivers_together(
    monkeypatch: pytest.MonkeyPatch, lab_dump: MakeDump, regcb: Regcb
) -> None:
    monkeypatch.setattr(silent_drivers, "_ALL_SEARCHED", PAGE)
    truth = lab_dump(callbacks=2)
    _, output, _ = regcb("-z", truth.path, "-y", truth.symbols, "check", "--json")
    document = json.loads(output)
    validate(document)
    said = [each["summary"] for each in document["remarks"] if each["id"] == "driver-silent"]
    assert any(
        "were not searched for what they look up by name, 4096 were" in each for each in said
    )


def test_tables_that_map_one_image_everywhere(tmp_path: Path) -> None:
    """Each page of hundreds of gigabytes was looked at for a kernel's name."""
    file = LabFile(tmp_path, ("x64-19041", "raw", {}))
    raw = bytearray(file.raw)
    kernel = file.offset(file.truth.nt_base)
    assert kernel is not None
    raw[kernel : kernel + 2] = b"--"  # or it is found before
    page = len(raw)
    raw += raw[kernel : kernel + PAGE]
    raw[page : page + 2] = b"MZ"
    for place in (page, page + PAGE):  # a table of that page, a directory of that table
        raw += struct.pack("<512Q", *[place | 0x63] * 512)
    top = raw.index(struct.pack("<Q", file.directory | 0x63)) & -PAGE
    pointers = unsigned(raw, top + 8 * (0xFFFF_F800_0000_0000 >> 39 & 0x1FF), 8) & -PAGE
    for place in range(pointers, pointers + PAGE, 8):
        if not raw[place] & 1:
            raw[place : place + 8] = struct.pack("<Q", page + 2 * PAGE | 0x63)
    path = tmp_path / "mapped.raw"
    path.write_bytes(raw)
    container = find_container(map_file(str(path)))
    assert container is not None
    counted: Any = _Counted(container)
    with pytest.raises(TargetError, match="no Windows is found in this memory"):
        find_machine(counted)
    assert counted.words < 200_000


class _Counted:
    """A container that counts how often it is read."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self.words = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def word(self, address: int, size: int) -> int | None:
        self.words += 1
        found: int | None = self._container.word(address, size)
        return found


def test_a_set_of_a_hibernation_file_with_more_pages_than_any(tmp_path: Path) -> None:
    """Each of thousands of small sets was unpacked to a MiB."""
    raw = bytearray(LabFile(tmp_path, ("x64-19041", "sys", {})).raw)
    kernels = unsigned(raw, 0x70, 8) * PAGE
    raw[kernels:] = struct.pack("<I2Q", 0x100 | 2, 0x1AF, 0x2AF).ljust(PAGE, b"\1")
    raw[0x68:0x70] = bytes(8)
    path = tmp_path / "many.sys"
    path.write_bytes(raw)
    with pytest.raises(TargetError, match="holds no pages"):
        find_container(map_file(str(path)))


def test_a_stack_full_of_one_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its symbol was looked up for each of thousands of words."""
    file = LabFile(tmp_path, ("x64-19041", 1, {"stopped_in": "RegNtPreSetValueKey"}))
    start = file.symbol("CmpCallCallBacksEx")
    assert start is not None
    behind_a_call = start + file.read(start, 0x400).index(b"\xe8") + 5
    target = CrashDump(str(file.path), SymbolPath(file.truth.symbols))
    above = (target.register("rsp") & -PAGE) + PAGE
    target.close()
    dump = ForgedDump(file.raw)
    dump.map(above, dump.add_pages(struct.pack("<Q", behind_a_call) * 512))
    asked: list[int] = []
    nearest = LoadedSymbols.nearest

    def counted(symbols: LoadedSymbols, address: int) -> Symbol | None:
        asked.append(address)
        return nearest(symbols, address)

    monkeypatch.setattr(LoadedSymbols, "nearest", counted)
    path = dump.write(tmp_path / "stack.dmp")
    target = CrashDump(str(path), SymbolPath(file.truth.symbols))
    found = code_addresses(target, Drivers(target))
    target.close()
    assert [each.address for each in found].count(behind_a_call) >= 512
    assert asked.count(behind_a_call) == 1
