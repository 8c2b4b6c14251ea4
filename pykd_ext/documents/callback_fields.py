"""The one list of a callback's fields: JSON, CSV, the table, the report and ``diff`` follow it."""

from typing import Optional, TypedDict, cast

from ..kernel.drivers import Owner
from ..kernel.listing import RegistryCallback
from ..target.debugger_commands import module_command, pointers_command, unassemble_command
from .field import Column, Field, document_of
from .field_types import (
    ADDRESS,
    ADDRESS_64,
    COUNT,
    FILE_NAME,
    FLAG,
    INDEX,
    NOTES,
    ORDINAL,
    SURE_ADDRESS,
    TEXT,
    words,
)
from .text import address_text, printable

__all__ = [
    "CALLBACK_FIELDS", "CallbackDocument", "callback_document", "function_text", "owner_text",
]  # fmt: skip


def function_text(entry: RegistryCallback, architecture: str) -> str:
    """``netmon!NetMonRegFilter``, the address where there is no symbol."""
    return printable(entry.function_symbol, address_text(entry.block.function, architecture))


def owner_text(owner: Owner) -> str:
    """The owner's file name, or what is known of it in brackets."""
    if owner.state in ("loaded", "unloaded"):
        return printable(owner.name, "(unreadable name)")
    return "(none)" if owner.state == "none" else "(unknown)"


def _unassemble(entry: RegistryCallback) -> Optional[str]:
    return unassemble_command(entry.block.function)


def _module_details(entry: RegistryCallback) -> Optional[str]:
    return module_command(entry.owner.module) if entry.owner.state == "loaded" else None


_FUNCTION = Column("Function", 26, function_text, _unassemble, takes_rest=True)
_CALLER_CONTEXT = Column("Context", 17, command=lambda entry: pointers_command(entry.block.context))
_OWNER = Column("Owner", 15, lambda entry, _: owner_text(entry.owner), _module_details)
_BLOCK = Column("Callback", 17, command=lambda entry: f"regcb show {entry.block.address:#x}")
_PATH = Column("Path", text=lambda entry, _: printable(entry.owner.path, ""))
_OWNER_STATES = words("loaded", "unloaded", "none", None)
_WITNESSES = words("list", "vector", "back-links", "thread", "object-context", "carved", "address")

# In the order of the columns.
CALLBACK_FIELDS = (
    Field("index", INDEX, lambda entry: entry.number, column=Column("#", 4)),
    Field("altitude", TEXT, lambda entry: entry.block.altitude, compared=True,
          column=Column("Altitude", 12)),
    Field("function_symbol", TEXT, lambda entry: entry.function_symbol, column=_FUNCTION),
    Field("function", ADDRESS, lambda entry: entry.block.function, compared=True),
    Field("owner", FILE_NAME, lambda entry: entry.owner.name, compared=True, column=_OWNER),
    Field("owner_base", ADDRESS, lambda entry: entry.owner.base),
    Field("owner_state", _OWNER_STATES, lambda entry: entry.owner.state, compared=True),
    Field("context", ADDRESS, lambda entry: entry.block.context, column=_CALLER_CONTEXT),
    Field("cookie", ADDRESS_64, lambda entry: entry.block.cookie, column=Column("Cookie", 17)),
    Field("address", SURE_ADDRESS, lambda entry: entry.block.address, column=_BLOCK),
    Field("registration", ORDINAL, lambda entry: entry.registration, column=Column("Reg")),
    Field("active_uses", COUNT, lambda entry: entry.block.active_uses, column=Column("Uses")),
    Field("object_contexts", COUNT, lambda entry: entry.block.object_contexts,
          column=Column("Objects")),
    Field("unregistering", FLAG, lambda entry: entry.block.unregistering, compared=True),
    Field("internal", FLAG, lambda entry: entry.block.internal, compared=True),
    Field("found_by", _WITNESSES, lambda entry: entry.block.found_by, compared=True,
          column=Column("Found by")),
    Field("owner_path", FILE_NAME, lambda entry: entry.owner.path, compared=True, column=_PATH),
    Field("problems", NOTES, lambda entry: entry.block.problems),
)  # fmt: skip


class CallbackDocument(TypedDict):
    """The same for type checkers, which read no table (a test holds it to the fields)."""

    index: int
    altitude: Optional[str]
    function_symbol: Optional[str]
    function: Optional[str]
    owner: Optional[str]
    owner_base: Optional[str]
    owner_state: Optional[str]
    context: Optional[str]
    cookie: Optional[str]
    address: str
    registration: Optional[int]
    active_uses: Optional[int]
    object_contexts: Optional[int]
    unregistering: bool
    internal: bool
    found_by: str
    owner_path: Optional[str]
    problems: list[str]


def callback_document(entry: RegistryCallback) -> CallbackDocument:
    """One callback."""
    return cast(CallbackDocument, document_of(CALLBACK_FIELDS, entry))
