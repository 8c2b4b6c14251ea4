"""Which callbacks there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.callback_block import Problem
from ..kernel.callbacks import DEFAULT_LIMIT
from ..kernel.doubts import doubts
from ..kernel.listing import Listing, read_listing, with_unlisted
from ..target.physical import silent

if TYPE_CHECKING:
    from ..target import Target
    from ..target.physical import Progress

__all__ = ["callbacks"]


def callbacks(
    target: Target,
    *,
    limit: int = DEFAULT_LIMIT,
    carve: bool = False,
    progress: Progress | None = None,
) -> Listing:
    """Every registry callback of ``target``, in the order in which the kernel calls them before an
    operation: the highest altitude first.

    At most ``limit`` are read. With ``carve`` those that are on no list follow: a dump is searched
    for them, of which ``progress`` is told the bytes so far and in all; of a live target its
    threads. What could not be read is among the ``problems`` of the listing, or of the callback.

    Raises TargetError where there is no list that can be read, UnsupportedTarget for a build whose
    layout is not known.

    >>> callbacks = pykd_ext.callbacks(target)
    >>> len(callbacks)
    6
    >>> callbacks[2].altitude, callbacks[2].function_symbol, callbacks[2].owner.name
    ('385201', 'netmon!NetMonRegFilter', 'netmon.sys')
    >>> [callback.altitude for callback in callbacks if callback.owner.name == "regprotect.sys"]
    ['140000']
    """
    listing = read_listing(target, limit)
    if not carve:
        return listing
    from ..triage.carve import carve as search  # noqa: PLC0415 - a list needs none

    carving = search(target, listing, progress or silent)
    problems = [*carving.problems, *doubts(target)]
    listing.problems.extend(Problem("search", what) for what in problems)
    return with_unlisted(target, listing, [each.callback for each in carving.blocks])
