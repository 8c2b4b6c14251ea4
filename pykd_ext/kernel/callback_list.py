"""Walking nt!CallbackListHead.

This file reads; whether what it read is right is judged in ``triage``. The walk raises only when
there is no list to walk. It gives a broken entry with its problem and goes on as far as the links
can be trusted: forward along Flink, and where that breaks, backward along Blink for the rest.
"""

from __future__ import annotations

from typing import NamedTuple

from ..target.errors import MemoryUnreadable, TargetError
from ..target.fields import unsigned, words
from ..target.memory import Memory
from .callback_block import CallbackBlock, Problem
from .layouts import INTERNAL_CALLBACK, BlockLayout
from .object_contexts import count_object_contexts

__all__ = ["Walked", "read_block", "walk_list"]

_ALTITUDE_LIMIT = 0x400  # bytes shown of an altitude; a genuine one has under 20 characters


class Walked(NamedTuple):
    """The callbacks in calling order; and whether no entry can lie behind what could not be read,
    or beyond the limit."""

    callbacks: list[CallbackBlock]
    is_whole: bool


class _Direction(NamedTuple):
    """One way along the list: the links of its blocks, as a set that keeps its order, whether it
    came back to the head, and whether each entry's other link led to the one before."""

    order: dict[int, None]
    is_complete: bool
    is_answered: bool


def walk_list(
    memory: Memory, head: int, layout: BlockLayout, limit: int, problems: list[Problem]
) -> Walked:
    """The callbacks in calling order, at most ``limit``.

    What is wrong with the links is appended to ``problems``. Raises TargetError when the head
    cannot be read.
    """
    return _ListWalk(memory, head, layout, limit, problems).run()


class _ListWalk:
    """One walk of CallbackListHead in both directions."""

    def __init__(
        self,
        memory: Memory,
        head: int,
        layout: BlockLayout,
        limit: int,
        problems: list[Problem],
    ) -> None:
        self._memory = memory
        self._head = head
        self._layout = layout
        self._limit = limit
        self._problems = problems
        self._read: dict[int, CallbackBlock] = {}
        self._has_more = False  # than the limit

    def run(self) -> Walked:
        try:
            flink, blink = self._links(self._head)
        except MemoryUnreadable as error:
            raise TargetError(
                f"the list head nt!CallbackListHead cannot be read: {error}; "
                "take a dump that has the kernel's own data (kernel, automatic, complete)"
            ) from None
        forward = self._follow(flink, backward=False)
        callbacks = [self._read[address] for address in forward.order]
        last = self._last(forward)
        is_intact = forward.is_complete and forward.is_answered
        if (is_intact and blink == last) or len(self._read) >= self._limit:
            return Walked(callbacks, not self._has_more)
        if is_intact:
            self._note("nt!CallbackListHead", f"Blink is {blink:#x}, but Flink leads to {last:#x}")
        backward = self._follow(blink, backward=True)
        rest = [each for each in reversed(list(backward.order)) if each not in forward.order]
        callbacks += [self._read[each]._replace(found_by="back-links") for each in rest]
        is_hidden = self._note_hidden(forward, backward)
        return Walked(callbacks, not (self._has_more or is_hidden))

    def _note_hidden(self, forward: _Direction, backward: _Direction) -> bool:
        """Whether entries may lie between two that both ways end at, for pages that are out."""
        ends = self._last(forward), self._last(backward)
        is_unread = any(end in self._read and self._read[end].function is None for end in ends)
        if forward.is_complete or backward.is_complete or not is_unread or ends[0] == ends[1]:
            return False
        behind = self._place(ends[1])
        self._note(self._place(ends[0]), f"nothing is known of what lies between it and {behind}")
        return True

    def _last(self, direction: _Direction) -> int:
        return next(reversed(direction.order), self._head)

    def _follow(self, entry: int, backward: bool) -> _Direction:
        link = "Blink" if backward else "Flink"
        order: dict[int, None] = {}
        previous = self._head
        is_answered = True
        while entry != self._head:
            why = self._why_not_follow(entry, previous, order)
            if why:
                self._note(self._place(previous), f"{link} {why}")
                return _Direction(order, False, is_answered)
            order[entry] = None
            callback = self._block(entry)
            if callback.function is None:
                return _Direction(order, False, is_answered)
            flink, blink = self._links(entry)
            if (flink if backward else blink) != previous:
                other = "Flink" if backward else "Blink"
                wrong = flink if backward else blink
                self._note(self._place(entry), f"{other} is {wrong:#x}, not {previous:#x}")
                is_answered = False
            previous, entry = entry, blink if backward else flink
        return _Direction(order, True, is_answered)

    def _why_not_follow(self, entry: int, previous: int, order: dict[int, None]) -> str | None:
        if entry == previous:
            return "points to the entry itself"
        if entry in order:
            return f"loops back to the entry at {entry:#x}"
        if not self._memory.is_kernel(entry):
            is_user = self._memory.is_user(entry)
            return f"{'points into user space' if is_user else 'is no address'} ({entry:#x})"
        if entry % self._memory.pointer_size:
            return f"is not aligned ({entry:#x})"
        if entry not in self._read and len(self._read) >= self._limit:
            self._has_more = True
            return f"goes on after {self._limit} entries; more with --limit"
        return None

    def _links(self, address: int) -> tuple[int, int]:
        size = self._memory.pointer_size
        raw = self._memory.read(address, 2 * size)
        forward, backward = words(raw, size)
        return forward, backward

    def _block(self, address: int) -> CallbackBlock:
        if address not in self._read:
            block = address - self._layout.link
            self._read[address] = read_block(self._memory, self._layout, block)
        return self._read[address]

    def _place(self, address: int) -> str:
        return "nt!CallbackListHead" if address == self._head else f"entry {address:#x}"

    def _note(self, where: str, what: str) -> None:
        self._problems.append(Problem(where, what))


