"""What decoding yields: one notification, its members, and the keys that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .classes import NotifyClass
from .values import DEFAULT_VALUE, ValueData

__all__ = ["Field", "KeyReference", "Notification"]


class Field(NamedTuple):
    """One member of the structure.

    ``value`` is its raw content, None where the structure itself could not be read there.
    ``text`` says in words what it is or points to, None where the number says it all. ``problem``
    is why there is no text, with the address that was to blame.
    """

    name: str
    offset: int
    type: str
    value: int | None
    text: str | None = None
    problem: str | None = None


class KeyReference(NamedTuple):
    """A key that the notification is about.

    ``member`` is where it stands in the structure (in a post notification, its own or that of the
    pre structure). The key is called ``name`` below the key object ``root`` (a VA): an empty name
    is the root itself, None could not be read; root 0 means that the name is absolute, or that
    nothing says what it is relative to. ``path`` is the full path, None where it is not known.
    """

    member: str
    root: int
    name: str | None
    path: str | None


@dataclass(frozen=True)
class Notification:
    """One notification, decoded as far as its memory could be read.

    ``address`` is the VA of the structure, ``structure`` its name (None for an unknown class, whose
    first bytes are then in ``raw``). ``extended`` is the VA of an internal callback's argument that
    led to it. ``status`` is the operation's NTSTATUS (post only, unsigned). ``value`` is the data
    that RegNtPreSetValueKey sets. ``pre`` is what PreInformation leads to.
    """

    notify_class: NotifyClass
    address: int
    structure: str | None = None
    fields: tuple[Field, ...] = ()
    keys: tuple[KeyReference, ...] = ()
    value: ValueData | None = None
    status: int | None = None
    pre: Notification | None = None
    extended: int | None = None
    raw: bytes = b""
    problems: tuple[str, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Whether nothing at all could be read; ``problems`` says why."""
        return not self.raw and all(each.value is None for each in self.fields)

    @property
    def value_name(self) -> str | None:
        """The name of the value that the operation is about, "" for the default one; None where it
        is about no value, or the name cannot be read."""
        field = (self.pre or self).field("ValueName")
        if field is None or field.value is None or field.problem:
            return None
        return "" if field.text == DEFAULT_VALUE else field.text

    def field(self, name: str) -> Field | None:
        """The member called ``name``, None when this structure has none."""
        return next((each for each in self.fields if each.name == name), None)
