"""What becomes a command of the debugger, and what does not."""

from __future__ import annotations

import pytest

from pykd_ext.target.debugger_commands import (
    breakpoint_command,
    driver_command,
    module_command,
    pointers_command,
    unassemble_command,
)


def test_a_module() -> None:
    assert module_command("netmon") == "lmvm netmon"
    assert driver_command("Wdf01000") == "!drvobj Wdf01000 7"


@pytest.mark.parametrize(
    "name", [None, "", "a b", "a;.shell x", 'a"b', "${x}", "a\nb", "-x", "пример", "a*"]
)
def test_a_name_that_would_be_another_command_is_none(name: str | None) -> None:
    assert module_command(name) is None
    assert driver_command(name) is None


def test_no_look_at_what_is_not_there() -> None:
    assert unassemble_command(0) is unassemble_command(None) is None
    assert pointers_command(0) is pointers_command(None) is None
    assert pointers_command(0x1000) == "dps 0x1000"


@pytest.mark.parametrize(
    ("architecture", "argument"), [("x64", "@rdx"), ("x86", "poi(@esp+8)"), ("arm64", "@x1")]
)
def test_a_breakpoint_for_one_notify_class(architecture: str, argument: str) -> None:
    assert breakpoint_command(0x1000, architecture, 26) == (
        f'bp 0x1000 ".if ({argument} != 0x1a) {{gc}}"'
    )
