"""Unregistrations that are under way, and have taken their entries off the list already."""

from __future__ import annotations

from ..kernel.waiting_threads import threads_inside
from .scene import Scene

__all__ = ["unlisted_unregistrations"]


def unlisted_unregistrations(scene: Scene) -> int:
    """How many threads are in CmUnRegisterCallback, less those whose entry is marked and listed.

    Windows 7 takes the entry out before it waits for those who are in the callback, later builds
    when nobody is any more; all count down last (SOURCES 2.1, 3.7). 0 where threads cannot be
    walked.
    """
    inside = threads_inside(scene.target, "CmUnRegisterCallback").threads
    marked = sum(1 for entry in scene.readable if entry.block.unregistering)
    return max(len(inside) - marked, 0)
