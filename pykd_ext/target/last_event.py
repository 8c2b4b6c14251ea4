"""Why a debugger's target has stopped, from what ``.lastevent`` says of it.

Seen in dbgeng 10.0.15063 (tests/engine): ``Last event: Hit breakpoint 0``, ``Break instruction
exception - code 80000003 (first chance)`` (a break-in, and a bug check), ``Access violation - code
c0000005 (first chance)``; ``Load module ...`` as Microsoft's page of sx has it.
"""

from __future__ import annotations

__all__ = [
    "BREAKPOINT", "BUG_CHECK", "EXCEPTION", "MODULE", "STOPPED", "event_kind", "event_text",
]  # fmt: skip

STOPPED, BREAKPOINT, EXCEPTION, MODULE = "debugger", "breakpoint", "exception", "module"
BUG_CHECK = "bug-check"

_BREAK_IN = "Break instruction exception"


def event_text(said: str) -> str:
    """The event's own words, without the time."""
    return said.partition("\n")[0].removeprefix("Last event:").strip()


def event_kind(text: str) -> str:
    """``breakpoint``, ``exception``, ``module`` (loaded or unloaded), or ``debugger``: somebody
    broke in, or nothing says more."""
    if text.startswith("Hit breakpoint"):
        return BREAKPOINT
    if text.startswith(("Load module", "Unload module")):
        return MODULE
    is_exception = " - code " in text and not text.startswith(_BREAK_IN)
    return EXCEPTION if is_exception else STOPPED
