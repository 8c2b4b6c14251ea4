"""What the parameters of a bug check are addresses of (Microsoft, "Bug Check Code Reference").

Those that a faulty registry callback brings about (SOURCES 9.2).
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "BUG_CHECKS", "CODE", "CONTEXT", "EXCEPTION", "MEMORY", "TRAP_FRAME", "BugCheckFacts",
    "facts_of",
]  # fmt: skip

CODE, MEMORY, EXCEPTION, CONTEXT, TRAP_FRAME, VARIES = (
    "code", "memory", "exception record", "context record", "trap frame", "address",
)  # fmt: skip


class BugCheckFacts(NamedTuple):
    """Its name in bugcodes.h, empty without a row, and what its parameters, from 1, point to."""

    name: str
    parameters: dict[int, str]


_ANY = dict.fromkeys((1, 2, 3, 4), VARIES)

BUG_CHECKS = {
    0x0A: BugCheckFacts("IRQL_NOT_LESS_OR_EQUAL", {1: MEMORY, 4: CODE}),
    0x1E: BugCheckFacts("KMODE_EXCEPTION_NOT_HANDLED", {2: CODE}),
    0x3B: BugCheckFacts("SYSTEM_SERVICE_EXCEPTION", {2: CODE, 3: CONTEXT}),
    0x50: BugCheckFacts("PAGE_FAULT_IN_NONPAGED_AREA", {1: MEMORY, 3: CODE}),
    0x7E: BugCheckFacts("SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", {2: CODE, 3: EXCEPTION, 4: CONTEXT}),
    0x8E: BugCheckFacts("KERNEL_MODE_EXCEPTION_NOT_HANDLED", {2: CODE, 3: TRAP_FRAME}),
    0xC4: BugCheckFacts("DRIVER_VERIFIER_DETECTED_VIOLATION", {2: VARIES, 3: VARIES, 4: VARIES}),
    0xCE: BugCheckFacts(
        "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS", {1: MEMORY, 3: CODE}
    ),
    0xD1: BugCheckFacts("DRIVER_IRQL_NOT_LESS_OR_EQUAL", {1: MEMORY, 4: CODE}),
    # Reserved in the documentation; of a changed function the debugger shows it in the third.
    0x109: BugCheckFacts("CRITICAL_STRUCTURE_CORRUPTION", {3: VARIES}),
    0x135: BugCheckFacts("REGISTRY_FILTER_DRIVER_EXCEPTION", {2: CONTEXT, 3: CODE}),
    0x139: BugCheckFacts("KERNEL_SECURITY_CHECK_FAILURE", {2: TRAP_FRAME, 3: EXCEPTION}),
}


def facts_of(code: int) -> BugCheckFacts:
    """Of a bug check without a row no name, and any parameter may be an address."""
    code &= ~_MINIDUMP_BIT
    return BUG_CHECKS.get(code, BugCheckFacts("", _ANY))


_MINIDUMP_BIT = 0x1000_0000  # the ..._M codes of bugcodes.h, as in SYSTEM_THREAD_EXCEPTION_..._M
