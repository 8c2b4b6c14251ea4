"""Command lines."""

from __future__ import annotations

from pathlib import Path

from pykd_ext.command_line.catalogue import command_names
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import ask
from tests.lab import make_dump

__all__ = ["FUZZER"]

# What goes on for as long as it is let, or writes where it is told to.
_NOT = {"install", "scan", "report", "verify", "doctor"}
_COMMANDS = [each for each in command_names() if each not in _NOT]
_WORDS = (
    "--json", "--csv", "--wide", "--full", "--limit", "--thread", "--process", "--class",
    "--value", "--help", "--no-symbols", "--engine", "none", "pykd", "0", "1", "-1", "0x",
    "0xfffff80412a00000", "99999999999999999999", "RegNtPreSetValueKey", "SetValueKey", "328010",
    "3.5.1", "", "--", "-", "HKLM\\SOFTWARE", "\x1b[31m", "a;b", "<b>", "=1", "\udc80", "%n",
    "--layout", "nowhere", "STATUS_ACCESS_DENIED", "0xc0000022", "--carve", "--internal", "--force",
    "nan", "inf", "1e9",
)  # fmt: skip


class FUZZER(Fuzzer):
    about = "command lines"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        truth = make_dump(folder / "a.dmp", "x64-19041", stopped_in="RegNtPreSetValueKey")
        self._of_dump = ["-z", truth.path, "-y", truth.symbols]

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        words = [draw.choice(_COMMANDS)] if draw.number() % 8 else []
        if draw.number() % 4:
            words += self._of_dump
        for _ in range(draw.number() % 8):
            kind = draw.number()
            words.append(draw.choice(_WORDS) if kind % 4 else f"{draw.number(kind % 9)}")
        ask([each for each in words if each != "--layout" or "nowhere" in words])
