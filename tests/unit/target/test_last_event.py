"""Why a target stopped, by the debugger's words: those of dbgeng 10.0.15063."""

from __future__ import annotations

import pytest

from pykd_ext.target.last_event import event_kind, event_text

SAID = {
    "Hit breakpoint 0": "breakpoint",
    "Break instruction exception - code 80000003 (first chance)": "debugger",
    "Access violation - code c0000005 (first chance)": "exception",
    "Access violation - code c0000005 (!!! second chance !!!)": "exception",
    "Load module netmon.sys at fffff804`13a00000": "module",
    "Unload module netmon.sys at fffff804`13a00000": "module",
    "": "debugger",
}


@pytest.mark.parametrize("text", SAID)
def test_kinds(text: str) -> None:
    said = f"Last event: {text}\n  debugger time: Fri Nov 27 06:07:20.511 2026 (UTC + 0:00)\n"
    assert event_text(said) == text
    assert event_kind(text) == SAID[text]
