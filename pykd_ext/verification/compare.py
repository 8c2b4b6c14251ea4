"""The tables' row, field by field, against what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Callable

from ..kernel.callback_block import LEGACY_ALTITUDE
from ..kernel.callbacks import read_callbacks
from ..kernel.layouts import BlockLayout
from ..kernel.locate import Located, locate_list
from ..live.call_site import CallSite
from ..live.data_flow import Location
from ..target.errors import RegcbError, SymbolNotFound
from .dispatch import Dispatch, Return
from .fields import Fields
from .outcome import Row, offsets_text
from .registrations import Registered, Registrations
from .room import BOOT_TIME
from .room_target import RoomTarget
from .stand_ins import Pool

__all__ = ["block_rows", "dispatch_rows", "found_places", "list_rows", "place_row", "seen_layout"]

_TAG, _ALTITUDE_TAG = "CMcb", "CMca"  # SOURCES 1.1
_COLLISION = 0xC01C0011  # STATUS_FLT_INSTANCE_ALTITUDE_COLLISION (SOURCES 2.1)


def block_rows(table: BlockLayout, registered: Registrations, fields: Fields) -> Iterator[Row]:
    """The block's size, tag and fields that registering tells."""
    sizes = " or ".join(f"{each:#x}" for each in fields.sizes)
    yield Row("block size", f"{table.size:#x}", sizes, fields.sizes == (table.size,))
    yield Row("block tag", _TAG, " or ".join(fields.tags), fields.tags == (_TAG,))
    yield _offset("LIST_ENTRY of CallbackListHead", table.link, (registered.link,))
    yield _offset("Cookie", table.cookie, fields.cookie)
    yield _offset("CallerContext", table.caller_context, fields.caller_context)
    yield _offset("Function", table.function, fields.function)
    yield _offset("Altitude", table.altitude, fields.altitude)
    yield _offset("ObjectContextListHead", table.object_contexts, fields.object_contexts)
    tags = " or ".join(fields.altitude_tags) or "not seen"
    yield Row("tag of the altitude's text", _ALTITUDE_TAG, tags, tags == _ALTITUDE_TAG)


def _offset(what: str, table: int, seen: tuple[int, ...]) -> Row:
    """Holds where it is the only one; of several, none is proved."""
    holds = None if len(seen) > 1 and table in seen else seen == (table,)
    return Row(what, f"+{table:#04x}", offsets_text(seen), holds)


def list_rows(
    target: RoomTarget, pool: Pool, table: BlockLayout, registered: Registrations, started: bool
) -> Iterator[Row]:
    """The list's head and counters, its order, and what registering and removing answer.

    ``started``: the list was made in the room, and not long ago.
    """
    head, count, cookie = found_places(
        target,
        ("CallbackListHead", "CmpCallBackCount", "CmpCallbackCookie"),
        lambda: locate_list(target, table),
    )
    yield place_row(target, "CallbackListHead", head, (registered.head,))
    yield place_row(target, "CmpCallBackCount", count, registered.counts)
    yield place_row(target, "CmpCallbackCookie", cookie, registered.cookies)
    yield _order(registered)
    legacy = registered.legacy_altitude or "not seen"
    yield Row("legacy altitude", LEGACY_ALTITUDE, legacy, legacy == LEGACY_ALTITUDE)
    yield Row(
        "an altitude that is taken", f"{_COLLISION:#010x}", f"{registered.again.status:#010x}",
        registered.again.status == _COLLISION,
    )  # fmt: skip
    yield _cookies(registered, started)
    gone = registered.made[0].block not in registered.order_after
    freed = (
        registered.made[0].block is not None and registered.made[0].block.address not in pool.blocks
    )
    done = "off the list and freed" if gone and freed else "still there"
    status = f"{registered.unregistered:#010x}"
    yield Row(
        "CmUnRegisterCallback", "0x00000000, off the list and freed", f"{status}, {done}",
        registered.unregistered == 0 and gone and freed,
    )  # fmt: skip
    yield _listed(target, registered)


def found_places(
    target: RoomTarget, names: Sequence[str], locate: Callable[[], Located]
) -> tuple[int | None, ...]:
    """Where regcb finds what is called ``names``: by symbols, else by the code, which tells the
    head and both counters."""
    target.memory.invalidate()
    try:
        return tuple(target.symbol(name) for name in names)
    except SymbolNotFound:
        found = locate()
        return found.head, found.callback_count, found.last_cookie


def place_row(target: RoomTarget, what: str, table: int | None, seen: tuple[int, ...]) -> Row:
    """Where regcb finds what the kernel was seen to keep at ``seen``; VAs."""

    def text(address: int) -> str:
        return f"nt+{address - target.nt_base:#x}"

    return Row(
        what,
        "not found" if table is None else text(table),
        " or ".join(map(text, seen)) or "not seen",
        table is not None and seen == (table,),
    )


