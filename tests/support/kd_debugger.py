"""A debugger's requests to a live lab that stands, as bytes, without a link in between."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab

__all__ = ["Answer", "Debugger", "debugger_of"]

_READ_VIRTUAL, _WRITE_VIRTUAL = 0x3130, 0x3131


class Answer(NamedTuple):
    """The NTSTATUS, the request's own part of the packet, and what follows it."""

    status: int
    union: bytes
    data: bytes


class Debugger:
    """Asks a target as a debugger does."""

    def __init__(self, lab: LiveLab, counts: Counter[str], requests: Any) -> None:
        self.lab, self.counts = lab, counts
        self._requests = requests

    def send(self, number: int, union: bytes, data: bytes = b"", processor: int = 0) -> Any:
        header = struct.pack("<IHHI4x", number, 6, processor, 0)
        return self._requests.answer(header + union.ljust(40, b"\xee") + data)

    def ask(self, number: int, union: bytes, data: bytes = b"", processor: int = 0) -> Answer:
        answer = self.send(number, union, data, processor)
        echoed, _, echoed_processor, status = struct.unpack_from("<IHHI", answer)
        assert (echoed, echoed_processor) == (number, processor)
        return Answer(status, answer[16:56], answer[56:])

    def read(self, address: int, size: int, number: int = _READ_VIRTUAL) -> Answer:
        return self.ask(number, struct.pack("<QI", address, size))

    def write(self, address: int, data: bytes, number: int = _WRITE_VIRTUAL) -> Answer:
        return self.ask(number, struct.pack("<QI", address, len(data)), data)

    def nt(self, symbol: str) -> int:
        return self.lab.world.nt(symbol)


def debugger_of(profile: str) -> Debugger:
    """Of a live lab with two processors."""
    from tests.lab.kd.lab import build_live_lab  # Windows' Python has no unicorn
    from tests.lab.kd.scripts import DEFAULT_SCRIPT
    from tests.lab.kd.target import Target
    from tests.lab.profiles import PROFILES

    lab = build_live_lab(DEFAULT_SCRIPT._replace(processors=2), PROFILES[profile])
    target = Target(lab, 0, lambda: lab)
    return Debugger(lab, target.counts, target.requests)
