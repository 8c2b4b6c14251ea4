"""The lab's kernels of every architecture, called in an emulator."""

from __future__ import annotations

import struct
from collections.abc import Callable

from unicorn import (
    UC_ARCH_ARM64,
    UC_ARCH_X86,
    UC_HOOK_CODE,
    UC_MODE_32,
    UC_MODE_ARM,
    Uc,
    arm64_const,
    x86_const,
)

from pykd_ext.kernel.threads import calls_of_thread
from pykd_ext.target.errors import SymbolNotFound
from pykd_ext.target.memory import Memory
from tests.lab import PROFILES
from tests.lab.build import build
from tests.lab.kd.emulator import new_emulator
from tests.lab.kd.memory import GuestMemory
from tests.lab.physical_memory import PAGE
from tests.lab.world import BOOT_TIME, World

from .machine import Machine

__all__ = ["LabKernel"]

_CURRENT_THREAD = {"x86": 0x124, "x64": 0x188, "arm64": 0x988}  # in the KPCR
_KEY_BODY_TYPE = 0x6B793032
_ASIDE = 0x40_0000  # behind what the lab itself lays out
_STACK, _SCRATCH, _POOL, _OBJECTS = 0x8000, 0x8000, 0x20000, 0x2000
_SELECTORS = ((x86_const.UC_X86_REG_CS, 8), (x86_const.UC_X86_REG_SS, 0x10),
              (x86_const.UC_X86_REG_DS, 0x10), (x86_const.UC_X86_REG_ES, 0x10),
              (x86_const.UC_X86_REG_FS, 0x18))  # fmt: skip


