"""Whether the list holds together: Flink and Blink must tell the same story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.callbacks import DEFAULT_LIMIT
from ..target.errors import MemoryUnreadable
from ..target.fields import words
from ..target.memory import Memory
from .finding import Finding
from .scene import Scene

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["head_links_disagree", "is_passed_over", "list_broken"]

_NAMED = 100  # entries that one way alone leads to


class _Walk(NamedTuple):
    """The entries in one direction. ``end`` is ``head``, ``unreadable`` or ``broken``: then
    ``stop`` is what the link of the last entry (or of the head) led to."""

    entries: tuple[int, ...]
    end: str
    stop: int


def head_links_disagree(scene: Scene) -> Iterator[Finding]:
    """Flink and Blink lead through different entries.

    RealBlindingEDR points the head's Flink at the head itself and leaves its Blink: the kernel
    then calls nobody, and the back links still lead to everybody (SOURCES 7.1).
    """
    if not scene.has_list:
        return
    memory, head = scene.target.memory, scene.head
    forward, backward = (_walk(memory, head, way) for way in (False, True))
    if "unreadable" in (forward.end, backward.end):
        return  # a page is out: nothing is known of what lies behind it
    if set(forward.entries) == set(backward.entries):
        return
    flink, blink = _links(memory, head)
    emptied = flink == head != blink
    lost = [each for each in backward.entries if each not in forward.entries]
    yield Finding(
        id="head-links-disagree",
        severity="high",
        callback=None,
        summary=(
            f"the list head's Flink points to itself: the kernel calls none of the {len(lost)} "
            "callbacks that Blink still leads to"
            if emptied
            else f"Flink leads to {len(forward.entries)} entries, Blink to {len(backward.entries)}"
        ),
        evidence={
            "head": f"{head:#x}",
            "flink": f"{flink:#x}",
            "blink": f"{blink:#x}",
            "only_by_blink": [f"{each:#x}" for each in lost[:_NAMED]],
            "only_by_flink": [
                f"{each:#x}" for each in forward.entries if each not in backward.entries
            ][:_NAMED],
        },
        doubt=_half_changed(scene.target),
        next=f"dps {head:#x} L2",
    )


def list_broken(scene: Scene) -> Iterator[Finding]:
    """An entry's links do not hold: they lead nowhere, loop, or are not answered."""
    if not scene.has_list:
        return
    numbers = {entry.block.address + scene.layout.link: entry.number for entry in scene.entries}
    for address, link, value, why in _broken_links(scene):
        yield Finding(
            id="list-broken",
            severity="high",
            callback=numbers.get(address),
            summary=f"{link} of {'the head' if address == scene.head else 'the entry'} {why}",
            evidence={"address": f"{address:#x}", "link": link, "value": f"{value:#x}"},
            doubt=_half_changed(scene.target),
            next=f"dps {address:#x} L2",
        )


def _half_changed(target: Target) -> str | None:
    """A debugger stops the kernel anywhere, and an image's pages were read one after the other."""
    if target.is_file and target.is_frozen:
        return None
    return "on a running target a read may catch the list half changed: look twice"


def _broken_links(scene: Scene) -> Iterator[tuple[int, str, int, str]]:
    """Address, link, value, reason."""
    memory, head = scene.target.memory, scene.head
    for backward in (False, True):
        walk = _walk(memory, head, backward)
        if walk.end == "broken":
            at = walk.entries[-1] if walk.entries else head
            yield at, _name(backward), walk.stop, _why(walk, at)
    for entry in scene.readable:
        address = entry.block.address + scene.layout.link
        flink, blink = _links(memory, address)
        for link, neighbour, backward in (("Flink", flink, False), ("Blink", blink, True)):
            answer = _answer(memory, neighbour, backward)
            if neighbour in (head, address) or answer in (None, address):
                continue
            other = _name(not backward)
            yield address, link, neighbour, f"is not answered: {other} there is {answer:#x}"


def is_passed_over(memory: Memory, address: int) -> bool:
    """Whether the links at the VA ``address`` are those of an entry that was taken out: a
    neighbour does not lead back, or is the entry itself. One that cannot be read says nothing."""
    try:
        flink, blink = _links(memory, address)
    except MemoryUnreadable:
        return False
    neighbours = ((flink, False), (blink, True))
    return address in (flink, blink) or any(
        _answer(memory, neighbour, backward) not in (None, address)
        for neighbour, backward in neighbours
    )


def _answer(memory: Memory, neighbour: int, backward: bool) -> int | None:
    """The link of ``neighbour`` that should lead back, None where it cannot be read."""
    try:
        flink, blink = _links(memory, neighbour)
    except MemoryUnreadable:
        return None
    return flink if backward else blink


def _walk(memory: Memory, head: int, backward: bool) -> _Walk:
    seen: dict[int, None] = {}
    entry = head
    try:
        entry = _links(memory, head)[backward]
        while entry != head:
            if not _is_plausible(memory, entry) or entry in seen or len(seen) >= DEFAULT_LIMIT:
                return _Walk(tuple(seen), "broken", entry)
            following = _links(memory, entry)[backward]
            seen[entry] = None
            entry = following
    except MemoryUnreadable:
        return _Walk(tuple(seen), "unreadable", entry)
    return _Walk(tuple(seen), "head", head)


def _why(walk: _Walk, at: int) -> str:
    if walk.stop == at:
        return "points to itself"
    if walk.stop in walk.entries:
        return f"loops back to {walk.stop:#x}"
    if len(walk.entries) >= DEFAULT_LIMIT:
        return f"leads on after {DEFAULT_LIMIT} entries, more than any kernel has"
    return f"leads to {walk.stop:#x}, where no entry can be"


def _is_plausible(memory: Memory, address: int) -> bool:
    return memory.is_kernel(address) and address % memory.pointer_size == 0


def _links(memory: Memory, address: int) -> tuple[int, int]:
    size = memory.pointer_size
    raw = memory.read(address, 2 * size)
    forward, backward = words(raw, size)
    return forward, backward


def _name(backward: bool) -> str:
    return "Blink" if backward else "Flink"
