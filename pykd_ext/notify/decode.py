"""From a callback's second and third argument to a :class:`Notification`.

Nothing here raises for what memory holds: a pointer that leads nowhere costs the member it stands
in, and is named in the problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from ..kernel.builds import VISTA
from ..target.errors import MemoryUnreadable
from ..target.fields import unsigned
from ..target.memory import Memory
from .classes import NotifyClass, notify_class
from .extended import is_extended
from .fields import KeyPath, MemberContext, field_text
from .notification import Field, KeyReference, Notification
from .readable import read_available, why_unreadable
from .structures import Member, Structure, structure
from .values import ValueData

__all__ = ["DATA_LIMIT", "decode"]

DATA_LIMIT = 0x400  # bytes read of a value's data
_RAW_LIMIT = 0x80  # bytes shown of an unknown structure, about the largest known one

# The structures of XP and Server 2003 end before the first of these (Microsoft's page of each:
# "This member is defined for Windows Vista and later").
_SINCE_VISTA = {"CallContext", "ObjectContext", "ObjectType", "PreInformation"}

# The Version that these carry where Vista's form has a Reserved 0 (SOURCES 4.3).
_VERSIONS = {
    "REG_CREATE_KEY_INFORMATION_V1": 1,
    "REG_OPEN_KEY_INFORMATION_V1": 1,
    "REG_LOAD_KEY_INFORMATION_V2": 2,
}


class _Request(NamedTuple):
    """What the caller of :func:`decode` asked for, the same for a structure and its pre form."""

    memory: Memory
    key_path: KeyPath
    data_limit: int
    build: int


class _Post(NamedTuple):
    """The post notification that led to a pre structure, and its Status where it could be read."""

    status: int | None


def decode(
    memory: Memory,
    number: int,
    address: int,
    *,
    key_path: KeyPath = lambda _: None,
    data_limit: int = DATA_LIMIT,
    build: int = VISTA,
    internal: bool = False,
) -> Notification:
    """The notification of the class ``number`` (Argument1) whose structure lies at ``address``.

    ``key_path`` gives the full path of a key object, ``data_limit`` is how many bytes are read of a
    value's data, ``build`` tells the shorter structures of XP and Server 2003. For an ``internal``
    callback (its block's flag, build 15063 on) ``address`` is that of an extended argument, where
    the operation has one, whose first pointer leads to the structure (SOURCES 3.5). Never raises
    for what the memory holds.
    """
    about = notify_class(number)
    request = _Request(memory, lru_cache(maxsize=None)(key_path), data_limit, build)
    if not internal:
        return _decode(request, about, address)
    try:
        if not is_extended(memory, number, address):
            return _decode(request, about, address)
        information = memory.pointer(address)
    except MemoryUnreadable:
        problem = f"the extended argument: {why_unreadable(memory, address)}"
        return Notification(about, 0, extended=address, problems=(problem,))
    return replace(_decode(request, about, information), extended=address)


def _decode(
    request: _Request, about: NotifyClass, address: int, post: _Post | None = None
) -> Notification:
    """Recurses once at most: a post class is paired with a pre class, and those link to nothing."""
    memory = request.memory
    if not about.structures:
        raw = read_available(memory, address, _RAW_LIMIT)
        problem = () if raw else (f"the structure: {why_unreadable(memory, address)}",)
        return Notification(about, address, raw=raw, problems=problem)
    layout, doubts = _choose(memory, about, address)
    members = _members_of_build(layout, request.build)
    values = _raw_values(memory, members, address)
    status = post.status if post else values.get("Status")
    value = _set_value(request, values) if about is NotifyClass.RegNtPreSetValueKey else None
    context = MemberContext(
        memory, about, values, status, post is not None, value, request.data_limit, request.key_path
    )
    fields = tuple(_field(context, member) for member in members)
    pre = _linked_pre(request, about, values, status)
    return Notification(
        notify_class=about,
        address=address,
        structure=layout.name,
        fields=fields,
        keys=_keys(context, fields, pre),
        value=value,
        status=status if about.phase == "post" else None,
        pre=pre,
        problems=(*doubts, *_problems(memory, address, fields)),
    )


def _choose(memory: Memory, about: NotifyClass, address: int) -> tuple[Structure, tuple[str, ...]]:
    """The structure that the Version in it tells, and what to doubt about that.

    A version not known yet is read as the newest: Microsoft promises that later ones only add.
    """
    newest, *older = about.structures
    layout = structure(newest, memory.pointer_size)
    if not older:
        return layout, ()
    version = _raw_values(memory, (layout.member("Version"),), address).get("Version")
    if version == 0:
        return structure(older[0], memory.pointer_size), ()
    if version in (None, _VERSIONS[newest]):
        return layout, ()
    return layout, (f"Version is {version:#x}, read as {newest}",)


def _members_of_build(layout: Structure, build: int) -> tuple[Member, ...]:
    if build >= VISTA:
        return layout.members
    return tuple(takewhile(lambda member: member.name not in _SINCE_VISTA, layout.members))


def _raw_values(memory: Memory, members: tuple[Member, ...], address: int) -> dict[str, int]:
    """What could be read: a structure on two pages may have lost one of them."""
    first, last = members[0], members[-1]
    data = read_available(memory, address + first.offset, last.offset + last.size - first.offset)
    values = {}
    for member in members:
        start = member.offset - first.offset
        raw = data[start : start + member.size]
        if len(raw) < member.size:
            raw = read_available(memory, address + member.offset, member.size)
        if len(raw) == member.size:
            values[member.name] = unsigned(raw)
    return values


def _field(context: MemberContext, member: Member) -> Field:
    if member.name not in context.values:
        return Field(member.name, member.offset, member.type, None)
    text = field_text(context, member.name, member.type)
    value = context.values[member.name]
    return Field(member.name, member.offset, member.type, value, text.text, text.problem)


def _problems(memory: Memory, address: int, fields: tuple[Field, ...]) -> list[str]:
    """One line for all members that the structure has lost, one for each with a problem."""
    problems = [f"{each.name}: {each.problem}" for each in fields if each.problem]
    lost = [each for each in fields if each.value is None]
    if lost:
        names = "the structure" if len(lost) == len(fields) else ", ".join(e.name for e in lost)
        problems.insert(0, f"{names}: {why_unreadable(memory, address + lost[0].offset)}")
    return problems


def _set_value(request: _Request, values: Mapping[str, int]) -> ValueData | None:
    if not {"Type", "Data", "DataSize"} <= values.keys():
        return None
    size, pointer = values["DataSize"], values["Data"]
    wanted = min(size, request.data_limit) if pointer else 0
    return ValueData(values["Type"], size, read_available(request.memory, pointer, wanted))


def _linked_pre(
    request: _Request, about: NotifyClass, values: Mapping[str, int], status: int | None
) -> Notification | None:
    pointer = values.get("PreInformation")
    if not pointer or about.pair is None:
        return None
    return _decode(request, about.pair, pointer, _Post(status))


def _keys(
    context: MemberContext, fields: tuple[Field, ...], pre: Notification | None
) -> tuple[KeyReference, ...]:
    """The keys, by the rules of SOURCES 4.3.

    Of a post notification they are its pre structure's, but for a key just created or opened.
    """
    texts = {each.name: each.text for each in fields}
    about = context.notify_class
    own: tuple[KeyReference, ...] = ()
    if not context.object_is_undefined:
        own = _whole(context, "HighKeyObject", "LowKeyObject") or _whole(context, "Object")
    is_made = about.key_object == "valid-on-success" and own and own[0].path
    if pre and pre.keys and not is_made:
        return pre.keys
    if about is NotifyClass.RegNtPreLoadKey:
        return (_named(context, texts, "KeyName", context.values.get("Object", 0)),)
    if "CompleteName" in texts and not own:
        return (_created_or_opened(context, texts),)
    return own


def _whole(context: MemberContext, *members: str) -> tuple[KeyReference, ...]:
    """Keys that a member points to, without any name below them."""
    present = [(name, context.values[name]) for name in members if context.values.get(name)]
    return tuple(KeyReference(name, root, "", context.key_path(root)) for name, root in present)


def _created_or_opened(context: MemberContext, texts: Mapping[str, str | None]) -> KeyReference:
    """RemainingName is always relative to RootObject; CompleteName may be absolute, and on XP it is
    relative to a key that the callback is not told.
    """
    root = context.values.get("RootObject", 0)
    remaining = texts.get("RemainingName")
    if remaining is not None:
        return _below(context, "RemainingName", root, remaining.lstrip("\\"))
    return _named(context, texts, "CompleteName", root)


def _named(
    context: MemberContext, texts: Mapping[str, str | None], member: str, root: int
) -> KeyReference:
    """A name that is absolute when it starts with a backslash, else relative to ``root``."""
    name = texts.get(member)
    if name is None:
        return KeyReference(member, root, None, None)
    if name.startswith("\\"):
        return KeyReference(member, 0, name, name)
    return _below(context, member, root, name)


def _below(context: MemberContext, member: str, root: int, name: str) -> KeyReference:
    path = context.key_path(root) if root else None
    if path is not None and name:
        path = f"{path}\\{name}"
    return KeyReference(member, root, name, path)