class LabKernel(Machine):
    """A kernel of the lab that has started as far as its callbacks go. ``shape``: how its code
    calls them (tests.lab.code_shapes)."""

    def __init__(self, profile_name: str, shape: str = "plain") -> None:
        self.profile = profile = PROFILES[profile_name]
        self.build = profile.build
        self.world = world = World(profile, build(profile, shape=shape), [])
        self._pages = [address for address, _, _ in world.kernel.image.pages(discardable=False)]
        stack = self._map(profile.kernel_stack + _ASIDE, _STACK) + _STACK
        # The emulator touches the page before the one that it is to stop at.
        place = self._map(profile.nonpaged_pool + _ASIDE, 2 * PAGE + _SCRATCH + _OBJECTS) + PAGE
        self.scratch, objects = place + PAGE, place + PAGE + _SCRATCH
        pool = self._map(profile.paged_pool + _ASIDE, _POOL)
        shared = self._map(profile.shared_data, PAGE)
        self._pcr, thread, self.key = objects, objects + 0x1000, objects + 0x1C00
        world.space.write_unsigned(shared + 0x14, 8, BOOT_TIME)
        world.set_pointer("MmPagedPoolStart", pool)
        world.set_pointer("MmPagedPoolEnd", pool + _POOL)
        world.space.write_pointer(self._pcr + _CURRENT_THREAD[profile.architecture], thread)
        world.space.write_unsigned(self.key, 4, _KEY_BODY_TYPE)
        self._memory: GuestMemory | None = None
        self.hidden: set[str] = set()  # symbols that its user does not know
        super().__init__(self._new_emulator(), profile.architecture, place, stack)
        self._thread, self.thread_calls, self.key_contexts = thread, 0, 0
        if not profile.has_vector:
            self.key_contexts = world.field(self.key, "_CM_KEY_BODY", "ContextListHead")
            self.write_pointers(self.key_contexts, self.key_contexts, self.key_contexts)
        if profile.build >= 7600:
            self.thread_calls = world.field(thread, "_ETHREAD", "CmCallbackListHead")
        self.memory = Memory(self)  # type: ignore[arg-type] # reads are all that it asks for
        self.call(world.nt("CmpInitCallbacks"))

    def read(self, address: int, size: int) -> bytes:
        return self._memory.read(address, size) if self._memory else super().read(address, size)

    def write(self, address: int, data: bytes) -> None:
        if self._memory:
            self._memory.write(address, data)
        else:
            super().write(address, data)

    def symbol(self, name: str, module: str = "nt") -> int:
        if name in self.hidden or name not in self.world.kernel.symbols:
            raise SymbolNotFound(name, module)
        return self.world.nt(name)

    def register(
        self, function: int, altitude: str | None, context: int, internal: bool = False
    ) -> tuple[int, int]:
        cookie, string = self.scratch + 0x7000, self.scratch + 0x7100
        text = (altitude or "").encode("utf-16-le")
        self.write(string, struct.pack("<HH", len(text), len(text)))
        self.write_pointers(string + self.pointer_size, string + 0x20)
        self.write(string + 0x20, text)
        if altitude is None:
            status = self.call(self.world.nt("CmRegisterCallback"), function, context, cookie)
        elif internal:
            status = self.call(
                self.world.nt("CmRegisterInternalCallback"), function, string, context, cookie
            )
        else:
            status = self.call(
                self.world.nt("CmRegisterCallbackEx"), function, string, self.scratch, context,
                cookie, 0,
            )  # fmt: skip
        return status, self.unsigned(cookie, 8)

    def unregister(self, cookie: int) -> int:
        words = [cookie]
        if self.architecture == "x86":
            words = [cookie & 0xFFFF_FFFF, cookie >> 32]
        return self.call(self.world.nt("CmUnRegisterCallback"), *words)

    def blocks(self) -> list[int]:
        head = self.world.nt("CallbackListHead")
        found, entry = [], self.pointer(head)
        while entry != head:
            found.append(entry)
            entry = self.pointer(entry)
        return found

    def function_of(self, block: int) -> int:
        if self.pointer_size == 4:
            return self.pointer(block + 0x1C)
        return self.pointer(block + (0x30 if self._is_vista else 0x28))

    def thread_blocks(self) -> list[int]:
        if self._is_vista:  # innermost, which there is the lowest, first
            inside = [(each, thread) for each in self.blocks() for thread in self._threads_in(each)]
            return [block for block, thread in reversed(inside) if thread == self._thread]
        calls = calls_of_thread(self.read, self.thread_calls, self.pointer_size)
        return [each.block for each in calls]

    @property
    def _is_vista(self) -> bool:
        return not self.profile.has_vector and self.profile.build < 7600

    def _threads_in(self, block: int) -> list[int]:
        """Vista's block has a list of its calls, and those their thread (SOURCES 3.6)."""
        size = self.pointer_size
        head = block + 2 * size
        found, entry = [], self.pointer(head)
        while entry != head:
            found.append(self.pointer(entry + 4 * size))
            entry = self.pointer(entry)
        return found

    def uses(self, block: int) -> int:
        if self._is_vista:
            return len(self._threads_in(block))
        return self.unsigned(block + 2 * self.pointer_size, 4)

    def tell(
        self, number: int, information: int, is_pre: bool, post: int, calls: int, extended: int = 0
    ) -> int:
        words = [number, information, int(is_pre), post, self.key, calls]
        if self.profile.build >= 15063:
            words.insert(2, extended)
        return self.call(self.world.nt(self.profile.dispatcher), *words)

    def register_value(self, register: int) -> int:
        """By Unicorn's number."""
        return int(self._emulator.reg_read(register))

    def on_code(self, first: int, last: int, seen: Callable[[int], None]) -> None:
        """``seen`` hears of every instruction that the kernel does between two VAs."""
        self._emulator.hook_add(
            UC_HOOK_CODE, lambda _uc, address, *_: seen(address), begin=first, end=last
        )

    def _map(self, address: int, size: int) -> int:
        self.world.space.map(address, size, executable=True)
        self._pages += range(address, address + size, PAGE)
        return address

    def _new_emulator(self) -> Uc:
        """With the KPCR where the architecture has it."""
        space, architecture = self.world.space, self.profile.architecture
        if architecture == "x64":
            emulator = new_emulator(space.tables.directory)
            self._memory = GuestMemory(emulator, space.memory, space.tables)
            emulator.reg_write(x86_const.UC_X86_REG_GS_BASE, self._pcr)
            return emulator
        if architecture == "arm64":
            emulator = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
            emulator.reg_write(arm64_const.UC_ARM64_REG_X18, self._pcr)
        else:
            emulator = Uc(UC_ARCH_X86, UC_MODE_32)
        for page in self._pages:
            emulator.mem_map(page, PAGE)
            emulator.mem_write(page, space.read(page, PAGE))
        if architecture == "x86":
            self._write_segments(emulator)
        return emulator

    def _write_segments(self, emulator: Uc) -> None:
        """Flat code and data, and fs (Intel SDM 3, 3.4.5)."""
        table, base = self._pcr + 0xE00, self._pcr
        flat_code, flat_data = 0x00CF9B000000FFFF, 0x00CF93000000FFFF
        own = 0x0040930000000FFF | (base & 0xFFFFFF) << 16 | base >> 24 << 56
        emulator.mem_write(table, struct.pack("<4Q", 0, flat_code, flat_data, own))
        emulator.reg_write(x86_const.UC_X86_REG_GDTR, (0, table, 0x1F, 0))
        for register, selector in _SELECTORS:
            emulator.reg_write(register, selector)
