"""Everything about one callback as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..documents.callback_fields import owner_text
from ..documents.details import access_text
from ..documents.text import address_text, printable, stamp_text, time_text
from ..kernel.cookies import unix_time
from ..kernel.details import Details
from ..kernel.listing import Listing, RegistryCallback, problems_of_all
from ..notify.classes import NotifyClass
from ..target.debugger_commands import (
    breakpoint_command,
    driver_command,
    module_command,
    pointers_command,
    unassemble_command,
)
from ..triage.altitudes import find
from .altitudes import allocation_text
from .table import conditions
from .text import cell, link

__all__ = ["details_text"]

_SHOWN_CONTEXTS = 20
_PATH_WIDTH = 116  # columns


def details_text(listing: Listing, details: Details, own_code: Sequence[str] = ()) -> str:
    """A block of lines, about 30. ``own_code``: the instructions as the debugger shows them."""
    lines = [
        *_fields(listing, details),
        "",
        *(map(_debuggers_line, own_code) if own_code else _code(listing, details)),
        *_contexts(listing, details),
        *(f"! {note}" for note in conditions(listing, details.entry)),
        *(f"! {printable(note)}" for note in details.entry.block.problems),
        *(f"! {printable(note)}" for note in details.problems),
        *(
            f"! {printable(each.where)}: {printable(each.what)}"
            for each in problems_of_all(listing)
        ),
    ]
    return "\n".join(lines)


def _fields(listing: Listing, details: Details) -> Iterator[str]:
    callback, owner = details.entry.block, details.entry.owner
    rows = [
        ("callback", f"#{details.entry.number} at {_memory(listing, callback.address)}"),
        ("altitude", _altitude(callback.altitude)),
        *_function(listing, details.entry),
        ("owner", owner_text(owner)),
        *_image(listing, details),
    ]
    if owner.path:
        command = driver_command(owner.module) if owner.state == "loaded" else None
        rows.append(("path", link(printable(owner.path), command)))
    if owner.time_date_stamp:
        rows.append(("time stamp", stamp_text(owner.time_date_stamp)))
    if details.section:
        rows.append(
            ("section", f"{printable(details.section.name)} ({access_text(details.section)})")
        )
    rows += [
        ("context", _memory(listing, callback.context)),
        ("cookie", _cookie(listing, details)),
        ("active uses", "?" if callback.active_uses is None else str(callback.active_uses)),
        ("found by", callback.found_by),
        *_stops(listing, callback.function),
    ]
    return (f"{title:<12}{text}" for title, text in rows)


def _memory(listing: Listing, address: int | None) -> str:
    """An address whose click shows what lies there."""
    return link(address_text(address, listing.target.architecture), pointers_command(address))


def _function(listing: Listing, entry: RegistryCallback) -> Iterator[tuple[str, str]]:
    """Its address leads to its first instructions, its name to all of it."""
    function = entry.block.function
    address = address_text(function, listing.target.architecture)
    yield "function", link(address, unassemble_command(function))
    symbol = printable(entry.function_symbol, "(no symbol)")
    yield "", link(symbol, f"uf {function:#x}" if function else None)


# What callbacks are asked about most.
_STOPS = (NotifyClass.RegNtPreSetValueKey, NotifyClass.RegNtPreCreateKeyEx)


def _stops(listing: Listing, function: int | None) -> Iterator[tuple[str, str]]:
    """How to stop a live kernel in it, to decode what it is told."""
    target = listing.target
    if target.kind != "kernel" or not function:
        return
    command = breakpoint_command(function, target.architecture)
    yield "stop in it", link(command, command)
    for each in _STOPS:
        command = breakpoint_command(function, target.architecture, each.number)
        yield "", f"{link(command, command)}  ({each.name})"


def _image(listing: Listing, details: Details) -> Iterator[tuple[str, str]]:
    owner, architecture = details.entry.owner, listing.target.architecture
    if owner.base is not None and owner.size is not None:
        place = address_text(owner.base, architecture)
        end = address_text(owner.base + owner.size, architecture)
        command = module_command(owner.module) if owner.state == "loaded" else None
        yield "image", f"{link(place, command)} - {end}"
    if details.unlisted:
        base, pdb = details.unlisted
        known = f"of {printable(pdb)}" if pdb else "names no PDB"
        place = link(address_text(base, architecture), f"db {base:#x}")
        yield "image", f"{place}, {known}, on no list of modules"


def _altitude(altitude: str | None) -> str:
    allocated = allocation_text(find(altitude)) if altitude else ""
    return f"{printable(altitude)}{f', allocated to {allocated}' if allocated else ''}"


def _cookie(listing: Listing, details: Details) -> str:
    cookie = details.entry.block.cookie
    text = address_text(cookie, "x64")
    if cookie and listing.callbacks.is_vector:
        return f"{text} (registered {time_text(unix_time(cookie))})"
    registration = details.entry.registration
    return f"{text} (registration {registration} or later)" if registration else text


def _code(listing: Listing, details: Details) -> Iterator[str]:
    architecture = listing.target.architecture
    for each in details.instructions:
        symbol = details.symbols.get(each.target) if each.target else None
        name = f"  ; {printable(symbol)}" if symbol else ""
        yield f"{address_text(each.address, architecture)}  {each.code.hex():<22}{each.text}{name}"


# The address that a line begins with, and where that is a jump or a call, to where.
_ADDRESSES = re.compile(r"^[0-9a-f`]{8,17}|(?<=\()[0-9a-f`]{8,17}(?=\)$)", re.ASCII)


def _debuggers_line(line: str) -> str:
    def linked(found: re.Match[str]) -> str:
        return link(found[0], unassemble_command(int(found[0].replace("`", ""), 16)))

    return _ADDRESSES.sub(linked, printable(line))


def _contexts(listing: Listing, details: Details) -> Iterator[str]:
    if not details.contexts:
        return
    architecture = listing.target.architecture
    yield ""
    yield f"object contexts (CmSetCallbackObjectContext): {len(details.contexts)}"
    for each in details.contexts[:_SHOWN_CONTEXTS]:
        key = link(address_text(each.key_object, architecture), f"regcb key {each.key_object:#x}")
        yield f"  key object {key}  context {_memory(listing, each.context)}"
        path = details.key_paths.get(each.key_object)
        if path is not None:
            yield f"    {cell(printable(path), _PATH_WIDTH)}"
    if len(details.contexts) > _SHOWN_CONTEXTS:
        yield f"  and {len(details.contexts) - _SHOWN_CONTEXTS} more (--json has them all)"
