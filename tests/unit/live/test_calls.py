"""A function's arguments at its start, and returning from it there: Unicorn runs compiled C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import unicorn

from pykd_ext.live.calls import (
    FunctionCall,
    entered,
    return_instruction,
    second_argument,
    skip_call,
    start_again,
)
from pykd_ext.target.architecture import ARCHITECTURES
from tests.support.compiled import TRIPLES, compiled
from tests.support.processor import Processor

pytestmark = pytest.mark.toolchain

SOURCE = Path(__file__).with_name("caller.c")
CODE, STACK, CALLEE, END = 0x10000, 0x20000, 0x30000, 0x40000
TOP = STACK + 0x1800

# A callback's code, and where it is left by; on x64 in the middle of an instruction.
RETURNS = {
    "x64": bytes.fromhex("48 83 ec 28 48 89 c3 90"),  # mov rbx, rax
    "x86": bytes.fromhex("55 8b ec 33 c0 5d c2 0c 00"),
}
LEFT_BY = {"x64": [6], "x86": [6], "arm64": []}


class Machine(Processor):
    """A target that is about to run ``caller``, and what was seen at each call of the callee."""

    def __init__(self, architecture: str, code: bytes) -> None:
        super().__init__(architecture)
        for page in (CODE, STACK, CALLEE, END):
            self.machine.mem_map(page, 0x2000)
        self.machine.mem_write(CALLEE, RETURNS.get(architecture, b"\0\0\0\0"))
        self.machine.mem_write(CODE, code)
        self.calls: list[FunctionCall] = []
        self.seconds: list[int] = []
        self.left: list[int] = []
        self.again: tuple[int, int, int] | None = None  # arguments to start the second call with
        self.machine.hook_add(unicorn.UC_HOOK_CODE, self.called, begin=CALLEE, end=CALLEE)
        self.machine.hook_add(
            unicorn.UC_HOOK_CODE,
            lambda _, address, *__: self.left.append(address - CALLEE),
            begin=CALLEE + 1,
            end=CALLEE + 0x1000,
        )

    def run(self) -> int:
        """What the caller returns."""
        size = self.memory.pointer_size
        arguments = END.to_bytes(size, "little") + CALLEE.to_bytes(size, "little")
        registers = {ARCHITECTURES[self.architecture].stack_pointer: TOP}
        if self.architecture == "arm64":
            registers.update(lr=END, x0=CALLEE)
        else:
            self.machine.mem_write(TOP, arguments)
            registers.update({"rcx": CALLEE} if self.architecture == "x64" else {})
        self.set_registers(registers)
        self.machine.emu_start(CODE, END, count=1000)
        return self.register(ARCHITECTURES[self.architecture].result) & 0xFFFF_FFFF

    def called(self, *_: object) -> None:
        live: Any = self
        call = entered(live, 3 if self.calls else 6)
        self.calls.append(call)
        self.seconds.append(second_argument(live))
        if self.again and len(self.calls) == 2:
            start_again(live, CALLEE, call, self.again)
            return
        # What is found for a callback serves a function of three arguments on x86.
        leave_by = return_instruction(live, CALLEE) if len(self.calls) == 2 else None
        skip_call(live, call, len(self.calls), leave_by)


@pytest.mark.parametrize("level", ["-O1", "-O2"])
@pytest.mark.parametrize("architecture", TRIPLES)
def test_arguments_and_skipped_calls(architecture: str, level: str, tmp_path: Path) -> None:
    machine = Machine(architecture, compiled(SOURCE, architecture, tmp_path, level))
    assert machine.run() == 12  # the first call was made to return 1, the second 2
    six, three = machine.calls
    assert six.arguments == tuple(range(0x1001, 0x1007))
    assert three.arguments == tuple(range(0x1001, 0x1004))
    assert machine.seconds == [0x1002, 0x1002]
    assert machine.left == LEFT_BY[architecture]


@pytest.mark.parametrize("architecture", TRIPLES)
def test_a_function_that_starts_again(architecture: str, tmp_path: Path) -> None:
    """It goes back to its caller as if it had been called once."""
    machine = Machine(architecture, compiled(SOURCE, architecture, tmp_path))
    machine.again = (0x2001, 0x2002, 0x2003)
    assert machine.run() == 13
    _, three, again = machine.calls
    assert again == three._replace(arguments=machine.again)
