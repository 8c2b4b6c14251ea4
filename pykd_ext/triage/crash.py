"""What the crash itself says of a callback."""

from __future__ import annotations

from collections.abc import Iterator

from ..notify.ntstatus import status_text
from .finding import Finding, about
from .scene import Scene

__all__ = ["callback_crashed"]

# bugcodes.h. Parameters: the exception's code, the VA of its CONTEXT, the callback's Function
# (Microsoft, "Bug Check 0x135").
_REGISTRY_FILTER_DRIVER_EXCEPTION = 0x135


def callback_crashed(scene: Scene) -> Iterator[Finding]:
    """Windows stops when a callback raises an exception that nobody handles, and says in which."""
    crash = scene.target.bug_check()
    if crash is None or crash.code != _REGISTRY_FILTER_DRIVER_EXCEPTION:
        return
    exception, context, function = crash.parameters[:3]
    what = f"REGISTRY_FILTER_DRIVER_EXCEPTION, {status_text(exception)}: .cxr {context:#x}"
    evidence = {
        "bug_check": f"{crash.code:#x}",
        "exception": f"{exception & 0xFFFF_FFFF:#010x}",
        "context_record": f"{context:#x}",
        "function": f"{function:#x}",
    }
    entries = [*scene.readable, *(orphan.entry for orphan in scene.orphans)]
    crashed = [each for each in entries if each.callback.function == function]
    for entry in crashed:
        yield about(
            entry, "callback-crashed", "medium", f"the machine crashed in it ({what})", evidence,
            "a driver's own mistake does it as well as somebody who changed what it works on",
        )  # fmt: skip
    if not crashed:
        yield Finding(
            id="callback-crashed",
            severity="medium",
            callback=None,
            summary=f"the machine crashed in a callback at {function:#x}, which no entry that "
            f"could be read has ({what})",
            evidence=evidence,
            doubt=None,
            next=f"u {function:#x}",
        )
