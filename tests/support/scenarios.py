"""Registry operations played on a kernel's own dispatcher, and what is seen at every call.

A scenario says which callbacks there are and what each does when it is told of a class; played, it
gives a record: the calls in their order, with what is on the thread's list and in use at each.
Addresses become names, so that records of different kernels can be compared.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

__all__ = ["Kernel", "Scenario", "play"]

Record = dict[str, Any]
Scenario = dict[str, Any]
Watch = Callable[[list[str], dict[int, str]], None]

BYPASS, NOT_FOUND = 0xC0000503, 0xC0000034
CREATE = 26
_POSTS = {1: 16, 14: 25, 26: 27}
_MOST = 64  # entries of a list


class Kernel(Protocol):
    """What a kernel that is played on can do; all VAs. ``scratch`` is free memory of 0x8000 bytes,
    ``key`` a key object, ``key_contexts`` the head of what callbacks have set for it."""

    pointer_size: int
    scratch: int
    key: int
    key_contexts: int

    def read(self, address: int, size: int) -> bytes: ...
    def write(self, address: int, data: bytes) -> None: ...
    def pointer(self, address: int) -> int: ...
    def write_pointers(self, address: int, *values: int) -> None: ...
    def write_ulong(self, address: int, value: int) -> None: ...
    def stub(self, arguments: int, function: Any) -> int: ...
    def register(self, function: int, altitude: str | None, context: int) -> tuple[int, int]:
        """NTSTATUS and cookie."""

    def unregister(self, cookie: int) -> int:
        """NTSTATUS."""

    def blocks(self) -> list[int]:
        """The list, from the head on."""

    def function_of(self, block: int) -> int: ...

    def thread_blocks(self) -> list[int]:
        """Those whose callbacks the thread is in, the innermost first."""

    def uses(self, block: int) -> int:
        """How many calls of the callback are not done yet."""

    def tell(self, number: int, information: int, is_pre: bool, post: int, calls: int) -> int:
        """CmpCallCallBacks(Ex), for an operation on ``key``; what it returns."""


class _Places(NamedTuple):
    """Offsets of fields by class (wdm.h), of a structure of ``size`` bytes."""

    size: int
    object: int
    call_context: int
    object_context: int


_PLACES = {
    4: {1: _Places(0x24, 0, 0x18, 0x1C), 14: _Places(0x10, 0, 4, 8),
        26: _Places(0x40, 4, 0x2C, 0x30), None: _Places(0x1C, 0, 0x10, 0x14)},
    8: {1: _Places(0x40, 0, 0x28, 0x30), 14: _Places(0x20, 0, 8, 0x10),
        26: _Places(0x88, 8, 0x50, 0x58), None: _Places(0x38, 0, 0x20, 0x28)},
}  # fmt: skip
_RESULT_OBJECT = {4: 0x28, 8: 0x48}  # REG_CREATE_KEY_INFORMATION
# CMcc: the key's list, the block's list, cookie, block, key, context (SOURCES 1.5).
_KEY_CONTEXT = {4: (0x10, 0x18, 0x28), 8: (0x20, 0x28, 0x40)}


def play(kernel: Kernel, scenario: Scenario, watch: Watch | None = None) -> Record:
    """The scenario's record; its callbacks are gone then. ``watch`` hears of every call, while it
    lasts: the callbacks that the thread must be in, one of each operation, the innermost first;
    and how a block is called."""
    return _Play(kernel, scenario, watch).record()


class _Play:
    def __init__(self, kernel: Kernel, scenario: Scenario, watch: Watch | None) -> None:
        self.kernel, self.scenario, self.watch = kernel, scenario, watch
        self.size = kernel.pointer_size
        self.calls: list[Record] = []
        self.nested: list[Record] = []
        self.depth = 0
        self.structures: dict[int, str] = {kernel.key: "key", 0: "null"}
        self.names: dict[int, str] = {}
        self.cookies: dict[str, int] = {}
        functions: dict[int, str] = {}
        for name, altitude in scenario["callbacks"]:

            def called(_context: int, number: int, information: int, name: str = name) -> int:
                return self.called(name, number & 0xFFFF_FFFF, information)

            function = kernel.stub(3, called)
            status, cookie = kernel.register(function, altitude, len(functions))
            assert status == 0, hex(status)
            functions[function], self.cookies[name] = name, cookie
        for block in kernel.blocks():
            self.names[block] = functions[kernel.function_of(block)]
        self.set_key_contexts()

    def record(self) -> Record:
        outcome = self.operation(self.scenario["class"])
        order = " ".join(self.names[each] for each in self.kernel.blocks())
        record: Record = {"order": order, "calls": self.calls, **outcome}
        if self.nested:
            record["nested"] = self.nested
        for cookie in self.cookies.values():
            assert self.kernel.unregister(cookie) == 0
        return record

    def set_key_contexts(self) -> None:
        """What CmSetCallbackObjectContext does: the highest cookie first."""
        wanted = sorted(
            self.scenario.get("key_contexts", {}).items(),
            key=lambda each: self.cookies[each[0]], reverse=True,
        )  # fmt: skip
        cookie_at, block_at, size = _KEY_CONTEXT[self.size]
        head, place = self.kernel.key_contexts, self.kernel.scratch + 0x6000
        ring = [head, *(place + size * index for index in range(len(wanted)))]
        for index, (entry, (name, context)) in enumerate(zip(ring[1:], wanted)):
            block = next(each for each, known in self.names.items() if known == name)
            self.kernel.write(entry + cookie_at, struct.pack("<Q", self.cookies[name]))
            self.kernel.write_pointers(entry + block_at, block, self.kernel.key, int(context, 16))
            assert index < _MOST
        for index, entry in enumerate(ring):
            self.kernel.write_pointers(entry, ring[(index + 1) % len(ring)], ring[index - 1])

    def operation(self, number: int) -> Record:
        """As an Nt routine does it: pre, and where that allows it, post."""
        kernel, size, post = self.kernel, self.size, _POSTS[number]
        place = kernel.scratch + 0x1000 * self.depth
        head, information, structure, result = (place + 0x100 * each for each in range(4))
        at = _PLACES[size][number]
        kernel.write(place, bytes(0x800))
        kernel.write_pointers(head, head, head)
        kernel.write_pointers(information + at.object, kernel.key)
        suffix = f" {self.depth}" if self.depth else ""
        self.structures[information] = f"information{suffix}"
        if number == CREATE:
            kernel.write_pointers(information + _RESULT_OBJECT[size], result)
            kernel.write_pointers(result, result + 0x40)
            self.structures[result + 0x40] = f"result{suffix}"
        status = kernel.tell(number, information, True, post, head)
        outcome: Record = {
            "pre_returns": hex(status),
            "on_thread_between": self.on_thread(),
            "uses_between": self.uses(),
        }
        if not status & 0x8000_0000:
            done = 0 if self.scenario.get("succeeds", True) else NOT_FOUND
            kernel.write_pointers(structure, kernel.key, done, information, done)
            outcome["post_returns"] = hex(kernel.tell(post, structure, False, post, head))
            outcome["return_status"] = hex(self.ulong(structure + 3 * size))
        outcome["on_thread_after"], outcome["uses_after"] = self.on_thread(), self.uses()
        return outcome

    def called(self, name: str, number: int, information: int) -> int:
        """A callback is told: notes what there is to see, and does what the scenario says."""
        size, at = self.size, _PLACES[self.size].get(number, _PLACES[self.size][None])
        entry: Record = {
            "callback": name,
            "class": number,
            "depth": self.depth,
            "on_thread": self.on_thread(),
            "uses": self.uses(),
            "call_context": hex(self.kernel.pointer(information + at.call_context)),
            "object_context": hex(self.kernel.pointer(information + at.object_context)),
        }
        if number in _POSTS.values():
            entry["post"] = {
                "object": self.named(self.kernel.pointer(information)),
                "status": hex(self.ulong(information + size)),
                "pre_information": self.named(self.kernel.pointer(information + 2 * size)),
                "return_status": hex(self.ulong(information + 3 * size)),
            }
        self.calls.append(entry)
        if self.watch:
            self.watch([name, *self.asking[::-1]], self.names)
        act = {} if self.depth and name in self.asking else self.act(name, number)
        if "context" in act:
            self.kernel.write_pointers(information + at.call_context, int(act["context"], 16))
        if "return_status" in act:
            self.kernel.write_ulong(information + 3 * size, int(act["return_status"], 16))
        if "asks" in act:
            self.ask(name, act["asks"])
        return int(act.get("returns", "0"), 16)

    asking: tuple[str, ...] = ()

    def act(self, name: str, number: int) -> Record:
        found: Record = self.scenario.get("acts", {}).get(name, {}).get(str(number), {})
        return found

    def ask(self, name: str, number: int) -> None:
        """A callback asks the registry itself."""
        self.depth, self.asking = self.depth + 1, (*self.asking, name)
        outcome = self.operation(number)
        self.depth, self.asking = self.depth - 1, self.asking[:-1]
        self.nested.append({"by": name, **outcome})

    def ulong(self, address: int) -> int:
        return int.from_bytes(self.kernel.read(address, 4), "little")

    def named(self, address: int) -> str:
        return self.structures.get(address) or hex(address)

    def on_thread(self) -> str:
        """The innermost first."""
        return " ".join(self.names[each] for each in self.kernel.thread_blocks())

    def uses(self) -> str:
        """In the order of the list."""
        return " ".join(str(self.kernel.uses(each)) for each in self.kernel.blocks())
