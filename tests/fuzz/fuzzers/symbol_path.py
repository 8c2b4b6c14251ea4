"""Symbol paths. No server is asked: what names one is taken out of the input."""

from __future__ import annotations

import re

from pykd_ext.target.image import PdbReference
from pykd_ext.target.symbol_path import SymbolPath
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer

__all__ = ["FUZZER"]

_SEEDS = (
    b"srv*/tmp/a*/tmp/b;/tmp/c", b"cache*/tmp/a;srv*", b";;*", b"symsrv*symsrv.dll*/tmp/x",
    b"srv*\0", b"~;srv*~/x",
)  # fmt: skip
_NAMES = ("a.pdb", "..\\a.pdb", "/etc/passwd", "", "a" * 300, "a\0b", "C:\\x\\a.pdb", "a*b?.pdb")
_SERVER = re.compile("https?:|s3:|smb:|srv", re.IGNORECASE)


class FUZZER(Fuzzer):
    about = "symbol paths"

    def seeds(self) -> list[bytes]:
        return [bytes([index]) + each for index, each in enumerate(_SEEDS)]

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        name = draw.choice(_NAMES)
        text = draw.rest().decode("utf-8", "surrogateescape")
        if _SERVER.search(text):
            # No server is asked, and nothing written to where a store is named.
            text = _SERVER.sub("", text)
        SymbolPath(text).open(PdbReference(name, "0" * 32, 1), [])
