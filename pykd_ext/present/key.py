"""One registry key object, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..documents.target import facts_document
from ..documents.text import address_text, hexadecimal, printable
from ..kernel.key_control_blocks import KeyControlBlock
from ..kernel.key_details import KeyContext, KeyDetails
from ..kernel.key_layouts import HCELL_NIL, KEY_HIVE_ENTRY, KEY_VIRT_TARGET
from ..kernel.listing import TargetFacts
from .text import OWN_COMMAND, link

__all__ = ["key_document", "key_text"]

KEY_SCHEMA = "regcb.key/1"

_FLAG_NAMES = ((KEY_HIVE_ENTRY, "KEY_HIVE_ENTRY"), (KEY_VIRT_TARGET, "KEY_VIRT_TARGET"))


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
    yield "path", printable(key.path)
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
        yield "", _control_block(key.block)


def _linked(facts: TargetFacts, address: int, command: str) -> str:
    return link(address_text(address, facts.architecture), f"{command} {address:#x}")


def _process(details: KeyDetails) -> str:
    number = f"process {details.key.process_id}"
    if details.process is None:
        return number
    name = link(printable(details.process.name), f"!process {details.process.address:#x} 0")
    return f"{name} ({number})"


def _control_block(block: KeyControlBlock) -> str:
    flags = ", ".join(name for bit, name in _FLAG_NAMES if block.flags & bit)
    cell = "none" if block.key_cell == HCELL_NIL else f"{block.key_cell:#x}"
    return f"flags {block.flags:#x}{f' ({flags})' if flags else ''}, cell {cell}"


def _contexts(facts: TargetFacts, contexts: list[KeyContext]) -> Iterator[str]:
    if not contexts:
        return
    yield f"object contexts (CmSetCallbackObjectContext): {len(contexts)}"
    for each in contexts:
        context = address_text(each.context.context, facts.architecture)
        block = address_text(each.context.block, facts.architecture)
        if each.function is None:
            yield f"  callback {block}  context {context}"
            continue
        name = printable(each.function_symbol, block)
        name = link(name, f"{OWN_COMMAND} show {each.context.block:#x}")
        yield f"  {name}, altitude {printable(each.altitude)}  context {context}"


def key_document(facts: TargetFacts, details: KeyDetails) -> dict[str, Any]:
    """``regcb.key/1``."""
    key, block = details.key, details.key.block
    return {
        "schema": KEY_SCHEMA,
        "target": facts_document(facts),
        "address": hexadecimal(key.address),
        "path": key.path,
        "path_is_upper_cased": key.is_upper_cased,
        "states": list(key.states),
        "lower_path": details.lower_path,
        "flags": hexadecimal(key.flags),
        "process": {
            "id": key.process_id,
            "name": details.process.name if details.process else None,
            "address": hexadecimal(details.process.address) if details.process else None,
        },
        "control_block": {
            "address": hexadecimal(key.key_control_block),
            "flags": hexadecimal(block.flags) if block else None,
            "key_cell": hexadecimal(block.key_cell) if block else None,
            "layer_height": block.layer_height if block else None,
            "parent": hexadecimal(block.parent) if block else None,
        },
        "contexts": [_context_document(each) for each in details.contexts],
        "problems": list(details.problems),
    }


def _context_document(each: KeyContext) -> dict[str, Any]:
    return {
        "address": hexadecimal(each.context.address),
        "context": hexadecimal(each.context.context),
        "cookie": hexadecimal(each.context.cookie),
        "callback": hexadecimal(each.context.block),
        "altitude": each.altitude,
        "function": hexadecimal(each.function),
        "function_symbol": each.function_symbol,
    }
