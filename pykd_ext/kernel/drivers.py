"""Who owns an address: the loaded drivers, the unloaded ones, or nobody.

The kernel does not keep who registered a callback (the Driver argument is not stored), so the owner
is the image that the callback's function lies in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..target.debugger_data import kernel_variable
from ..target.errors import Implausible, MemoryUnreadable, SymbolNotFound
from ..target.fields import unsigned
from ..target.memory import Memory
from ..target.module_list import (
    LoadedModule,
    debugger_name,
    loaded_modules,
    module_text,
    module_time_date_stamp,
)

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["NO_OWNER", "UNKNOWN_OWNER", "Drivers", "Owner"]


class Owner(NamedTuple):
    """The image of an address. ``state`` is ``loaded``, ``unloaded``, ``none``, or None when the
    function or the list of modules could not be read; ``module`` is its name as a symbol's prefix
    (``nt``, ``netmon``), ``name`` its file's; ``entry`` is its VA in PsLoadedModuleList."""

    state: str | None
    module: str | None = None
    name: str | None = None
    path: str | None = None
    base: int | None = None
    size: int | None = None
    time_date_stamp: int | None = None
    entry: int | None = None


NO_OWNER = Owner("none")
UNKNOWN_OWNER = Owner(None)


class UnloadedDriver(NamedTuple):
    """One MM_UNLOADED_DRIVER: name as it was, VA range (end exclusive)."""

    name: str | None
    start: int
    end: int


class Drivers:
    """Owners of addresses in one target. Walks PsLoadedModuleList only as far as it is asked to.

    ``problems`` says what of the lists could not be read.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._memory = target.memory
        self._small = target.small_dump
        self._walk = (
            iter(self._small.loaded)
            if self._small
            else loaded_modules(self._memory, target.module_list)
        )
        self._loaded: list[LoadedModule] = []
        self._unloaded: list[UnloadedDriver] | None = None
        self._cut_short = False
        self._knows_unloaded = True
        self._owners: dict[int, Owner] = {}
        self.problems: list[str] = []

    @property
    def knows_unloaded(self) -> bool:
        """Whether nt!MmUnloadedDrivers could be read."""
        self.unloaded()
        return self._knows_unloaded

    def owner(self, address: int) -> Owner:
        """The image that holds ``address``, or did before it was unloaded."""
        if address not in self._owners:
            self._owners[address] = self._owner(address)
        return self._owners[address]

    def _owner(self, address: int) -> Owner:
        for module in self.loaded():
            if module.base <= address < module.base + module.size:
                return self._loaded_owner(module)
        for driver in self.unloaded():
            if driver.start <= address < driver.end:
                size = driver.end - driver.start
                name = debugger_name(None, driver.name)
                return Owner("unloaded", name, driver.name, None, driver.start, size)
        return UNKNOWN_OWNER if self._cut_short else NO_OWNER

    def _loaded_owner(self, module: LoadedModule) -> Owner:
        name = module_text(self._memory, module.base_dll_name)
        path = module_text(self._memory, module.full_dll_name)
        if None in (name, path) and not self._small:
            self._note(f"the name of the image at {module.base:#x} cannot be read")
        symbols = debugger_name(path, name)
        if module.base == self._target.nt_base:
            symbols = "nt"
        elif symbols.lower() == "nt":  # as the debugger tells them apart
            symbols += f"_{module.base:x}"
        return Owner(
            state="loaded",
            module=symbols,
            name=name,
            path=path,
            base=module.base,
            size=module.size,
            time_date_stamp=self._time_date_stamp(module),
            entry=module.entry,
        )

    def _time_date_stamp(self, module: LoadedModule) -> int | None:
        try:
            return module_time_date_stamp(self._memory, self._target.build, module)
        except MemoryUnreadable as error:
            self._note(f"the time stamp of the image at {module.base:#x}: {error}")
            return None

    def _note(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def loaded(self) -> Iterator[LoadedModule]:
        """PsLoadedModuleList in load order, read on as the caller goes on."""
        index = 0
        while True:
            if index == len(self._loaded):
                module = self._next_loaded()
                if module is None:
                    return
                self._loaded.append(module)
            yield self._loaded[index]
            index += 1

    def _next_loaded(self) -> LoadedModule | None:
        try:
            return next(self._walk, None)
        except (MemoryUnreadable, Implausible) as error:
            self._cut_short = True
            self.problems.append(f"nt!PsLoadedModuleList is cut short: {error}")
            return None

    def unloaded(self) -> list[UnloadedDriver]:
        """nt!MmUnloadedDrivers, empty slots left out; none where it cannot be read."""
        if self._unloaded is None and self._small:
            self._unloaded = [UnloadedDriver(*each) for each in self._small.unloaded]
        if self._unloaded is None:
            self._unloaded = []
            try:
                array = self._memory.pointer(kernel_variable(self._target, "MmUnloadedDrivers"))
                self._unloaded = list(_unloaded_drivers(self._memory, array))
            except (SymbolNotFound, MemoryUnreadable) as error:
                self._knows_unloaded = False
                self.problems.append(f"unloaded drivers: {error}")
        return self._unloaded


# 50 entries of 0x28 bytes on x64, 0x18 on x86: _UNLOADED_DRIVERS in the public PDBs of 10240, and
# MiRememberUnloadedDriver of 23H2 (SOURCES 6.2). Name, StartAddress, EndAddress, CurrentTime.
_UNLOADED_SLOTS = 50
_UNLOADED_SIZE = {4: 0x18, 8: 0x28}


def _unloaded_drivers(memory: Memory, array: int) -> Iterator[UnloadedDriver]:
    if not array:
        return  # nothing was unloaded since boot
    pointer = memory.pointer_size
    size = _UNLOADED_SIZE[pointer]
    raw = memory.read(array, _UNLOADED_SLOTS * size)
    for start in range(0, len(raw), size):
        entry = raw[start : start + size]
        name = memory.parse_unicode_string(entry)
        low = unsigned(entry, 2 * pointer, pointer)
        high = unsigned(entry, 3 * pointer, pointer)
        if low < high:
            yield UnloadedDriver(module_text(memory, name), low, high)
