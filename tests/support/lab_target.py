"""The live lab's machine as a target in this process: no debugger, no wire, and so at full speed.

A breakpoint is a hook before the instruction, which the processor then does itself: what is set in
its place (:mod:`pykd_ext.live.emulation`) is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable
from unittest.mock import patch

import unicorn

from pykd_ext.target import Symbol
from pykd_ext.target.architecture import ARCHITECTURES
from pykd_ext.target.errors import MemoryUnreadable, SymbolNotFound, TypeNotFound
from pykd_ext.target.memory import Memory

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab
    from tests.lab.kd.script import Script

__all__ = ["LabTarget", "WithoutSymbols", "WrittenLab"]

_ITS_NAMES = {"efl": "eflags"}


class LabTarget:
    """Fulfils :class:`pykd_ext.target.live.LiveTarget`, as far as following it asks."""

    is_file, is_frozen = False, True
    kind, path, small_dump, debugger_data, last_event = "kernel", None, None, 0, ""
    is_frozen = True
    taken = ""

    def __init__(self, script: Script, profile: str = "x64-19041") -> None:
        from tests.lab.kd.lab import build_live_lab
        from tests.lab.profiles import PROFILES

        self.lab: LiveLab = build_live_lab(script, PROFILES[profile])
        self._emulator = self.lab.machine._emulator
        about = self.lab.world.profile
        self.architecture, self.build = about.architecture, about.build
        self.nt_base = self.lab.world.images["ntoskrnl.exe"].image.base
        self.module_list = self.symbol("PsLoadedModuleList")
        self.memory = Memory(self, whole_pages=False)  # type: ignore[arg-type]
        self.reads = 0
        self._stops = self._is_to_stop = False

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        data = self.lab.machine.memory.read(address, size)
        if len(data) < size:
            raise MemoryUnreadable(address, size)
        return data

    def write(self, address: int, data: bytes) -> None:
        """What is set in an instruction's place."""

    def set_registers(self, values: Mapping[str, int]) -> None:
        """The same."""

    def symbol(self, name: str, module: str = "nt") -> int:
        try:
            return self.lab.world.nt(name)
        except KeyError:
            raise SymbolNotFound(name, module) from None

    def nearest_symbol(self, _: int) -> Symbol | None:
        return None

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        if not self.lab.world.offsets.has(type_name, field):
            raise TypeNotFound(type_name, module)
        return self.lab.world.offsets.field(type_name, field)

    def register(self, name: str) -> int:
        return int(self._emulator.reg_read(_number(name)))

    def current_thread(self) -> int:
        return self.lab.machine.current.current.ethread

    def symbol_problems(self) -> list[str]:
        return []

    def modules(self) -> list[Any]:
        return []

    def bug_check(self) -> None:
        return None

    def return_addresses(self, _: int) -> list[int]:
        return []

    def break_at(self, address: int, on_hit: Callable[[], bool], _: bool = False) -> _Hook:
        def hit(*_: Any) -> None:
            if not hook.is_enabled or self._stops or self._is_left(address):
                return
            if on_hit() or self._is_to_stop:
                self._stops = True
                self._stop(address)

        hook = _Hook(self._emulator, address, hit)
        return hook

    def _stop(self, address: int) -> None:
        """The thread runs on until it gives its processor up, and is heard of no more."""

    def _is_left(self, _: int) -> bool:
        return False

    def stop_after_hit(self) -> None:
        self._is_to_stop = True

    def go(self, _: float | None) -> str:
        """Until a breakpoint's function says so, something crashes, or nobody has anything to do.

        A slice of time that ended in that function would have the instruction told of twice.
        """
        from tests.lab.kd.events import ACCESS_VIOLATION

        self._stops = self._is_to_stop = False
        with patch("tests.lab.kd.machine._SLICE", 0):
            while not self._stops and not self.lab.machine.is_idle:
                event = self.lab.machine.run()
                if getattr(event, "code", None) == ACCESS_VIOLATION:
                    return "exception"
        return "hit" if self._stops else "debugger"


class WrittenLab(LabTarget):
    """The same, in which what is written is there, and a stop is one at once: whoever guards a
    callback needs it."""

    _left: tuple[int, int] | None = None

    def _stop(self, address: int) -> None:
        counter = ARCHITECTURES[self.architecture].program_counter
        if self.register(counter) == address:  # unless something else is to be done there
            self._left = self.current_thread(), address
        self._emulator.emu_stop()

    def _is_left(self, address: int) -> bool:
        """Whether the thread goes on from its stop there, of which it was told."""
        is_left = self._left == (self.current_thread(), address)
        if is_left:
            self._left = None
        return is_left

    def write(self, address: int, data: bytes) -> None:
        self.lab.machine.memory.write(address, data)

    def set_registers(self, values: Mapping[str, int]) -> None:
        for name, value in values.items():
            self._emulator.reg_write(_number(name), value)


class WithoutSymbols(WrittenLab):
    """Of the kernel's names it has those that a kernel exports."""

    def symbol(self, name: str, module: str = "nt") -> int:
        if name.startswith("Cmp") or name == "CallbackListHead":
            raise SymbolNotFound(name, module)
        return super().symbol(name, module)


def _number(name: str) -> int:
    """Unicorn's of a register."""
    found: int = getattr(unicorn.x86_const, f"UC_X86_REG_{_ITS_NAMES.get(name, name).upper()}")
    return found


class _Hook:
    is_lost = False

    def __init__(self, emulator: Any, address: int, hit: Callable[..., None]) -> None:
        self._emulator, self.is_enabled = emulator, True
        self._hook = emulator.hook_add(unicorn.UC_HOOK_CODE, hit, begin=address, end=address)

    def enable(self, wanted: bool) -> None:
        self.is_enabled = wanted

    def remove(self) -> None:
        self._emulator.hook_del(self._hook)