def _order(registered: Registrations) -> Row:
    """The highest altitude first, equal legacy ones in the order of registration."""
    made = sorted(registered.made, key=lambda each: -int(each.altitude or 0))
    first, second = registered.legacy
    wanted = [first, second, *made]
    seen = registered.registered(registered.order)
    names = {first: "1st legacy", second: "2nd legacy"}

    def text(order: list[Registered]) -> str:
        return ", ".join(each.altitude or names[each] for each in order)

    return Row("order", text(wanted), text(seen), wanted == seen)


def _cookies(registered: Registrations, started: bool) -> Row:
    """They count up from the system time, and a refused registration uses one up."""
    kept = [each.cookie for each in (*registered.made, *registered.legacy)]
    numbers = [kept[0] + each for each in (0, 1, 2, 4, 5)]
    steps = ", ".join(f"+{each - kept[0]}" for each in kept)
    wanted = ", ".join(f"+{each - kept[0]}" for each in numbers)
    if not started:
        return Row("cookies", wanted, steps, kept == numbers)
    is_time = 0 < kept[0] - BOOT_TIME < 0x100
    first = "the time at start" if is_time else f"{kept[0]:#x}"
    return Row(
        "cookies", f"the time at start, {wanted}", f"{first}, {steps}",
        kept == numbers and is_time,
    )  # fmt: skip


def _listed(target: RoomTarget, registered: Registrations) -> Row:
    """What ``list`` reads of these callbacks."""
    wanted = registered.registered(registered.order_after)
    target.memory.invalidate()
    try:
        read = read_callbacks(target).callbacks
    except RegcbError as error:
        return Row("what list reads", f"{len(wanted)} callbacks", str(error), False)
    right = sum(
        (each.function, each.context, each.cookie) == (one.function, one.context, one.cookie)
        and each.altitude == (one.altitude or registered.legacy_altitude)
        for each, one in zip(read, wanted)
    )
    return Row(
        "what list reads", f"{len(wanted)} callbacks", f"{right} of {len(read)} as registered",
        right == len(read) == len(wanted),
    )  # fmt: skip


def dispatch_rows(table: BlockLayout, dispatch: Dispatch) -> Iterator[Row]:
    """What only calling the callbacks tells."""
    calls, seen = len(dispatch.calls), len(dispatch.returns)
    yield Row(
        "returns behind the calls that are known", f"{calls}", f"{seen} of {calls}", seen == calls
    )
    yield _optional("PreCallListCount", table.active_uses, dispatch.active_uses)
    if dispatch.flags is not None:
        yield _optional("the flag of internal callbacks", table.flags, dispatch.flags)
    elif table.flags is None:
        yield Row("the flag of internal callbacks", "none", "no extended argument", True)
    for site in dispatch.sites:
        back = [each for each in dispatch.returns if each.site == site]
        where = f"call at nt+{site.call - dispatch.base:#x}"
        if not back:
            yield Row(f"{where}", _site_text(site), "not reached", None)
            continue
        for what, place, right in (
            ("block", site.block, [_block_holds(each) for each in back]),
            ("class", site.notify_class, [each.number == each.call.number for each in back]),
            ("information", site.information, [_information_holds(each) for each in back]),
        ):
            yield Row(
                f"{where}: {what}", place_text(place),
                f"{sum(right)} of {len(right)} returns", all(right),
            )  # fmt: skip


def _optional(what: str, table: int | None, seen: tuple[int, ...]) -> Row:
    if table is None:
        return Row(what, "none", offsets_text(seen) if seen else "none", not seen)
    return Row(what, f"+{table:#04x}", offsets_text(seen), seen == (table,))


def _site_text(site: CallSite) -> str:
    return ", ".join(place_text(each) for each in (site.block, site.notify_class, site.information))


def place_text(place: Location | None) -> str:
    """``rbx``, ``[rsp+0x28]``."""
    if place is None:
        return "the thread's list"
    if place.offset is None:
        return place.register
    sign = "-" if place.offset < 0 else "+"
    return f"[{place.register}{sign}{abs(place.offset):#x}]"


def _block_holds(each: Return) -> bool:
    block = each.call.registered.block
    return each.site.block is None or (block is not None and each.block == block.address)


def _information_holds(each: Return) -> bool:
    return each.information == each.call.information


def seen_layout(
    table: BlockLayout, registered: Registrations, fields: Fields, dispatch: Dispatch | None
) -> tuple[dict[str, int | None] | None, tuple[str, ...]]:
    """The layout as it was seen, and which fields of it only the table says."""
    certain = {
        "cookie": fields.cookie, "caller_context": fields.caller_context,
        "function": fields.function, "altitude": fields.altitude, "size": fields.sizes,
    }  # fmt: skip
    if any(len(each) != 1 for each in certain.values()):
        return None, ()
    layout: dict[str, int | None] = {name: offsets[0] for name, offsets in certain.items()}
    layout["link"] = registered.link
    unseen = []
    optional = {
        "object_contexts": fields.object_contexts,
        "active_uses": dispatch.active_uses if dispatch else (),
        "flags": (dispatch.flags if dispatch else None) or (),
    }
    for name, offsets in optional.items():
        if len(offsets) == 1:
            layout[name] = offsets[0]
        else:
            layout[name] = getattr(table, name)
            unseen += [] if dispatch and layout[name] is None else [name]
    return layout, tuple(unseen)
