"""The callbacks as a table: 120 columns, or as wide as it gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable, NamedTuple

from tabulate import tabulate

from ..kernel.drivers import Owner
from ..kernel.listing import Entry, Listing
from .text import OWN_COMMAND, address_text, cell, link, printable, time_text

__all__ = ["callbacks_table", "conditions", "headline", "owner_text"]


class _Column(NamedTuple):
    """``text`` renders one entry; ``width`` is its limit in the narrow table, where ``shorten`` is
    tried before the text is cut."""

    title: str
    width: int | None
    text: Callable[[Entry, str], str]
    command: Callable[[Entry], str | None] = lambda _: None
    only_wide: bool = False
    shorten: Callable[[str], str] = lambda text: text


def callbacks_table(listing: Listing, wide: bool = False) -> str:
    """The headline, a row a callback, then a line for everything out of the ordinary."""
    columns = [column for column in _COLUMNS if wide or not column.only_wide]
    architecture = listing.target.architecture
    rows = [
        [_render(column, entry, architecture, wide) for column in columns]
        for entry in listing.entries
    ]
    parts = [headline(listing)]
    if rows:
        titles = [column.title for column in columns]
        parts.append(tabulate(rows, titles, tablefmt="simple", disable_numparse=True))
    elif listing.callbacks.head is not None:
        parts.append("no callbacks are registered")
    parts += [f"! {note}" for note in _notes(listing)]
    return "\n".join(parts)


def headline(listing: Listing) -> str:
    """Three lines: which machine, what its kernel says of its callbacks, how a block's layout is
    known."""
    target, callbacks = listing.target, listing.callbacks
    where = f" {printable(target.path)}" if target.path else ""
    booted = f", booted {time_text(listing.boot_time)}" if listing.boot_time else ""
    machine = f"Windows {target.version} {target.architecture}, {target.kind}{where}{booted}\n"
    if callbacks.head is None:
        count = len(callbacks.callbacks)
        return f"{machine}{count} callbacks that the thread of this small dump is in"
    head = address_text(callbacks.head, target.architecture)
    counted = "unknown" if callbacks.callback_count is None else callbacks.callback_count
    return (
        f"{machine}"
        f"{len(callbacks.callbacks)} callbacks from {head}, CmpCallBackCount {counted}; "
        f"{_order(listing)}\n"
        f"block layout: {callbacks.layout.known} ({printable(callbacks.layout.source)})"
    )


def _order(listing: Listing) -> str:
    if listing.callbacks.is_vector:
        return "called in the order of their slots"
    return "the highest altitude is called first"


def owner_text(owner: Owner) -> str:
    """The owner's file name, or what is known of it in brackets."""
    if owner.state in ("loaded", "unloaded"):
        return printable(owner.name, "(unreadable name)")
    return "(none)" if owner.state == "none" else "(unknown)"


def _render(column: _Column, entry: Entry, architecture: str, wide: bool) -> str:
    text = column.text(entry, architecture)
    if not wide and column.width and len(text) > column.width:
        text = cell(column.shorten(text), column.width)
    command = column.command(entry)
    return link(text, command) if command else text


def _notes(listing: Listing) -> Iterator[str]:
    about: dict[str, list[int]] = {}
    for entry in listing.entries:
        for note in [*conditions(entry), *entry.callback.problems]:
            about.setdefault(note, []).append(entry.number)
    is_small = listing.callbacks.head is None
    about = {note: about[note] for note in about if not is_small or note != _WITNESSES["thread"]}
    for note, numbers in about.items():
        yield f"{_ranges(numbers)}: {note}"
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
    "thread": "not on the list: a thread is in it",
    "object-context": "not on the list: a key's object context names it",
    "carved": "not on the list: found by its pool tag",
}


def conditions(entry: Entry) -> Iterator[str]:
    """A line for each thing about a callback that its row does not show."""
    callback = entry.callback
    if callback.found_by in _WITNESSES:
        yield _WITNESSES[callback.found_by]
    if callback.internal:
        yield "internal callback, gets the extended argument"
    if callback.unregistering:
        yield "is being unregistered"
    if callback.active_uses:
        yield f"in use by {callback.active_uses} operations"
    if entry.owner.state == "none" and callback.function:
        yield "its function lies in no loaded image"
    if entry.owner.state == "unloaded":
        yield "its function lies where its owner was before it was unloaded"


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _show(entry: Entry) -> str:
    return f"{OWN_COMMAND} show {entry.callback.address:#x}"


def _unassemble(entry: Entry) -> str | None:
    return f"u {entry.callback.function:#x}" if entry.callback.function else None


def _module_details(entry: Entry) -> str | None:
    return f"lmvm {entry.owner.module}" if entry.owner.state == "loaded" else None


def _function(entry: Entry, architecture: str) -> str:
    return printable(entry.function_symbol, address_text(entry.callback.function, architecture))


def _allocated(entry: Entry, _: str) -> str:
    from ..triage.altitudes import find  # noqa: PLC0415 - 5 ms that only the wide table spends
    from .altitudes import allocation_text  # noqa: PLC0415

    return allocation_text(find(entry.callback.altitude)) if entry.callback.altitude else ""


def _without_module(symbol: str) -> str:
    """The owner stands in the next column."""
    return symbol.rpartition("!")[2]


_COLUMNS = (
    _Column("#", 4, lambda entry, _: str(entry.number)),
    _Column("Altitude", 12, lambda entry, _: printable(entry.callback.altitude)),
    _Column("Function", 26, _function, _unassemble, shorten=_without_module),
    _Column("Owner", 15, lambda entry, _: owner_text(entry.owner), _module_details),
    _Column("Context", 17, lambda entry, arch: address_text(entry.callback.context, arch)),
    _Column("Cookie", 17, lambda entry, _: address_text(entry.callback.cookie, "x64")),
    _Column("Callback", 17, lambda entry, arch: address_text(entry.callback.address, arch), _show),
    _Column("Allocated to", None, _allocated, only_wide=True),
    _Column("Reg", None, lambda entry, _: _number(entry.registration), only_wide=True),
    _Column("Uses", None, lambda entry, _: _number(entry.callback.active_uses), only_wide=True),
    _Column(
        "Objects", None, lambda entry, _: _number(entry.callback.object_contexts), only_wide=True
    ),
    _Column("Found by", None, lambda entry, _: entry.callback.found_by, only_wide=True),
    _Column("Path", None, lambda entry, _: printable(entry.owner.path, ""), only_wide=True),
)
