"""What is known of one registered callback."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEGACY_ALTITUDE", "CallbackBlock", "Problem"]

LEGACY_ALTITUDE = "425000"  # nt!CmLegacyAltitude, which CmRegisterCallback uses (SOURCES 2.3)


class Problem(NamedTuple):
    """Something that could not be read or trusted: the place, and what was the matter with it."""

    where: str
    what: str


class CallbackBlock(NamedTuple):
    """One registered callback as memory holds it; None is what cannot be read or does not exist.

    ``address`` is the VA of the block (XP: of the EX_CALLBACK_ROUTINE_BLOCK), ``cookie`` the raw
    LARGE_INTEGER, ``active_uses`` the reference count without the mark of an unregistration (Vista
    counts none),
    ``object_contexts`` a count. ``found_by`` is ``list``, ``vector`` or ``back-links``; of one that
    no list leads to ``thread``, ``object-context`` or ``carved``.
    """

    address: int
    found_by: str
    altitude: str | None = None
    function: int | None = None
    context: int | None = None
    cookie: int | None = None
    active_uses: int | None = None
    unregistering: bool = False
    internal: bool = False
    flags: int | None = None
    object_contexts: int | None = None
    problems: tuple[str, ...] = ()
