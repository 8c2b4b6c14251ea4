"""The scripts that are there to be read, as a person runs them."""

from __future__ import annotations

from pathlib import Path

from .engine import Engine
from .live import live_target

SCRIPTS = Path(__file__).parents[2] / "scripts"


def output(engine: Engine, name: str, *words: str) -> list[str]:
    with live_target() as target:
        done = target.run(engine, SCRIPTS / name, *words)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


def test_list_callbacks(engine: Engine) -> None:
    assert output(engine, "list_callbacks.py") == [
        "425000  oldfilt+0x6000  oldfilt.sys",
        "385201  netmon!NetMonRegFilter  netmon.sys",
        "328010  avfilter!AvfRegistryCallback  avfilter.sys",
        "140000  regprotect!RegisterCallback  regprotect.sys",
    ]


def test_decode_at_breakpoint(engine: Engine) -> None:
    lines = output(engine, "decode_at_breakpoint.py", "regprotect")
    assert len(lines) == 10
    assert lines[0].startswith("regedit.exe (process 6716, thread 6720)")
    assert lines[1].split() == [
        "RegNtPreCreateKeyEx", "\\REGISTRY\\MACHINE\\SOFTWARE\\Example\\Settings", "for",
        "KEY_SET_VALUE",
    ]  # fmt: skip


def test_who_blocks(engine: Engine) -> None:
    assert output(engine, "who_blocks.py", "HKLM\\SOFTWARE\\RegProtect") == [
        "RegNtPreOpenKeyEx: STATUS_ACCESS_DENIED",
        "  by regprotect.sys, regprotect!RegisterCallback",
    ]
