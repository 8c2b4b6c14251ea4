"""What ``list`` says without being asked: the checks that need no more than was read already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel.drivers import Drivers
from ..kernel.listing import Listing
from ..target.image_files import ImageFiles
from . import cookies, counts, order
from .finding import Finding
from .scene import Scene

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["glance"]

_CHECKS = (
    counts.callbacks_disabled,
    order.order_broken,
    order.altitude_duplicate,
    cookies.cookie_out_of_range,
    cookies.cookie_duplicate,
)


def glance(target: Target, listing: Listing) -> list[Finding]:
    """Findings that cost no request, about the list alone: the cookie of what was searched for
    besides says nothing. :func:`.check.check` has all, and looks further."""
    entries = listing.entries[: len(listing.callbacks.callbacks)]
    listed = Listing(
        listing.target, listing.callbacks, entries, listing.boot_time, listing.problems
    )
    scene = Scene(target, listed, Drivers(target), ImageFiles(target.symbol_path), [])
    return [each for look in _CHECKS for each in look(scene) if isinstance(each, Finding)]
