"""Dumps that somebody made to keep regcb busy: long lists of little memory, each element leading to
another long list, and pages that are mapped again and again."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.fuzz.draw import Draw
from tests.fuzz.forged_dump import PAGE, ForgedDump
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.lab_files import LabFile
from tests.fuzz.oracle import ask

__all__ = ["FUZZER"]

_FAR = 0xFFFF_9000_0000_0000  # nothing of the lab lies there, nor behind
_EVERYWHERE = 0xFFFF_9100_0000_0000
_MOST_BYTES = 0xA_0000  # that a forgery adds
_QUESTIONS = (
    ("check", "--json"), ("list", "--json"), ("list",), ("show", "0", "--json"),
    ("list", "--carve", "--json"), ("show", "--thread", "--json"), ("report",),
)  # fmt: skip


class _Forgery:
    """A dump, and where the next piece of memory goes."""

    def __init__(self, file: LabFile, draw: Draw) -> None:
        self.file, self.draw = file, draw
        self.dump = ForgedDump(file.raw)
        self.free = _FAR
        self._left = _MOST_BYTES

    def count(self, size: int) -> int:
        """How many of so many bytes, 1 at least."""
        wanted = self.draw.number(2)
        found = max(1, min(wanted, self._left // size))
        self._left -= found * size
        return found

    def put(self, raw: bytes | bytearray) -> None:
        """Memory from ``free`` on."""
        pages = [bytes(raw[at : at + PAGE]) for at in range(0, len(raw), PAGE)]
        physical = self.dump.add_pages(*pages)
        for index in range(len(pages)):
            self.dump.map(self.free + index * PAGE, physical + index * PAGE)
        self.free += len(pages) * PAGE

    def ring(self, count: int, stride: int, link: int = 0, first: bytes = b"") -> list[int]:
        """LIST_ENTRYs in elements of ``first``, which lead to one another; their VAs."""
        places = [self.free + index * stride + link for index in range(count)]
        raw = bytearray()
        for before, after in zip([places[-1], *places], [*places[1:], places[0]]):
            element = bytearray(first.ljust(stride, b"\0"))
            struct.pack_into("<2Q", element, link, after, before)
            raw += element
        self.put(raw)
        return places

    def join(self, head: int, places: list[int]) -> None:
        """The list of ``head`` goes through ``places`` and comes back, or not."""
        self.dump.pointer(head, places[0])
        self.dump.pointer(head + 8, places[-1])
        if self.draw.number() & 1:
            self.dump.pointer(places[-1], head)
            self.dump.pointer(places[0] + 8, head)


def _callbacks(forgery: _Forgery) -> None:
    """Copies of a callback, their functions near or far from one another, with contexts."""
    file, draw = forgery.file, forgery.draw
    block = file.read(file.truth.callbacks[draw.number() % 4].address, 0x50)
    contexts = forgery.ring(forgery.count(0x40), 0x40)
    places = forgery.ring(forgery.count(0x50), 0x50, 0, block)
    forgery.join(file.truth.list_head, places)
    step = (0, 1, 0x10, 0x1000, 0x10000)[draw.number() % 5]
    start = draw.choice((_EVERYWHERE, file.truth.nt_base, file.truth.callbacks[1].function, 0x1000))
    for index, each in enumerate(places):
        forgery.dump.pointer(each + 0x28, start + index * step)
        forgery.dump.pointer(each + 0x40, contexts[0])


def _threads(forgery: _Forgery) -> None:
    """Processes that have the same threads, which are in the same calls."""
    file = forgery.file
    links, head = (
        file.field("_EPROCESS", each) for each in ("ActiveProcessLinks", "ThreadListHead")
    )
    entry, calls = (
        file.field("_ETHREAD", each) for each in ("ThreadListEntry", "CmCallbackListHead")
    )
    chain = forgery.ring(forgery.count(0x20), 0x20, 0x10)
    stride = calls - entry + 8 if calls > entry else 0x10
    threads = forgery.ring(forgery.count(stride), stride)
    for each in threads if stride > 0x10 else ():
        forgery.dump.pointer(each + calls - entry, chain[0])
    stride = abs(head - links) + 0x10
    processes = forgery.ring(forgery.count(stride), stride)
    for each in processes:
        if head > links:
            forgery.dump.pointer(each + head - links, threads[0])
    forgery.join(file.symbol("PsActiveProcessHead") or 0, processes)


def _modules(forgery: _Forgery) -> None:
    """Copies of a driver's entry, each with an image on pages that are mapped everywhere."""
    file, draw = forgery.file, forgery.draw
    entry = file.read(forgery.dump.get(file.truth.module_list, 8), 0xA0)
    places = forgery.ring(forgery.count(0xA0), 0xA0, 0, entry)
    forgery.join(file.truth.module_list, places)
    step = (0x1000, 0x10000, 0)[draw.number() % 3]
    for index, each in enumerate(places):
        forgery.dump.pointer(each + 0x30, _EVERYWHERE + index * step)
        forgery.dump.put(each + 0x40, struct.pack("<I", draw.choice((0x10000, 1 << 31, step))))


