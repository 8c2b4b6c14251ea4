"""Whose a driver is: by its version resource, else by Microsoft's list of altitudes.

Both are claims that nothing in memory proves. They tell what is usual from what is not, and never
decide whether something is held against a driver.
"""

from __future__ import annotations

import re

from ..kernel.drivers import Owner
from ..target.errors import MemoryUnreadable
from ..target.memory import Memory
from ..target.version_resource import company_name
from .altitudes import of_driver

__all__ = ["company_of", "same_company"]

# What follows a company's name, and comes and goes: "Microsoft", "Microsoft Corporation".
_LEGAL_FORMS = {
    "ab", "ag", "as", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated",
    "kg", "limited", "llc", "ltd", "oy", "plc", "pty", "sa", "sas", "se", "spa", "sro", "srl",
}  # fmt: skip


def company_of(memory: Memory, owner: Owner) -> str | None:
    """The company of a loaded driver; None where neither its resources nor the list say."""
    if owner.base is not None and owner.state == "loaded":
        try:
            claimed = company_name(memory, owner.base)
        except MemoryUnreadable:
            claimed = None  # paged out, as resources mostly are
        if claimed:
            return claimed
    allocated = of_driver(owner.name or "")
    return allocated[0].company if allocated else None


def same_company(one: str, other: str) -> bool:
    """Whether two spellings name one company: ``Acme, Inc.`` and ``ACME``."""
    return _words(one) == _words(other) != []


def _words(name: str) -> list[str]:
    words = re.findall(r"\w+", name.casefold().replace(".", ""))
    while words and words[-1] in _LEGAL_FORMS:
        words.pop()
    return words
