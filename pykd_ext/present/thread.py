"""A thread and the callbacks that it is in, as text."""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.callback_fields import owner_text
from ..documents.text import address_text, printable
from ..kernel.listing import RegistryCallback
from ..target.debugger_commands import pointers_command, unassemble_command
from ..triage.bug_checks import facts_of
from ..triage.thread_scene import ThreadScene
from .text import link

__all__ = ["thread_text"]

_SHOWN = 40  # code addresses
_PLACE_WIDTH = 17  # columns


def thread_text(scene: ThreadScene) -> str:
    """About 30 lines."""
    return "\n".join([*_head(scene), *_callbacks(scene), *_stack(scene), *_drivers(scene)])


def _head(scene: ThreadScene) -> Iterator[str]:
    target, requestor = scene.target, scene.requestor
    where = f" {printable(target.path)}" if target.path else ""
    yield f"Windows {target.version} {target.architecture}, {target.kind}{where}"
    if scene.bug_check:
        crash = scene.bug_check
        parameters = ", ".join(f"{each:#x}" for each in crash.parameters)
        name = facts_of(crash.code).name
        yield f"bug check {crash.code:#x} {name}{' ' if name else ''}({parameters})"
    if requestor is None:
        yield "thread: not known"
        return
    number = "" if requestor.thread_id is None else f" ({requestor.thread_id})"
    process = printable(requestor.process_name, "unknown")
    if requestor.process_id is not None:
        process += f" ({requestor.process_id})"
    place = address_text(requestor.thread, target.architecture)
    command = f"!thread {requestor.thread:#x}" if requestor.thread else None
    yield f"thread {link(place, command)}{number} of {process}"


def _callbacks(scene: ThreadScene) -> Iterator[str]:
    inside = scene.inside
    if scene.entries:
        yield "in the registry callbacks, the innermost first:"
        yield from (f"  {_row(scene, each)}" for each in scene.entries)
    elif inside.called:
        yield "by its stack alone, in a registry callback of:"
        for each in inside.called:
            yield f"  {owner_text(each.owner)}  {printable(each.symbol)}"
    else:
        yield "in no registry callback that is known of"
    if scene.told:
        keys = ", ".join(map(printable, scene.key_paths))
        yield f"what that is told: {scene.class_name}{f' of {keys}' if keys else ''}"


def _row(scene: ThreadScene, entry: RegistryCallback) -> str:
    callback = entry.block
    state = "running" if callback.address in scene.inside.running else "told   "
    block = link(
        address_text(callback.address, scene.target.architecture),
        f"regcb show {callback.address:#x}",
    )
    if callback.function is None:
        return f"{state}  block {block}: {'; '.join(map(printable, callback.problems))}"
    return (
        f"{state}  {printable(callback.altitude)}  {printable(entry.function_symbol)}  "
        f"{owner_text(entry.owner)}  block {block}"
    )


def _stack(scene: ThreadScene) -> Iterator[str]:
    stack = scene.inside.stack
    yield f"code on its stack, the innermost first ({len(stack)}):"
    for each in stack[:_SHOWN]:
        place = each.link or "at"
        if each.place:
            place = address_text(each.place, scene.target.architecture)
        gap = " " * max(_PLACE_WIDTH - len(place), 0)
        doubt = "" if each.follows_call or not each.place else "  (no code here to see its call)"
        place = link(place, pointers_command(each.place)) + gap
        yield f"  {place}  {link(printable(each.symbol), unassemble_command(each.address))}{doubt}"
    if len(stack) > _SHOWN:
        yield f"  and {len(stack) - _SHOWN} more (--json has them)"


def _drivers(scene: ThreadScene) -> Iterator[str]:
    unloaded = ", ".join(printable(each, "(unreadable name)") for each in scene.unloaded)
    yield f"{scene.loaded} loaded drivers; unloaded: {unloaded or 'none'}"
    yield from (f"! {printable(each)}" for each in scene.problems)
