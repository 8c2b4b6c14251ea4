"""One registry key object as text."""

from __future__ import annotations

from collections.abc import Iterator

from ..documents.key import last_write_text
from ..documents.text import address_text, printable
from ..kernel.key_control_blocks import KeyControlBlock
from ..kernel.key_details import KeyContext, KeyDetails
from ..kernel.key_layouts import HCELL_NIL, KEY_FLAGS
from ..kernel.listing import TargetFacts
from ..notify.words import flag_words
from ..target.debugger_commands import pointers_command
from .text import link

__all__ = ["key_text"]


def key_text(facts: TargetFacts, details: KeyDetails) -> str:
    """A block of about eight lines."""
    lines = [
        *(f"{title:<14}{text}" for title, text in _fields(facts, details)),
        *_contexts(facts, details.contexts),
        *(f"! {printable(each)}" for each in details.problems),
    ]
    return "\n".join(lines)


def _fields(facts: TargetFacts, details: KeyDetails) -> Iterator[tuple[str, str]]:
    key = details.key
    yield "path", link(printable(key.path), f"!object {key.address:#x}")
    if key.is_upper_cased:
        yield "", "(upper-cased: put together from the names that the kernel compares)"
    if key.states:
        yield "state", ", ".join(key.states)
    if details.lower_path:
        yield "over", printable(details.lower_path)
    yield "opened by", _process(details)
    yield "key object", _linked(facts, key.address, "!reg kbody")
    if key.flags is not None:
        yield "", f"flags {key.flags:#x}"
    yield "control block", _linked(facts, key.key_control_block, "!reg kcb")
    if key.block is not None:
        yield "", _flags(key.block)
        yield "references", str(key.block.ref_count)
        yield "last write", last_write_text(key.block) or "?"
    if details.counts is not None:
        yield "subkeys", _count(details.counts.sub_keys)
        yield "values", _count(details.counts.values)
    if key.transaction is not None:
        yield "transaction", _memory(facts, key.transaction) if key.transaction else "none"


def _linked(facts: TargetFacts, address: int, command: str) -> str:
    return link(address_text(address, facts.architecture), f"{command} {address:#x}")


def _memory(facts: TargetFacts, address: int) -> str:
    return link(address_text(address, facts.architecture), pointers_command(address))


def _process(details: KeyDetails) -> str:
    number = f"process {details.key.process_id}"
    if details.process is None:
        return number
    name = link(printable(details.process.name), f"!process {details.process.address:#x} 0")
    return f"{name} ({number})"


def _flags(block: KeyControlBlock) -> str:
    names = ", ".join(flag_words(block.flags, KEY_FLAGS))
    cell = "none" if block.key_cell == HCELL_NIL else f"{block.key_cell:#x}"
    return f"flags {block.flags:#x}{f' ({names})' if names else ''}, cell {cell}"


def _count(count: int | None) -> str:
    return "not in the control block" if count is None else str(count)


def _contexts(facts: TargetFacts, contexts: list[KeyContext]) -> Iterator[str]:
    if not contexts:
        return
    yield f"object contexts (CmSetCallbackObjectContext): {len(contexts)}"
    for each in contexts:
        context = _memory(facts, each.context.context)
        block = address_text(each.context.block, facts.architecture)
        if each.function is None:
            yield f"  callback {block}  context {context}"
            continue
        name = printable(each.function_symbol, block)
        name = link(name, f"regcb show {each.context.block:#x}")
        yield f"  {name}, altitude {printable(each.altitude)}  context {context}"
