"""nt!CmpCallBackCount, which every registry operation tests before it looks at the list."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding
from .scene import Scene

__all__ = ["callbacks_disabled", "count_mismatch"]

_IN_FLIGHT = (
    "while a CmUnRegisterCallback is in flight the count is higher than the list is long: look for "
    "a thread in it"
)


def callbacks_disabled(scene: Scene) -> Iterator[Finding]:
    """The count is 0 with entries in the list: no callback is called (SOURCES 2.1)."""
    count = scene.listing.callbacks.callback_count
    if count == 0 and scene.entries:
        yield Finding(
            id="callbacks-disabled",
            severity="high",
            callback=None,
            summary=f"CmpCallBackCount is 0: the kernel calls none of the {len(scene.entries)} "
            "callbacks",
            evidence={"count": 0, "entries": len(scene.entries)},
            doubt=None,
            next="dd nt!CmpCallBackCount L1",
        )


def count_mismatch(scene: Scene) -> Iterator[Finding]:
    """The count is not the length of the list, which was read whole."""
    count, length = scene.listing.callbacks.callback_count, len(scene.entries)
    whole = len(scene.readable) == length
    if not whole or count in (None, 0, length):
        return
    assert count is not None
    missing = count > length
    yield Finding(
        id="count-mismatch",
        severity="medium" if missing else "high",
        callback=None,
        summary=f"CmpCallBackCount is {count}, the list has {length}: "
        + (
            "entries were taken out" if missing else "entries were put in, or the count was changed"
        ),
        evidence={"count": count, "entries": length},
        doubt=_IN_FLIGHT if missing else None,
        next="dd nt!CmpCallBackCount L1",
    )
