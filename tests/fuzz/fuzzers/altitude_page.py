"""Microsoft's page of altitudes."""

from __future__ import annotations

from pykd_ext.triage.altitude_page import PageError, parse_page
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import hold_line

__all__ = ["FUZZER"]

_SEEDS = (
    b"## 320000 - 329998: FSFilter Anti-Virus\n| Minifilter | Altitude | Company |\n|---|---|---|\n"
    b"| av.sys | 328010 | Acme |\n| b.sys | 328000.5 | |\n",
    b"## **1 - 2: x**\n|a|1|c|\n",
)


class FUZZER(Fuzzer):
    about = "Microsoft's page of altitudes"
    longest = 1024

    def seeds(self) -> list[bytes]:
        return list(_SEEDS)

    def run(self, data: bytes) -> None:
        try:
            parse_page(data.decode("utf-8", "replace").splitlines())
        except PageError as error:
            hold_line(str(error))
