"""Cookies: the boot time plus the number of the registration, each once (SOURCES 2.2)."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.cookies import cookie_base
from ..kernel.listing import RegistryCallback
from .finding import Finding, Remark
from .scene import Scene

__all__ = ["cookie_duplicate", "cookie_gap", "cookie_out_of_range"]


def cookie_out_of_range(scene: Scene) -> Iterator[Finding]:
    """A cookie that the kernel has not issued since it booted."""
    last = scene.listing.callbacks.last_cookie
    if last is None:
        return
    base = cookie_base(scene.listing.callbacks)
    for entry in _with_cookie(scene):
        cookie = entry.block.cookie
        assert cookie is not None
        if cookie <= last and base and base.registration(cookie) is not None:
            continue
        yield Finding(
            id="cookie-out-of-range",
            severity="medium",
            callback=entry.number,
            summary=f"cookie {cookie:#x} was never issued: the last one is {last:#x}",
            evidence={
                "cookie": f"{cookie:#x}",
                "last_cookie": f"{last:#x}",
                "lowest": f"{base.lowest:#x}" if base else None,
            },
            doubt=None,
            next=f"dq {scene.listing.callbacks.cookie_at or 0:#x} L1",
        )


def cookie_duplicate(scene: Scene) -> Iterator[Finding]:
    """Two callbacks with one cookie: CmUnRegisterCallback would take the first."""
    first: dict[int, RegistryCallback] = {}
    for entry in _with_cookie(scene):
        cookie = entry.block.cookie
        assert cookie is not None
        if cookie not in first:
            first[cookie] = entry
            continue
        yield Finding(
            id="cookie-duplicate",
            severity="medium",
            callback=entry.number,
            summary=f"cookie {cookie:#x} is also #{first[cookie].number}'s",
            evidence={"cookie": f"{cookie:#x}", "other": first[cookie].number},
            doubt=None,
            next=f"regcb show {entry.number}",
        )


def cookie_gap(scene: Scene) -> Iterator[Remark]:
    """Registrations that left no entry: unregistered, failed, or unlinked."""
    last = scene.listing.callbacks.last_cookie
    base = cookie_base(scene.listing.callbacks)
    if last is None or base is None:
        return
    known = {entry.registration for entry in scene.entries} - {None}
    issued = base.registration(last)
    if issued is None or issued <= len(known):
        return
    missing = [number for number in range(1, min(issued, 10_000) + 1) if number not in known]
    is_read = scene.listing.callbacks.is_whole and len(scene.readable) == len(scene.entries)
    now = "now" if is_read else "that could be read"
    yield Remark(
        id="cookie-gap",
        callback=None,
        summary=f"{issued - len(known)} of {issued} registrations since the oldest entry have no "
        f"entry {now}",
        evidence={"issued": issued, "present": len(known), "missing": missing[:100]},
        why="drivers unregister, failed registrations use up a cookie, and so do ETW registry "
        "tracing and containers that start and stop",
    )


def _with_cookie(scene: Scene) -> list[RegistryCallback]:
    return [entry for entry in scene.readable if entry.block.cookie is not None]
