"""Finding the callback list without symbols, from the exports that must know where it is.

CmUnRegisterCallback walks the list, CmRegisterCallback(Ex) puts into it, counts and numbers
(SOURCES 2, 8). What they refer to in the kernel's writable data is tried out: a candidate counts
only when what it points at is a list of callbacks, never because of the bytes of an instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..target.errors import MemoryUnreadable, SymbolNotFound
from ..target.fields import unsigned, words
from ..target.image import Section, sections
from ..target.memory import Memory
from .drivers import Drivers
from .layouts import BlockLayout, VectorLayout
from .references import Reference, data_references

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["Located", "locate_list", "locate_vector", "references_of_exports"]

_EXPORTS = ("CmUnRegisterCallback", "CmRegisterCallbackEx", "CmRegisterCallback")
_LIMIT = 10_000  # entries
_REGISTRATIONS = 1_000_000  # since boot, more than any machine has
_LONGEST_ALTITUDE = 0x80  # bytes


class Located(NamedTuple):
    """VAs of the head (or the vector), of CmpCallBackCount and CmpCallbackCookie; None for what
    was not found, which ``problems`` explains."""

    head: int | None
    callback_count: int | None
    last_cookie: int | None
    problems: tuple[str, ...]


def locate_list(target: Target, layout: BlockLayout) -> Located:
    """CallbackListHead and its two globals, Vista and later."""
    references, problem = references_of_exports(target)
    if problem:
        return Located(None, None, None, (problem,))
    memory = target.memory
    heads = _by_likeness(memory, layout, references)
    if not heads:
        return Located(
            None, None, None, ("none of what the kernel's exports refer to is a list of callbacks",)
        )
    head, is_empty = heads[0]
    problems: list[str] = []
    if is_empty and len(heads) > 1:
        problems.append(f"{len(heads)} empty lists could be CallbackListHead, {head:#x} was taken")
    entries = _entries(memory, head)
    cookies = [_number(memory, entry - layout.link + layout.cookie, 8) for entry in entries]
    last_cookie = _last_cookie(memory, references, [each for each in cookies if each])
    if last_cookie is None:
        problems.append("nt!CmpCallbackCookie was not found in the code")
    count = _count(memory, references, len(entries), last_cookie, problems)
    return Located(head, count, last_cookie, tuple(problems))


def locate_vector(
    target: Target, layout: VectorLayout, is_owned: Callable[[int], bool] | None = None
) -> Located:
    """CmpCallBackVector and its count, XP and Server 2003.

    ``is_owned`` says of a function's VA whether it may be a callback's, one of which the vector
    must hold: by default whether it lies in a driver.
    """
    references, problem = references_of_exports(target)
    if problem:
        return Located(None, None, None, (problem,))
    memory = target.memory
    is_owned = is_owned or _in_drivers(target)
    vectors = {}
    for address in dict.fromkeys(each.address for each in references):
        used = _used_slots(memory, layout, is_owned, address)
        if used:
            vectors[address] = used
    if not vectors:
        return Located(
            None, None, None, ("none of what the kernel's exports refer to is a callback vector",)
        )
    head = _first_slot(vectors, memory.pointer_size)
    problems: list[str] = []
    count = _count(memory, references, vectors[head], None, problems)
    return Located(head, count, None, tuple(problems))


def references_of_exports(target: Target) -> tuple[list[Reference], str | None]:
    """What the exports refer to in the kernel's writable data, or why nothing is known."""
    starts = list(_exports(target))
    if not starts:
        return [], f"the kernel's exports {', '.join(_EXPORTS)} were not found"
    try:
        data = [each for each in sections(target.memory, target.nt_base) if _is_data(each)]
    except MemoryUnreadable as error:
        return [], f"the kernel's headers: {error}"
    base = target.nt_base
    found = data_references(target, starts, base, base + _image_size(target, data))
    inside = [
        each
        for each in found
        if any(0 <= each.address - base - part.address < part.size for part in data)
    ]
    return inside, None


def _exports(target: Target) -> Iterator[int]:
    for name in _EXPORTS:
        try:
            yield target.symbol(name)
        except SymbolNotFound:
            continue


def _is_data(section: Section) -> bool:
    return section.writable and not section.executable


def _image_size(target: Target, data: Sequence[Section]) -> int:
    everything = sections(target.memory, target.nt_base)
    return max((each.address + each.size for each in [*everything, *data]), default=0)


def _by_likeness(
    memory: Memory, layout: BlockLayout, references: Sequence[Reference]
) -> list[tuple[int, bool]]:
    """Candidates for the head and whether each is an empty list, those with callbacks first."""
    heads = []
    for address in dict.fromkeys(each.address for each in references if each.use == "address"):
        if address % memory.pointer_size:
            continue
        like = _likeness(memory, layout, address)
        if like is not None:
            heads.append((like, address))
    heads.sort(key=lambda each: -each[0])
    return [(address, like == 0) for like, address in heads]


