"""``regcb.verification/1``: what the kernel's own code says of the layout."""

from typing import TYPE_CHECKING, Optional, TypedDict

from ..kernel.builds import windows_version
from .text import hexadecimal

if TYPE_CHECKING:
    from ..verification.outcome import HaltedAt, Row, Verification

__all__ = ["VerificationDocument", "verification_document"]


class KernelDocument(TypedDict):
    """The kernel that was run; ``nt_base`` is where it was laid out for that."""

    path: str
    architecture: str
    build: int
    version: str
    nt_base: str


class RowDocument(TypedDict):
    """What the table says and what this kernel does; ``holds`` is None where it was not seen."""

    what: str
    table: str
    kernel: str
    holds: Optional[bool]


class HaltedDocument(TypedDict):
    """Where the kernel's code did not go on."""

    doing: str
    address: Optional[str]
    instruction: Optional[str]
    why: str


class VerificationDocument(TypedDict):
    """The layout is what ``--layout`` takes, offsets in bytes; None where too little was seen."""

    schema: str
    kernel: KernelDocument
    holds: Optional[bool]
    rows: list[RowDocument]
    kind: str
    layout: Optional[dict[str, Optional[int]]]
    unseen: list[str]
    halted: list[HaltedDocument]
    problems: list[str]


def verification_document(verification: "Verification") -> VerificationDocument:
    """What ``verify --json`` prints."""
    return {
        "schema": "regcb.verification/1",
        "kernel": {
            "path": verification.path,
            "architecture": verification.architecture,
            "build": verification.build,
            "version": windows_version(verification.build),
            "nt_base": hexadecimal(verification.nt_base),
        },
        "holds": verification.holds,
        "rows": [_row(each) for each in verification.rows],
        "kind": verification.kind,
        "layout": verification.layout,
        "unseen": list(verification.unseen),
        "halted": [_halted(each) for each in verification.halted],
        "problems": list(verification.problems),
    }


def _row(row: "Row") -> RowDocument:
    return {"what": row.what, "table": row.table, "kernel": row.kernel, "holds": row.holds}


def _halted(each: "HaltedAt") -> HaltedDocument:
    return {
        "doing": each.doing,
        "address": hexadecimal(each.address),
        "instruction": each.instruction,
        "why": each.why,
    }