def _images(forgery: _Forgery) -> None:
    """A driver's headers on every page, with words of them changed."""
    file, draw = forgery.file, forgery.draw
    header = bytearray(file.read(file.truth.callbacks[1 + draw.number() % 3].owner_base, PAGE))
    pages = [header]
    for _ in range(draw.number() % 16):
        struct.pack_into("<I", header, draw.number(2) % 0x3FC & -4, draw.number(4))
    for _ in range(draw.number() % 4):
        pages.append(bytearray(struct.pack("<I", draw.number(4)) * 1024))
    forgery.dump.map_everywhere(_EVERYWHERE, [bytes(each) for each in pages])


def _sections(forgery: _Forgery) -> None:
    """Sections and tables of a driver that reach a gigabyte far."""
    file, draw = forgery.file, forgery.draw
    base = file.truth.callbacks[1 + draw.number() % 3].owner_base
    far = (base & -(1 << 30)) + (1 << 30)
    forgery.dump.map_everywhere(far, [bytes([draw.number()]) * PAGE, draw.rest()[:64] * 64])
    header = base + forgery.dump.get(base + 0x3C, 4)
    for index in range(8):
        section = header + 24 + 240 + 40 * index
        if file.offset(section) is not None:
            forgery.dump.put(section + 8, struct.pack("<2I", 0x2000_0000, far - base))
    for index in (0, 2, 3, 6, 10, 12):
        forgery.dump.put(header + 24 + 112 + 8 * index, struct.pack("<2I", far - base, 0x100_0000))


def _tags(forgery: _Forgery) -> None:
    """Pool headers that look like callbacks and object contexts."""
    draw = forgery.draw
    unit = struct.pack("<4s4s8s4s4sQ", b"\0\0\6\2", b"CMcb", b"", b"\0\0\6\2", b"CMcc", _FAR)
    block = (
        b"\0\0\6\2CMcb"
        + bytes(8)
        + forgery.file.read(forgery.file.truth.callbacks[1].address, 0x50)
    )
    raw = (unit * 128, block.ljust(0x60, b"\0") * 42)[draw.number() & 1]
    forgery.put(raw.ljust(PAGE, b"\0") * forgery.count(PAGE))


_KINDS = (_callbacks, _threads, _modules, _images, _sections, _tags)


class FUZZER(Fuzzer):
    about = "dumps that are made to keep regcb busy"
    cost = 12

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._file = LabFile(folder, ("x64-19041", 1, {}))
        self._path, self._report = folder / "forged.dmp", folder / "report.html"

    def seeds(self) -> list[bytes]:
        """Each kind alone and some together, of a thousand elements each."""
        counts = bytes.fromhex("0004") * 30
        return [
            bytes([question, 0, kinds]) + counts
            for question, kinds in ((0, 1), (0, 2), (4, 4), (0, 12), (1, 24), (4, 32), (0, 15))
        ]

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        words = list(draw.choice(_QUESTIONS))
        symbols = "" if draw.number() % 4 == 3 else self._file.truth.symbols
        forgery = _Forgery(self._file, draw)
        chosen = draw.number()
        for index, kind in enumerate(_KINDS):
            if chosen >> index & 1:
                kind(forgery)
        self._path.write_bytes(forgery.dump.raw)
        if words[0] == "report":
            self._report.unlink(missing_ok=True)
            words.append(str(self._report))
        ask([*words, "-z", str(self._path), "-y", symbols])