def _likeness(memory: Memory, layout: BlockLayout, head: int) -> int | None:
    """How many of its neighbours are callback blocks that link back; 0 for an empty list, None for
    what is no head. Of a head whose Flink was pointed at itself, Blink tells."""
    try:
        flink, blink = _links(memory, head)
    except MemoryUnreadable:
        return None
    if flink == blink == head:
        return 0
    good = 0
    for neighbour, back in ((flink, 1), (blink, 0)):
        try:
            answers = neighbour != head and _links(memory, neighbour)[back] == head
            good += answers and _is_block(memory, layout, neighbour - layout.link)
        except MemoryUnreadable:
            continue
    return good or None


def _is_block(memory: Memory, layout: BlockLayout, address: int) -> bool:
    """Raises MemoryUnreadable."""
    function = memory.pointer(address + layout.function)
    altitude = memory.unicode_string(address + layout.altitude)
    contexts = memory.pointer(address + layout.object_contexts)
    return (
        (function == 0 or memory.is_kernel(function))
        and memory.is_kernel(contexts)
        and (altitude.buffer == 0 or memory.is_kernel(altitude.buffer))
        and (altitude.length <= _LONGEST_ALTITUDE or altitude.length == altitude.maximum_length)
        and bool(memory.u64(address + layout.cookie))
    )


def _entries(memory: Memory, head: int) -> list[int]:
    """By both ways, each once."""
    found: dict[int, None] = {}
    for backward in (False, True):
        try:
            for entry in memory.list_entries(head, _LIMIT, backward):
                found[entry] = None
        except MemoryUnreadable:
            continue
    return list(found)


def _last_cookie(
    memory: Memory, references: Sequence[Reference], cookies: Sequence[int]
) -> int | None:
    """Where the number lies that is the highest cookie, or a few registrations above it."""
    if not cookies:
        return None
    usual = sorted(cookies)[len(cookies) // 2]  # one of them may be forged
    for address in dict.fromkeys(each.address for each in references):
        value = _number(memory, address, 8)
        if value is not None and 0 <= value - usual < _REGISTRATIONS:
            return address
    return None


def _count(
    memory: Memory,
    references: Sequence[Reference],
    entries: int,
    last_cookie: int | None,
    problems: list[str],
) -> int | None:
    """Where the number of entries is kept: what the code counts with, and what holds that number.

    A lock is no number, though a fast mutex holds 1 at rest and is let go by an addition.
    """
    locks = {each.address for each in references if each.use == "lock"}
    values = {
        each.address: _number(memory, each.address, 4)
        for each in references
        if each.use == "count" and each.size == 4 and each.address not in (*locks, last_cookie)
    }
    if entries:
        exact = [address for address, value in values.items() if value == entries]
        if exact:
            return exact[0]
    small = [address for address, value in values.items() if value is not None and value <= _LIMIT]
    if small:  # what is nearest to the exports
        problems.append(
            f"{small[0]:#x} was taken for CmpCallBackCount, for the code counts there; it holds "
            f"{values[small[0]]}"
        )
        return small[0]
    problems.append("nt!CmpCallBackCount was not found in the code")
    return None


def _in_drivers(target: Target) -> Callable[[int], bool]:
    drivers = Drivers(target)
    return lambda address: drivers.owner(address).state == "loaded"


def _first_slot(vectors: Mapping[int, int], size: int) -> int:
    """The VA of ``vectors``, by which each has as many used slots, that is the likeliest.

    A loop over the slots refers to the second one, too; counted from there, the word behind the
    last slot can look like one more routine.
    """
    head = max(vectors, key=lambda address: (vectors[address], -address))
    while head - size in vectors:
        head -= size
    return head


def _used_slots(
    memory: Memory, layout: VectorLayout, is_owned: Callable[[int], bool], address: int
) -> int:
    """How many of the slots hold a routine, 0 when one of them holds anything else, or none a
    function that is owned."""
    size = memory.pointer_size
    functions = []
    try:
        raw = memory.read(address, layout.slots * size)
        for start in range(0, len(raw), size):
            slot = unsigned(raw, start, size) & ~layout.reference_mask
            if slot and not memory.is_kernel(slot):
                return 0
            if slot:
                functions.append(memory.pointer(slot + layout.function))
    except MemoryUnreadable:
        return 0
    return len(functions) if any(map(is_owned, functions)) else 0


def _links(memory: Memory, address: int) -> tuple[int, int]:
    size = memory.pointer_size
    raw = memory.read(address, 2 * size)
    forward, backward = words(raw, size)
    return forward, backward


def _number(memory: Memory, address: int, size: int) -> int | None:
    try:
        return memory.unsigned(address, size)
    except MemoryUnreadable:
        return None
