"""``regcb.key/1``: one registry key object."""

from typing import Optional, TypedDict

from ..kernel.cookies import unix_time
from ..kernel.key_control_blocks import KeyControlBlock
from ..kernel.key_details import KeyContext, KeyDetails
from ..kernel.key_layouts import KEY_FLAGS
from ..kernel.listing import TargetFacts
from ..notify.words import flag_words
from .target import FactsDocument, facts_document
from .text import hexadecimal, time_text

__all__ = ["KeyDocument", "key_document", "last_write_text"]


class OpenerDocument(TypedDict):
    """The process that opened the key; its name and address are None where it has gone."""

    id: int
    name: Optional[str]
    address: Optional[str]


class ControlBlockDocument(TypedDict):
    """The key control block; all but its address is None where it cannot be read."""

    address: str
    flags: Optional[str]
    flag_names: Optional[list[str]]
    key_cell: Optional[str]
    layer_height: Optional[int]
    parent: Optional[str]
    ref_count: Optional[int]
    last_write: Optional[str]
    sub_keys: Optional[int]
    values: Optional[int]


class KeyContextDocument(TypedDict):
    """What one callback remembers of the key."""

    address: str
    context: str
    cookie: str
    callback: str
    altitude: Optional[str]
    function: Optional[str]
    function_symbol: Optional[str]


class KeyDocument(TypedDict):
    """One key object."""

    schema: str
    target: FactsDocument
    address: str
    path: Optional[str]
    path_is_upper_cased: bool
    states: list[str]
    lower_path: Optional[str]
    flags: Optional[str]
    transaction: Optional[str]
    process: OpenerDocument
    control_block: ControlBlockDocument
    contexts: list[KeyContextDocument]
    problems: list[str]


def last_write_text(block: KeyControlBlock) -> Optional[str]:
    """KcbLastWriteTime as ISO 8601 UTC, None where it holds none."""
    return time_text(unix_time(block.last_write)) if block.last_write else None


def key_document(facts: TargetFacts, details: KeyDetails) -> KeyDocument:
    """What ``key --json`` prints."""
    key, block = details.key, details.key.block
    return {
        "schema": "regcb.key/1",
        "target": facts_document(facts),
        "address": hexadecimal(key.address),
        "path": key.path,
        "path_is_upper_cased": key.is_upper_cased,
        "states": list(key.states),
        "lower_path": details.lower_path,
        "flags": hexadecimal(key.flags),
        "transaction": hexadecimal(key.transaction),
        "process": {
            "id": key.process_id,
            "name": details.process.name if details.process else None,
            "address": hexadecimal(details.process.address) if details.process else None,
        },
        "control_block": {
            "address": hexadecimal(key.key_control_block),
            "flags": hexadecimal(block.flags) if block else None,
            "flag_names": flag_words(block.flags, KEY_FLAGS) if block else None,
            "key_cell": hexadecimal(block.key_cell) if block else None,
            "layer_height": block.layer_height if block else None,
            "parent": hexadecimal(block.parent) if block else None,
            "ref_count": block.ref_count if block else None,
            "last_write": last_write_text(block) if block else None,
            "sub_keys": details.counts.sub_keys if details.counts else None,
            "values": details.counts.values if details.counts else None,
        },
        "contexts": [_context(each) for each in details.contexts],
        "problems": list(details.problems),
    }


def _context(each: KeyContext) -> KeyContextDocument:
    return {
        "address": hexadecimal(each.context.address),
        "context": hexadecimal(each.context.context),
        "cookie": hexadecimal(each.context.cookie),
        "callback": hexadecimal(each.context.block),
        "altitude": each.altitude,
        "function": hexadecimal(each.function),
        "function_symbol": each.function_symbol,
    }
