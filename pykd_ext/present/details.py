"""Everything about one callback, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..documents.callback_fields import callback_document, owner_text
from ..documents.target import target_document
from ..documents.text import address_text, hexadecimal, printable, stamp_text, time_text
from ..kernel.cookies import unix_time
from ..kernel.details import Details
from ..kernel.listing import Listing
from ..kernel.unlisted_images import UnlistedImage
from ..target.image import Section
from ..triage.altitudes import find
from .altitudes import allocation_text
from .table import conditions
from .text import OWN_COMMAND, cell, link

__all__ = ["details_document", "details_text"]

CALLBACK_SCHEMA = "regcb.callback/1"

_SHOWN_CONTEXTS = 20
_PATH_WIDTH = 116  # columns


def details_document(listing: Listing, shown: list[Details]) -> dict[str, Any]:
    """``regcb.callback/1``: the callbacks that were asked for, whole."""
    return {
        "schema": CALLBACK_SCHEMA,
        "target": target_document(listing),
        "callbacks": [_document(details) for details in shown],
    }


def _document(details: Details) -> dict[str, Any]:
    owner, altitude = details.entry.owner, details.entry.callback.altitude
    return {
        **callback_document(details.entry),
        "altitude_allocations": [each._asdict() for each in find(altitude)] if altitude else [],
        "owner_size": owner.size,
        "owner_time_date_stamp": hexadecimal(owner.time_date_stamp),
        "unlisted_image": _unlisted_document(details.unlisted) if details.unlisted else None,
        "section": _section_document(details.section) if details.section else None,
        "instructions": [
            {
                "address": hexadecimal(each.address),
                "bytes": each.code.hex(),
                "text": each.text,
                "target": details.symbols.get(each.target) if each.target else None,
            }
            for each in details.instructions
        ],
        "contexts": [
            {
                "address": hexadecimal(each.address),
                "key_object": hexadecimal(each.key_object),
                "key_path": details.key_paths.get(each.key_object),
                "context": hexadecimal(each.context),
                "cookie": hexadecimal(each.cookie),
            }
            for each in details.contexts
        ],
        "problems": [*details.entry.callback.problems, *details.problems],
    }


def _unlisted_document(image: UnlistedImage) -> dict[str, Any]:
    return {"base": hexadecimal(image.base), "pdb": image.pdb}


def _section_document(section: Section) -> dict[str, Any]:
    return {"name": section.name, "access": _access(section)}


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
        rows.append(("section", f"{printable(details.section.name)} ({_access(details.section)})"))
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


def _access(section: Section) -> str:
    words = [
        word
        for word, holds in (
            ("read", section.readable),
            ("write", section.writable),
            ("execute", section.executable),
            ("discardable", section.discardable),
        )
        if holds
    ]
    return ", ".join(words)


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
