"""nt!CmpCallBackCount, which every registry operation tests before it looks at the list."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding
from .scene import Scene

__all__ = ["callbacks_disabled", "count_mismatch"]

_IN_FLIGHT = "while a CmUnRegisterCallback is in flight the count is higher than the list is long"


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
            next=f"dd {scene.listing.callbacks.count_at or 0:#x} L1",
        )


def count_mismatch(scene: Scene) -> Iterator[Finding]:
    """The count is not the length of the list, which was read whole."""
    count, length = scene.listing.callbacks.callback_count, len(scene.entries)
    is_whole = scene.listing.callbacks.is_whole and len(scene.readable) == length
    if not is_whole or count in (None, 0, length):
        return
    assert count is not None
    severity, what, doubt = _of_mismatch(scene, count - length)
    yield Finding(
        id="count-mismatch",
        severity=severity,
        callback=None,
        summary=f"CmpCallBackCount is {count}, the list has {length}: {what}",
        evidence={"count": count, "entries": length},
        doubt=doubt,
        next=f"dd {scene.listing.callbacks.count_at or 0:#x} L1",
    )


def _of_mismatch(scene: Scene, missing: int) -> tuple[str, str, str | None]:
    """Severity, what is seen, and what would make it harmless; ``missing`` is negative where there
    are more entries than counted."""
    if missing < 0:
        return "high", "entries were put in, or the count was changed", None
    from .unregistrations import unlisted_unregistrations  # noqa: PLC0415 - a sound list needs none

    if unlisted_unregistrations(scene) >= missing:
        under_way = "a thread in CmUnRegisterCallback has taken its entry out, and counts down last"
        return "info", under_way, None
    return "medium", "entries were taken out", _IN_FLIGHT