def read_block(memory: Memory, layout: BlockLayout, address: int) -> CallbackBlock:
    """The callback block at the VA ``address``; an unreadable one comes back with its problem."""
    try:
        raw = memory.read(address, layout.size)
    except MemoryUnreadable as error:
        return CallbackBlock(address, "list", problems=(str(error),))

    def number(offset: int, size: int) -> int:
        return unsigned(raw, offset, size)

    problems: list[str] = []
    uses = None if layout.active_uses is None else number(layout.active_uses, 4)
    flags = None if layout.flags is None else number(layout.flags, 4)
    return CallbackBlock(
        address=address,
        found_by="list",
        altitude=_altitude(memory, raw[layout.altitude :], problems),
        function=number(layout.function, memory.pointer_size),
        context=number(layout.caller_context, memory.pointer_size),
        cookie=number(layout.cookie, 8),
        active_uses=None if uses is None else uses & ~layout.pending,
        unregistering=bool((uses or 0) & layout.pending),
        internal=bool((flags or 0) & INTERNAL_CALLBACK),
        flags=flags,
        object_contexts=count_object_contexts(memory, address + layout.object_contexts, problems),
        problems=tuple(problems),
    )


def _altitude(memory: Memory, raw: bytes, problems: list[str]) -> str | None:
    """The altitude's text: a UNICODE_STRING without terminator (SOURCES 1.1)."""
    string = memory.parse_unicode_string(raw)
    if not string.length:
        problems.append("altitude: empty (Length 0)")
        return None
    if not string.buffer:
        problems.append(f"altitude: Buffer is NULL with Length {string.length:#x}")
        return None
    if string.length % 2:
        problems.append(f"altitude: odd Length {string.length:#x}, its last byte is left out")
    if string.length > _ALTITUDE_LIMIT:
        problems.append(
            f"altitude: Length {string.length:#x} is no altitude's, cut to {_ALTITUDE_LIMIT:#x}"
        )
    try:
        return memory.text(string, _ALTITUDE_LIMIT)
    except MemoryUnreadable as error:
        problems.append(f"altitude: {error}")
        return None
