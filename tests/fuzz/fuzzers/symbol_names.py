"""Names as linkers decorate them."""

from __future__ import annotations

from pykd_ext.target.symbol_names import decorations, undecorated
from tests.fuzz.fuzzer import Fuzzer

__all__ = ["FUZZER"]

_SEEDS = (
    "_Callback@12", "@Callback@8", "?Callback@Filter@@QEAAJXZ", "??0A@@QEAA@XZ", "?a@?A0x1@b@0@@Y",
)  # fmt: skip


class FUZZER(Fuzzer):
    about = "decorated names"

    def seeds(self) -> list[bytes]:
        return [each.encode() for each in _SEEDS]

    def run(self, data: bytes) -> None:
        name = data.decode("latin-1")
        for x86 in (False, True):
            assert isinstance(undecorated(name, x86), str)
            assert name in list(decorations(name, x86)) or x86
