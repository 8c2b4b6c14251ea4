"""The live lab's machine, stopped and followed in this process, whose requests fail on demand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable
from unittest.mock import patch

import unicorn

from pykd_ext.target.symbol_path import SymbolPath
from tests.support.lab_target import LabTarget
from tests.support.long_run import script

from .answers import Answer, answer_of
from .injected import KINDS, Fault

__all__ = ["LIVE", "StoppedLab", "followed"]

_POLICIES = Path(__file__).parents[2] / "samples" / "policies"
_KEY = r"HKLM\SOFTWARE\RegProtect"

# The command lines that are swept, and the script that the machine does meanwhile.
LIVE: dict[str, tuple[str, Sequence[str]]] = {
    "trace": ("default", ("trace",)),
    "trace --jsonl": ("default", ("trace", "--jsonl", "FILE")),
    "trace --each": ("default", ("trace", "--each", "--jsonl", "FILE")),
    "trace --only-blocked": ("default", ("trace", "--only-blocked", "--jsonl", "FILE")),
    "who-blocks": ("default", ("who-blocks", _KEY, "--value", "Answer")),
    "guard": ("default", ("guard", str(_POLICIES / "let_me_write.toml"))),
    "guard --after": ("default", ("guard", str(_POLICIES / "let_me_write.toml"), "--after")),
    "watch": ("coming-and-going", ("watch",)),
}

_X86 = unicorn.x86_const.__dict__
_ITS_NAMES = {"efl": "eflags"}


class StoppedLab(LabTarget):
    """A target that a command follows, whose ``fault`` strikes; ``hooks`` are the breakpoints that
    it has. What is set in a stop holds: the processor goes on from there."""

    is_ours = True
    symbol_path = SymbolPath("")

    def __init__(self, name: str, fault: Fault | None = None) -> None:
        self.counts = dict.fromkeys(KINDS, 0)
        self._fault: Fault | None = None
        super().__init__(script(name))
        self.hooks: set[object] = set()
        self._fault = fault
        self.counts = dict.fromkeys(KINDS, 0)

    def __enter__(self) -> StoppedLab:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _ask(self, kind: str, *arguments: Any) -> Any:
        self.counts[kind] += 1
        if self._fault and self._fault.kind == kind and self._fault.strikes(self.counts[kind]):
            KINDS[kind](*arguments)
        return getattr(super(), kind)(*arguments)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._ask("read", address, size))

    def symbol(self, name: str, module: str = "nt") -> int:
        return int(self._ask("symbol", name, module))

    def field_offset(self, type_name: str, field: str, module: str = "nt") -> int:
        return int(self._ask("field_offset", type_name, field, module))

    def register(self, name: str) -> int:
        return int(self._ask("register", name))

    def current_thread(self) -> int:
        return int(self._ask("current_thread"))

    def set_registers(self, values: Mapping[str, int]) -> None:
        for name, value in values.items():
            number = _X86[f"UC_X86_REG_{_ITS_NAMES.get(name, name).upper()}"]
            self._emulator.reg_write(number, value)

    def write(self, address: int, data: bytes) -> None:
        self.lab.machine.memory.write(address, data)

    def break_at(self, address: int, on_hit: Callable[[], bool], _: bool = False) -> Any:
        hook = super().break_at(address, on_hit)
        self.hooks.add(hook)
        remove = hook.remove

        def removed() -> None:
            self.hooks.discard(hook)
            remove()

        hook.remove = removed  # type: ignore[method-assign]
        return hook

    def left(self) -> str:
        """How the machine is once all is done that it had to do, without anybody who looks."""
        self._fault = None
        self.go(None)
        memory = hashlib.sha256()
        for first, last, _ in sorted(self._emulator.mem_regions()):
            memory.update(self._emulator.mem_read(first, last - first + 1))
        return memory.hexdigest()


def followed(name: str, fault: Fault | None = None) -> tuple[Answer, StoppedLab]:
    """What the command line of LIVE answers, its ``--jsonl`` behind what it prints, and its target
    after it. Times are left out."""
    does, words = LIVE[name]
    target = StoppedLab(does, fault)
    with TemporaryDirectory() as folder:
        file = Path(folder, "log.jsonl")
        with patch("pykd_ext.command_line.targets.target_of", lambda _: target):
            answer = answer_of([str(file) if word == "FILE" else word for word in words])
        lines = file.read_text() if file.exists() else ""
    text = re.sub(r'\d\d:\d\d:\d\d\.\d{3}|"time": "[^"]*"', "TIME", answer.output)
    return answer._replace(output=text, lines=lines), target
