"""Files of the lab, with the places in them where something is that regcb reads.

The places are the lab's own truth: what is fuzzed does not say where its input is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.lab import Truth, make_dump
from tests.lab.physical_memory import PAGE
from tests.lab.processes import Processes
from tests.lab.world import World

__all__ = ["Kind", "LabFile"]

_HEADERS = 0x400  # bytes of an image
_CODE = 0x200  # bytes of a function
_NEAR = 0x100  # bytes of what a pointer leads to
_FILLER = b"PAGE"  # of a header

# Type, profile, and what else make_dump takes.
Kind = tuple[str, Any, dict[str, Any]]


class LabFile:
    """A dump, or an image of memory as pages lie in it. ``known`` are VAs that something is at.

    Places are file offsets.
    """

    def __init__(self, folder: Path, kind: Kind) -> None:
        profile, dump_type, options = kind
        made: list[tuple[World, Processes]] = []
        suffix = dump_type if isinstance(dump_type, str) else "dmp"
        name = "-".join(map(str, (profile, dump_type, *options.values())))
        self.truth: Truth = make_dump(
            folder / f"{name}.{suffix}",
            profile,
            dump_type,
            also=lambda world, processes: made.append((world, processes)),
            **options,
        )
        self.path = Path(self.truth.path)
        self._world, self._processes = made[0]
        self._space = self._world.space
        self._size = self._world.profile.pointer_size
        self.raw = self.path.read_bytes()

    @cached_property
    def known(self) -> list[int]:
        truth = self.truth
        found = [truth.nt_base, truth.list_head, truth.module_list]
        found += [each.address for each in truth.callbacks]
        found += [each.function for each in truth.callbacks]
        found += [each.address for each in truth.keys.values()]
        return [*found, *self._processes.processes, *self._processes.threads]

    @cached_property
    def header(self) -> list[int]:
        """What is no filler in front of the pages, and the last bytes."""
        end = min(max(self._first_page, 0x400), len(self.raw))
        filled = (at for at in range(0, end, 4) if self.raw[at : at + 4] != _FILLER)
        return [*filled, *range(max(len(self.raw) - 0x100, 0), len(self.raw), 4)]

    @cached_property
    def tables(self) -> list[int]:
        """Entries of page tables: those that are set, and the ones behind them."""
        mapped = set(self._space.tables._pages.values())
        found = []
        for frame, page in self._space.memory.frames.items():
            place = None if frame in mapped else self._of_frame(frame)
            if place is not None:
                entries = [at for at in range(0, PAGE, 8) if any(page[at : at + 8])]
                found += [place + each % PAGE for at in entries for each in (at, at + 8)]
        return found

    @cached_property
    def blocks(self) -> list[int]:
        """The head or the vector, the blocks, and what they lead to."""
        roots = [self.truth.list_head, *(each.address for each in self.truth.callbacks)]
        names = ("CmpCallBackCount", "CmpCallbackCookie")
        symbols = self._world.kernel.symbols
        return self._around([*roots, *(symbols[each] for each in names if each in symbols)], 2)

    @cached_property
    def altitudes(self) -> list[int]:
        """Their texts, two letters at a time."""
        buffers = (each.altitude_buffer for each in self.truth.callbacks if each.altitude)
        return [at for each in buffers for at in self._places(each, 12)]

    @cached_property
    def modules(self) -> list[int]:
        """PsLoadedModuleList, MmUnloadedDrivers."""
        unloaded = self._world.nt("MmUnloadedDrivers")
        return self._around([self.truth.module_list, unloaded], len(self._world.images) + 1)

    @cached_property
    def keys(self) -> list[int]:
        """Key objects, and what they lead to."""
        return self._around([each.address for each in self.truth.keys.values()], 4)

    @cached_property
    def threads(self) -> list[int]:
        """Processes, threads, and what they lead to."""
        head = self._world.nt("PsActiveProcessHead")
        return self._around([head, *self._processes.processes, *self._processes.threads], 1, 0x700)

    @cached_property
    def identities(self) -> list[int]:
        """Tokens and paths of processes."""
        places = [
            self._world.field(process, "_EPROCESS", each)
            for process in self._processes.processes
            for each in ("Token", "SeAuditProcessCreationInfo")
            if self._world.offsets.has("_EPROCESS", each)
        ]
        return self._around([self._space.pointer(each) for each in places], 2)

    @cached_property
    def functions(self) -> list[int]:
        """The first bytes of the callbacks, each of them."""
        places = (self._places(each.function, 0x40) for each in self.truth.callbacks)
        return [at + byte for each in places for at in each for byte in range(4)]

    @cached_property
    def notification(self) -> list[int]:
        """What the stopped thread's callback is told."""
        assert self.truth.stop
        return self._around([self.truth.stop.notification.address, self.truth.stop.argument], 3)

    @cached_property
    def images(self) -> list[int]:
        """Headers and directories."""
        found: list[int] = []
        for each in self._world.images.values():
            found += self._places(each.base, _HEADERS)
            header = each.base + self._space.unsigned(each.base + 0x3C, 4)
            directories = header + 24 + (112 if self._size == 8 else 96)
            for index in (0, 1, 2, 3, 6, 10, 12):
                rva = self._space.unsigned(directories + 8 * index, 4)
                if rva:
                    found += self._places(each.base + rva, 0x180)
        return found

    def code(self, *functions: str) -> list[int]:
        """The first bytes of functions of the kernel."""
        symbols = self._world.kernel.symbols
        starts = [symbols[each] for each in functions if each in symbols]
        return [at + byte for each in starts for at in self._places(each, _CODE)
                for byte in range(4)]  # fmt: skip

    def _around(self, roots: Iterable[int], depth: int, near: int = _NEAR) -> list[int]:
        seen: dict[int, None] = {}
        waiting = [(root, depth) for root in roots]
        while waiting:
            start, left = waiting.pop(0)
            start &= -self._size
            for at in range(start, start + near, self._size):
                if at in seen or self._space.tables.frame(at) is None:
                    continue
                seen[at] = None
                leads = self._space.pointer(at)
                if left and self._is_data(leads):
                    waiting.append((leads, left - 1))
        places = (self.offset(at) for at in seen)
        return [each for each in places if each is not None]

    def _is_data(self, address: int) -> bool:
        images = self._world.images.values()
        in_image = any(0 <= address - each.base < each.image.size for each in images)
        return not in_image and self._space.tables.frame(address) is not None

    def _places(self, start: int, size: int) -> list[int]:
        places = (self.offset(at) for at in range(start, start + size, 4))
        return [each for each in places if each is not None]

    def offset(self, address: int) -> int | None:
        """Where a VA lies in the file."""
        frame = self._space.tables.frame(address)
        place = None if frame is None else self._of_frame(frame)
        return None if place is None else place + address % PAGE

    @property
    def directory(self) -> int:
        """The physical address of the top page table."""
        return self._space.tables.directory

    def _of_frame(self, frame: int) -> int | None:
        place = self._first_page
        for start, count in self._space.memory.runs():
            if start <= frame < start + count:
                return place + (frame - start) * PAGE
            place += count * PAGE
        return None

    @cached_property
    def _first_page(self) -> int:
        """Dumps have their pages last, one run behind the other."""
        return len(self.raw) - PAGE * sum(count for _, count in self._space.memory.runs())

    @property
    def processes(self) -> Sequence[int]:
        """VAs."""
        return self._processes.processes

    def symbols(self) -> Sequence[str]:
        return ("-y", self.truth.symbols)

    def symbol(self, name: str) -> int | None:
        """The VA of a symbol of the kernel."""
        return self._world.kernel.symbols.get(name)

    def read(self, address: int, size: int) -> bytes:
        """The bytes at a VA, as the lab has them."""
        return self._space.read(address, size)

    def field(self, type_name: str, field: str) -> int:
        """The offset of a field of this build."""
        return self._world.offsets.field(type_name, field)
