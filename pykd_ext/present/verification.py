"""What verifying gave, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabulate import tabulate

from ..documents.text import address_text, printable
from ..kernel.builds import windows_version

if TYPE_CHECKING:
    from ..verification.outcome import Verification

__all__ = ["verification_text"]

_WIDTHS = [40, 33, 33, 5]  # with what tabulate puts between them 117
_HOLDS = {True: "yes", False: "NO", None: "?"}


def verification_text(verification: Verification) -> str:
    """The table, then what did not go on, and the conclusion."""
    each = verification
    rows = [
        (printable(row.what), printable(row.table), printable(row.kernel), _HOLDS[row.holds])
        for row in each.rows
    ]
    parts = [
        f"Windows {windows_version(each.build)} {each.architecture}, kernel "
        f"{printable(each.path)} at {address_text(each.nt_base, each.architecture)}"
    ]
    if rows:
        titles = ("What", "The table says", "This kernel does", "Holds")
        parts.append(
            tabulate(rows, titles, tablefmt="simple", disable_numparse=True, maxcolwidths=_WIDTHS)
        )
    parts += (f"! {printable(problem)}" for problem in each.problems)
    parts += (f"! {line}" for line in _halted_lines(each))
    parts.append(_conclusion(each))
    return "\n".join(parts)


def _halted_lines(verification: Verification) -> Iterator[str]:
    for each in verification.halted:
        if each.address is None:
            yield f"{each.doing} could not be finished: {printable(each.why)}"
            continue
        where = _where(each.address, verification.nt_base)
        instruction = f" ({printable(each.instruction)})" if each.instruction else ""
        yield f"{each.doing} stopped at {where}{instruction}: {printable(each.why)}"


def _where(address: int, base: int) -> str:
    return f"nt+{address - base:#x}" if address >= base else f"{address:#x}"


def _conclusion(verification: Verification) -> str:
    held = sum(row.holds is True for row in verification.rows)
    text = f"{held} of {len(verification.rows)} rows hold"
    if verification.holds is False:
        return (
            f"{text}: not all that regcb knows is right for this kernel; the layout of this as "
            "--json, given to other commands with --layout, replaces the table's"
        )
    if verification.holds is None:
        return f"{text}; not everything could be seen"
    return f"{text}: the layout is verified for this kernel"
