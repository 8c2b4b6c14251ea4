"""The places that a call site names, against what really is there when a callback has come back.

The code is a compiler's, for all three processors, and Unicorn runs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
import unicorn
from unicorn import arm64_const, x86_const

from pykd_ext.live.call_site import CallSite, find_call_sites
from pykd_ext.live.data_flow import Location
from pykd_ext.target.errors import MemoryUnreadable, SymbolNotFound
from pykd_ext.target.memory import Memory
from tests.support.assembly import PLACE
from tests.support.compiled import TRIPLES, compiled

pytestmark = pytest.mark.toolchain

SOURCE = Path(__file__).with_name("call_callbacks.c")
RUN, BLOCKS, STACK, STUB, HELPER = 0x10000, 0x20000, 0x30000, 0x40000, 0x50000
NUMBER, INFORMATION, EXTENDED = 28, 0x60000, 0x61000


class Code:
    """A target with nothing but code."""

    build = 19041

    def __init__(self, architecture: str, code: bytes) -> None:
        self.architecture = architecture
        self.code = code
        self.place = PLACE[architecture]
        self.memory = Memory(self)  # type: ignore[arg-type]

    def read(self, address: int, size: int) -> bytes:
        if not self.place <= address < self.place + len(self.code):
            raise MemoryUnreadable(address, size)
        return self.code[address - self.place :][:size].ljust(size, b"\xcc")

    def symbol(self, name: str, module: str = "nt") -> int:
        raise SymbolNotFound(name, module)

    def sites(self) -> list[CallSite]:
        return find_call_sites(self, self.place)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", [0, 1, 2, 4], ids=["plain", "internal", "nodes", "branch"])
@pytest.mark.parametrize("architecture", TRIPLES)
@pytest.mark.parametrize("level", ["-O1", "-O2", "-Os"])
def test_places_hold_what_the_callback_was_given(
    architecture: str, way: int, level: str, tmp_path: Path
) -> None:
    code = compiled(SOURCE, architecture, tmp_path, f"-DWAY={way}", level)
    sites = Code(architecture, code).sites()
    assert len(sites) == 1
    calls = Run(architecture, way, code, sites[0]).calls
    assert len(calls) == 3
    assert [each.found for each in calls] == [each.given for each in calls]


def test_a_dispatched_call(tmp_path: Path) -> None:
    """The control flow guard of x64: rax holds the callback, a pointer the dispatcher."""
    code = compiled(SOURCE, "x64", tmp_path, "-DWAY=0", "-Xclang", "-cfguard")
    (site,) = Code("x64", code).sites()
    assert site.call < site.back <= PLACE["x64"] + len(code)
    assert code[site.call - PLACE["x64"]] == 0xFF and site.back - site.call == 6  # call [rip+...]


@pytest.mark.parametrize("way", [3, 5], ids=["made-anew", "other-flag"])
@pytest.mark.parametrize("architecture", TRIPLES)
def test_what_nothing_outlives_is_not_guessed(architecture: str, way: int, tmp_path: Path) -> None:
    assert (
        Code(architecture, compiled(SOURCE, architecture, tmp_path, f"-DWAY={way}")).sites() == []
    )


@pytest.mark.parametrize("architecture", TRIPLES)
def test_other_code(architecture: str) -> None:
    for code in (b"\xcc" * 64, b"\0" * 64, bytes(range(256)), b"\xff" * 32):
        assert Code(architecture, code).sites() == []


class Call(NamedTuple):
    """One call: block, class, information, as given and as found behind it."""

    given: tuple[int, int, int]
    found: tuple[int, int, int]


MACHINES: dict[str, Any] = {
    "x64": (unicorn.UC_ARCH_X86, unicorn.UC_MODE_64, "rcx rdx r8 r9", "rax rcx rdx r8 r9 r10 r11"),
    "x86": (unicorn.UC_ARCH_X86, unicorn.UC_MODE_32, "", "eax ecx edx"),
    "arm64": (
        unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM, "x0 x1 x2 x3",
        " ".join(f"x{number}" for number in range(18)),
    ),
}  # fmt: skip


class Run:
    """Runs the loop over three blocks, the second an internal callback's; the emulator has it at
    another address, which such code does not mind."""

    def __init__(self, architecture: str, way: int, code: bytes, site: CallSite) -> None:
        self.architecture, self.site = architecture, site
        arch, mode, arguments, self.volatile = MACHINES[architecture]
        self.size = 4 if architecture == "x86" else 8
        self.machine = unicorn.Uc(arch, mode)
        for page in (RUN, BLOCKS, STACK, STUB, HELPER, INFORMATION):
            self.machine.mem_map(page, 0x2000)
        self.machine.mem_write(RUN, self.with_helpers(code))
        self.calls: list[Call] = []
        self.given = (0, 0, 0)
        self.blocks = self.write_blocks(way)
        self.start(arguments.split())

    def register(self, name: str) -> int:
        names = arm64_const if self.architecture == "arm64" else x86_const
        prefix = "UC_ARM64_REG_" if self.architecture == "arm64" else "UC_X86_REG_"
        number: int = getattr(names, prefix + name.upper())
        return number

    def get(self, name: str) -> int:
        value: int = self.machine.reg_read(self.register(name))
        return value

    def set(self, name: str, value: int) -> None:
        self.machine.reg_write(self.register(name), value)

    def pointer(self, address: int) -> int:
        return int.from_bytes(self.machine.mem_read(address, self.size), "little")

    def write(self, address: int, *pointers: int) -> None:
        for index, each in enumerate(pointers):
            raw = each.to_bytes(self.size, "little")
            self.machine.mem_write(address + index * self.size, raw)

    def write_blocks(self, way: int) -> list[int]:
        """Blocks behind a head; for nodes, nodes that lead to them."""
        function, context, flags = (0x1C, 0x18, 0xC) if self.size == 4 else (0x28, 0x20, 0x14)
        blocks = [BLOCKS + 0x100 * number for number in range(1, 4)]
        for number, block in enumerate(blocks):
            self.write(block + function, STUB)
            self.write(block + context, block + 0x5000)
            self.machine.mem_write(block + flags, bytes([number == 1]))
        links = [BLOCKS, *blocks]
        if way == 2:
            links = [BLOCKS, *(block + 0x80 for block in blocks)]
            for block in blocks:
                self.write(block + 0x80 + 3 * self.size, block)
        for here, there in zip(links, [*links[1:], BLOCKS]):
            self.write(here, there)
        return blocks

    def with_helpers(self, code: bytes) -> bytes:
        """Calls of other functions have no target yet: they are left out."""
        patched = bytearray(code)
        if self.architecture == "arm64":
            for place in range(0, len(code), 4):
                if code[place + 3] & 0xFC == 0x94:  # bl
                    patched[place : place + 4] = bytes.fromhex("1f2003d5")  # nop
            return bytes(patched)
        place = code.find(b"\xe8\0\0\0\0")
        while place >= 0:
            patched[place : place + 5] = b"\x0f\x1f\x44\0\0"  # nop
            place = code.find(b"\xe8\0\0\0\0", place + 5)
        return bytes(patched)

    def start(self, names: list[str]) -> None:
        arguments = (NUMBER, INFORMATION, EXTENDED, BLOCKS)
        top = STACK + 0x1800
        for name, value in zip(names, arguments):
            self.set(name, value)
        self.write(top, HELPER, *(() if names else arguments))
        self.set({"x64": "rsp", "x86": "esp", "arm64": "sp"}[self.architecture], top)
        if self.architecture == "arm64":
            self.set("x30", HELPER)
        self.machine.hook_add(unicorn.UC_HOOK_CODE, self.in_callback, begin=STUB, end=STUB)
        back = self.site.back - PLACE[self.architecture] + RUN
        self.machine.hook_add(unicorn.UC_HOOK_CODE, self.behind_call, begin=back, end=back)
        self.machine.emu_start(RUN, HELPER, count=2000)

    def in_callback(self, *_: object) -> None:
        """Notes the arguments, spoils what a callback may, and returns success."""
        names = {"x64": ("rcx", "rdx", "r8"), "arm64": ("x0", "x1", "x2"), "x86": ()}
        given = [self.get(name) for name in names[self.architecture]]
        stack = self.get({"x64": "rsp", "x86": "esp", "arm64": "sp"}[self.architecture])
        if not given:
            given = [self.pointer(stack + 4 * number) for number in (1, 2, 3)]
        block = given[0] - 0x5000
        assert given[2] == EXTENDED or given[2] == INFORMATION
        self.given = (block, given[1], INFORMATION)
        for name in self.volatile.split():
            self.set(name, 0xDEAD0000)
        if self.architecture == "arm64":
            self.set("x0", 0)
            self.set("pc", self.get("x30"))
            return
        back, home = self.pointer(stack), 4 if self.size == 8 else 3
        self.write(stack + self.size, *[0xDEAD0000] * home)
        self.set("rax" if self.size == 8 else "eax", 0)
        self.set(
            "rsp" if self.size == 8 else "esp", stack + self.size + (0 if self.size == 8 else 12)
        )
        self.set("rip" if self.size == 8 else "eip", back)

    def behind_call(self, *_: object) -> None:
        site = self.site
        block, number, information = (
            self.value(each) for each in (site.block, site.notify_class, site.information)
        )
        self.calls.append(Call(self.given, (block, number & 0xFFFF_FFFF, information)))

    def value(self, place: Location | None) -> int:
        assert place is not None
        names = {"fp": "x29"} if self.architecture == "arm64" else {}
        value = self.get(names.get(place.register, place.register))
        return value if place.offset is None else self.pointer(value + place.offset)
