"""Any bytes as instructions, and those that are done for the processor beside the processor."""

from __future__ import annotations

from typing import Any

from unicorn import UcError

from pykd_ext.kernel.instructions import decode
from pykd_ext.live.emulation import emulation
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.support.stopped_processor import CODE, StoppedProcessor

__all__ = ["FUZZER"]

_ARCHITECTURES = ("x64", "x86", "arm64")
_SEEDS = (
    "488b4808", "48895c2410", "b007", "c74302030500c0", "0fb603", "488d7c2430", "55", "4883ec28",
    "443fc0", "6683f901", "894df8", "8bff", "6a40", "807de701", "a1cc000082", "1400f00000",
    "130240b9", "610e00b9", "fd030091", "e00340f9", "41003fd6", "02004079", "8a4c2408", "3b442404",
)  # fmt: skip


class FUZZER(Fuzzer):
    about = "instructions"
    longest = 64

    def seeds(self) -> list[bytes]:
        return [
            bytes([kind]) + bytes.fromhex(each)
            for kind in range(len(_ARCHITECTURES))
            for each in _SEEDS
        ]

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        architecture = draw.choice(_ARCHITECTURES)
        code = draw.rest()
        for each in decode(architecture, code, CODE):
            assert code[each.address - CODE :].startswith(each.code)
        first = next(decode(architecture, code, CODE, 1), None)
        emulate = first and emulation(architecture, first)
        if not first or not emulate:
            return
        done: Any = StoppedProcessor(architecture, first.code)
        if emulate(done):
            real = StoppedProcessor(architecture, first.code)
            try:
                real.machine.emu_start(CODE, first.end, count=1)
            except UcError as error:
                raise AssertionError(f"{first.text}: the processor does not: {error}") from None
            assert done.state() == real.state(), first.text
