"""Everything about one callback as text."""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.callback_fields import owner_text
from ..documents.details import access_text
from ..documents.text import address_text, printable, stamp_text, time_text
from ..kernel.cookies import unix_time
from ..kernel.details import Details
from ..kernel.listing import Listing
from ..triage.altitudes import find
from .altitudes import allocation_text
from .table import conditions
from .text import OWN_COMMAND, cell, link

__all__ = ["details_text"]

_SHOWN_CONTEXTS = 20
_PATH_WIDTH = 116  # columns


def details_text(listing: Listing, details: Details) -> str:
    """A block of lines, about 30."""
    lines = [
        *_fields(listing, details),
        "",
        *_code(listing, details),
        *_contexts(listing, details),
        *(f"! {note}" for note in conditions(details.entry)),
        *(f"! {printable(note)}" for note in details.entry.callback.problems),
        *(f"! {printable(note)}" for note in details.problems),
    ]
    return "\n".join(lines)


def _fields(listing: Listing, details: Details) -> Iterator[str]:
    entry, callback, owner = details.entry, details.entry.callback, details.entry.owner
    architecture = listing.target.architecture
    rows = [
        ("callback", f"#{entry.number} at {address_text(callback.address, architecture)}"),
        ("altitude", _altitude(callback.altitude)),
        ("function", address_text(callback.function, architecture)),
        ("", printable(entry.function_symbol, "(no symbol)")),
        ("owner", owner_text(owner)),
    ]
    if owner.base is not None and owner.size is not None:
        end = address_text(owner.base + owner.size, architecture)
        rows.append(("image", f"{address_text(owner.base, architecture)} - {end}"))
    if details.unlisted:
        base, pdb = details.unlisted
        known = f"of {printable(pdb)}" if pdb else "names no PDB"
        rows.append(
            ("image", f"{address_text(base, architecture)}, {known}, on no list of modules")
        )
    if owner.path:
        rows.append(("path", printable(owner.path)))
    if owner.time_date_stamp:
        rows.append(("time stamp", stamp_text(owner.time_date_stamp)))
    if details.section:
        rows.append(
            ("section", f"{printable(details.section.name)} ({access_text(details.section)})")
        )
    rows += [
        ("context", address_text(callback.context, architecture)),
        ("cookie", _cookie(listing, details)),
        ("active uses", "?" if callback.active_uses is None else str(callback.active_uses)),
        ("found by", callback.found_by),
    ]
    return (f"{title:<12}{text}" for title, text in rows)


def _altitude(altitude: str | None) -> str:
    allocated = allocation_text(find(altitude)) if altitude else ""
    return f"{printable(altitude)}{f', allocated to {allocated}' if allocated else ''}"


def _cookie(listing: Listing, details: Details) -> str:
    cookie = details.entry.callback.cookie
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


def _key_command(address: int) -> str:
    return f"{OWN_COMMAND} key {address:#x}"


def _contexts(listing: Listing, details: Details) -> Iterator[str]:
    if not details.contexts:
        return
    architecture = listing.target.architecture
    yield ""
    yield f"object contexts (CmSetCallbackObjectContext): {len(details.contexts)}"
    for each in details.contexts[:_SHOWN_CONTEXTS]:
        key = link(address_text(each.key_object, architecture), _key_command(each.key_object))
        context = address_text(each.context, architecture)
        yield f"  key object {key}  context {context}"
        path = details.key_paths.get(each.key_object)
        if path is not None:
            yield f"    {cell(printable(path), _PATH_WIDTH)}"
    if len(details.contexts) > _SHOWN_CONTEXTS:
        yield f"  and {len(details.contexts) - _SHOWN_CONTEXTS} more (--json has them all)"
