"""The callbacks as a table: 120 columns, or as wide as it gets.

It is laid out here, where the widths are known: tabulate takes a sixth of the whole run, and `list`
is what a prompt or a script asks again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..documents.callback_fields import CALLBACK_FIELDS
from ..documents.field import Column, Field
from ..documents.field_types import TEXT
from ..documents.text import address_text, counted, printable, time_text
from ..kernel.callback_block import LEGACY_ALTITUDE
from ..kernel.listing import Listing, RegistryCallback
from .text import cell, link

if TYPE_CHECKING:
    from ..triage.finding import Finding

__all__ = ["callbacks_table", "conditions", "headline"]


_WIDTH = 120  # columns, of the narrow table
_BETWEEN = "  "


def callbacks_table(listing: Listing, wide: bool = False, findings: Sequence[Finding] = ()) -> str:
    """The headline, a row a callback, then a line for everything out of the ordinary, ``findings``
    first."""
    parts = [headline(listing)]
    if listing.entries:
        parts += _lines(listing, wide)
    elif listing.callbacks.head is not None:
        parts.append("no callbacks are registered")
    parts += [f"! {each.id}: {printable(each.summary)}" for each in findings]
    parts += [f"! {note}" for note in _notes(listing)]
    return "\n".join(parts)


def headline(listing: Listing) -> str:
    """Three lines: which machine, what its kernel says of its callbacks, how a block's layout is
    known."""
    target, callbacks = listing.target, listing.callbacks
    where = f" {printable(target.path)}" if target.path else ""
    booted = f", booted {time_text(listing.boot_time)}" if listing.boot_time else ""
    machine = f"Windows {target.version} {target.architecture}, {target.kind}{where}{booted}\n"
    count = counted(len(callbacks.callbacks), "callback")
    if callbacks.head is None:
        return f"{machine}{count} that the thread of this small dump is in"
    head = address_text(callbacks.head, target.architecture)
    return (
        f"{machine}"
        f"{count}{_counted(listing)}; {_order(listing)}; head {head}\n"
        f"block layout: {callbacks.layout.known} ({printable(callbacks.layout.source)})"
    )


def _counted(listing: Listing) -> str:
    callbacks = listing.callbacks
    if callbacks.callback_count is None:
        return ""
    if callbacks.callback_count == len(callbacks.callbacks):
        return ", as CmpCallBackCount says"
    return f", and CmpCallBackCount says {callbacks.callback_count}"


def _order(listing: Listing) -> str:
    if listing.callbacks.is_vector:
        return "called in the order of their slots"
    return "the highest altitude is called first"


def _columns(wide: bool) -> Iterator[tuple[Field, Column]]:
    for field in (*CALLBACK_FIELDS, _ALLOCATED):
        column = field.column
        if column and (wide or column.width):
            yield field, column


def _lines(listing: Listing, wide: bool) -> Iterator[str]:
    """The titles, a rule, a line for each callback."""
    fields = list(_columns(wide))
    columns = [column for _, column in fields]
    architecture = listing.target.architecture
    texts = [[field.shown(entry, architecture) for field, _ in fields] for entry in listing.entries]
    widths = [
        max(len(column.title), *(len(row[index]) for row in texts))
        for index, column in enumerate(columns)
    ]
    if not wide:
        widths = _narrowed(columns, widths)
    yield _line([column.title for column in columns], widths)
    yield _line(["-" * width for width in widths], widths)
    for entry, row in zip(listing.entries, texts):
        yield _line(row, widths, [column.command(entry) for column in columns])


def _narrowed(columns: Sequence[Column], widths: Sequence[int]) -> list[int]:
    """What fits into the width of the table."""
    kept = [min(column.width or width, width) for column, width in zip(columns, widths)]
    rest = max(_WIDTH - sum(kept) - len(_BETWEEN) * (len(kept) - 1), 0)
    return [
        min(few + rest, width) if column.takes_rest else few
        for column, few, width in zip(columns, kept, widths)
    ]


def _line(
    texts: Sequence[str], widths: Sequence[int], commands: Sequence[str | None] | None = None
) -> str:
    """Texts side by side, links to ``commands`` as wide as what they show."""
    cells = [cell(text, width) for text, width in zip(texts, widths)]
    padding = [" " * (width - len(each)) for each, width in zip(cells, widths)]
    linked = map(link, cells, commands) if commands else cells
    return _BETWEEN.join(each + blanks for each, blanks in zip(linked, padding)).rstrip()


def _notes(listing: Listing) -> Iterator[str]:
    about: dict[str, list[int]] = {}
    for entry in listing.entries:
        for note in [*conditions(listing, entry), *entry.block.problems]:
            about.setdefault(note, []).append(entry.number)
    is_small = listing.callbacks.head is None
    about = {note: about[note] for note in about if not is_small or note != _WITNESSES["thread"]}
    for note, numbers in about.items():
        yield f"{_ranges(numbers)}: {printable(note)}"
    for problem in listing.problems:
        yield f"{printable(problem.where)}: {printable(problem.what)}"


def _ranges(numbers: list[int]) -> str:
    """``#0 to #3, #7``, of ascending numbers."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"#{run[0]} to #{run[-1]}" if len(run) > 1 else f"#{run[0]}" for run in runs)


_WITNESSES = {
    "back-links": "found by the back links alone: Flink does not lead to it",
    "thread": "found by a thread that is in it, not by the list",
    "object-context": "found by a key's object context that names it, not by the list",
    "carved": "found by its pool tag, not by the list",
    "address": "found at the address that was given, not by the list",
}


_BEHIND_A_PAGE = "found by the back links: Flink leads on from a page that is out"


def conditions(listing: Listing, entry: RegistryCallback) -> Iterator[str]:
    """A line for each thing about a callback of ``listing`` that its row does not show."""
    callback = entry.block
    if callback.found_by == "back-links" and _ends_at_a_page(listing):
        yield _BEHIND_A_PAGE
    elif callback.found_by in _WITNESSES:
        yield _WITNESSES[callback.found_by]
    if callback.internal:
        yield "internal callback, gets the extended argument"
    if callback.altitude == LEGACY_ALTITUDE:
        yield "registered by CmRegisterCallback, which gives every caller this altitude"
    if callback.unregistering:
        yield "is being unregistered"
    if callback.active_uses:
        yield f"in use by {counted(callback.active_uses, 'operation')}"
    if entry.owner.state == "none" and callback.function:
        yield "its function lies in no loaded image"
    if entry.owner.state == "unloaded":
        yield "its function lies where its owner was before it was unloaded"


def _ends_at_a_page(listing: Listing) -> bool:
    """Whether Flink was followed to an entry that could not be read."""
    forward = [each for each in listing.entries if each.block.found_by == "list"]
    return bool(forward) and forward[-1].block.function is None


def _allocated(entry: RegistryCallback) -> str:
    from ..triage.altitudes import find  # noqa: PLC0415 - 5 ms that only the wide table spends
    from .altitudes import allocation_text  # noqa: PLC0415

    return allocation_text(find(entry.block.altitude)) if entry.block.altitude else ""


# What the callback itself does not say, and so no document of it.
_ALLOCATED = Field("allocated_to", TEXT, _allocated, column=Column("Allocated to"))
