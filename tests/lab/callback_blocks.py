"""The registered callbacks in memory: CallbackListHead's blocks, or XP's CmpCallBackVector.

Layouts, tags and sizes: SOURCES 1.1 to 1.5. They are written down a second time in the lab, apart
from the product's, so that a slip in one of the two shows.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .registrations import LAST_ORDINAL_GAP, Registration
from .world import BOOT_TIME, LoadedImage, World

__all__ = ["BlockLayout", "PlacedCallback", "block_layout", "write_callbacks"]

_KEY_BODY_TYPE = 0x6B793032  # SOURCES 5.1
_POOL_GARBAGE = 0x00650073  # what the pool block held before: letters of some name


class BlockLayout(NamedTuple):
    """Offsets in a callback block, and its size, in bytes. Vista has no count and no flags, but a
    list of threads and a mutex."""

    size: int
    link: int
    uses: int | None
    flags: int | None
    cookie: int
    context: int
    function: int
    altitude: int
    object_contexts: int
    threads: int | None = None
    mutex: int | None = None


_POINTERS = {"LIST_ENTRY": 2, "UNICODE_STRING": 2, "PVOID": 1, "PEX_CALLBACK_FUNCTION": 1}
_BYTES = {"LONG": 4, "ULONG": 4, "CM_COOKIE": 8}


def block_layout(world: World) -> BlockLayout:
    """The layout of the profile's build, as a compiler aligns its members; Vista and later."""
    pointer = world.profile.pointer_size
    offsets: dict[str, int] = {}
    end = 0
    for type_name, name in world.profile.block:
        alignment = _BYTES.get(type_name, pointer)
        offsets[name] = -(-end // alignment) * alignment
        end = offsets[name] + (_BYTES.get(type_name) or _POINTERS[type_name] * pointer)
    return BlockLayout(
        size=-(-end // 8) * 8,  # a cookie has eight bytes
        link=offsets["CallbackListEntry"],
        uses=offsets.get("PreCallListCount"),
        flags=offsets.get("Flags"),
        cookie=offsets["Cookie"],
        context=offsets["CallerContext"],
        function=offsets["Function"],
        altitude=offsets["Altitude"],
        object_contexts=offsets["ObjectContextListHead"],
        threads=offsets.get("ThreadListHead"),
        mutex=offsets.get("Mutex"),
    )


class PlacedCallback(NamedTuple):
    """One registration and where it was put. ``address`` is the block's VA (XP: the routine's)."""

    registration: Registration
    address: int
    altitude_buffer: int
    cookie: int
    function: int
    context: int
    owner: LoadedImage
    slot: int | None = None  # in CmpCallBackVector


def write_callbacks(
    world: World, registrations: list[Registration], isolated: bool
) -> list[PlacedCallback]:
    """Writes them, in the given calling order. ``isolated``: each block on a page of its own."""
    write = _write_slot if world.profile.has_vector else _write_block
    placed = {}
    for registration in sorted(registrations, key=lambda each: each.ordinal):
        if isolated:
            world.paged.new_page()
        placed[registration] = write(world, registration, isolated)
    world.paged.new_page()
    callbacks = [placed[registration] for registration in registrations]
    world.set_ulong("CmpCallBackCount", len(callbacks))
    if not world.profile.has_vector:
        link = block_layout(world).link
        links = [each.address + link for each in callbacks]
        world.space.link(world.nt("CallbackListHead"), links)
        last = max((each.ordinal for each in registrations), default=0) + LAST_ORDINAL_GAP
        world.space.write_unsigned(world.nt("CmpCallbackCookie"), 8, BOOT_TIME + last)
    return callbacks


def _write_block(world: World, registration: Registration, isolated: bool) -> PlacedCallback:
    layout = block_layout(world)
    space = world.space
    block = world.paged.allocate(layout.size, b"CMcb")
    if isolated:
        world.paged.new_page()
    buffer, length = world.paged.text(registration.altitude, b"CMca", terminated=False)
    callback = _placed(world, registration, block, buffer, BOOT_TIME + registration.ordinal)
    if layout.uses is not None:
        space.write_unsigned(block + layout.uses, 4, registration.active_uses)
    if layout.flags is not None:
        flags = int(registration.internal) if world.profile.has_flags else _POOL_GARBAGE
        space.write_unsigned(block + layout.flags, 4, flags)
    if layout.threads is not None and layout.mutex is not None:
        space.link(block + layout.threads, [])
        space.write_pointer(block + layout.mutex, _write_mutex(world, b"CM  "))
    space.write_unsigned(block + layout.cookie, 8, callback.cookie)
    space.write_pointer(block + layout.context, callback.context)
    space.write_pointer(block + layout.function, callback.function)
    space.write_unicode_string(block + layout.altitude, buffer, length, length)
    contexts = [
        _write_object_context(world, callback, index)
        for index in range(registration.object_contexts)
    ]
    space.link(block + layout.object_contexts, contexts)
    return callback


def _write_mutex(world: World, tag: bytes) -> int:
    """A FAST_MUTEX at rest: Count is 1, and its event's list of waiters is empty. Its VA."""
    pointer = world.profile.pointer_size
    mutex = world.paged.allocate(7 * pointer + 4, tag)
    world.space.write_unsigned(mutex, 4, 1)
    world.space.link(mutex + 5 * pointer, [])
    return mutex


def _write_object_context(world: World, callback: PlacedCallback, index: int) -> int:
    """A `CMcc` entry on a key object of its own; the VA of its link in the block's list."""
    pointer = world.profile.pointer_size
    entry = world.paged.allocate(0x40 if pointer == 8 else 0x28, b"CMcc")
    key_body = _write_key_body(world, entry)
    words = struct.pack("<Q", callback.cookie)
    for value in (callback.address, key_body, callback.context + 8 * index):
        words += value.to_bytes(pointer, "little")
    world.space.write(entry + 4 * pointer, words)
    return entry + 2 * pointer


def _write_key_body(world: World, context_entry: int) -> int:
    """Another key object of the driver's service key, whose ContextListHead leads to the entry."""
    header = world.offsets.field("_OBJECT_HEADER", "Body")
    size = world.offsets.size("_CM_KEY_BODY")
    body = world.paged.allocate(header + size, b"Key ") + header
    block = world.registry.keys["Service"].key_control_block
    world.fill(body, "_CM_KEY_BODY", Type=_KEY_BODY_TYPE, KeyControlBlock=block, ProcessID=4)
    world.space.link(world.field(body, "_CM_KEY_BODY", "ContextListHead"), [context_entry])
    return body


def _write_slot(world: World, registration: Registration, isolated: bool) -> PlacedCallback:
    """XP: EX_FAST_REF -> EX_CALLBACK_ROUTINE_BLOCK -> the manager's block with the cookie first.

    Slots are the ordinals, so that the vector has holes; the cached reference count is full, as
    nobody calls back in a crash, but for the second slot.
    """
    pointer = world.profile.pointer_size
    space = world.space
    block = world.paged.allocate(8 + 4 * pointer, b"CMcb")
    # A cookie is the time of its registration here.
    cookie = BOOT_TIME + registration.ordinal * 10_000_000
    if isolated:
        world.paged.new_page()
    routine = world.paged.allocate(3 * pointer, b"Cbrb")
    callback = _placed(world, registration, routine, 0, cookie)
    slot = registration.ordinal
    callback = callback._replace(slot=slot)
    space.write_unsigned(block, 8, cookie)
    space.link(block + 8, [])
    space.write_pointer(block + 8 + 2 * pointer, _write_mutex(world, b"CMcb"))
    space.write_pointer(block + 8 + 3 * pointer, callback.context)
    space.write_pointer(routine + pointer, callback.function)
    space.write_pointer(routine + 2 * pointer, block)
    references = 2 * pointer - 1 if slot != 3 else 2
    space.write_pointer(world.nt("CmpCallBackVector") + slot * pointer, routine | references)
    return callback


def _placed(
    world: World, registration: Registration, address: int, buffer: int, cookie: int
) -> PlacedCallback:
    owner = world.images[registration.owner]
    context = owner.symbols[owner.context] if registration.has_context else 0
    function = owner.symbols[registration.function]
    return PlacedCallback(registration, address, buffer, cookie, function, context, owner)
