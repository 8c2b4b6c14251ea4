"""What to type next about a finding: its own next step, and a look at each address it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..triage.finding import Finding

__all__ = ["next_commands"]

# How the debugger shows what a piece of evidence with this name is the address of.
_LOOKS = {
    "function": "u {}",
    "differs_at": "u {}",
    "encloses": "uf {}",
    "image": "db {}",
    "head": "dps {} L2",
    "flink": "dps {} L2",
    "blink": "dps {} L2",
    "address": "dps {}",
    "context": "dps {}",
    "block": "dps {}",
    "buffer": "du {}",
    "thread": "!thread {}",
    "waiting_threads": "!thread {}",
    "callback": "regcb show {}",
}
_ADDRESS = re.compile(r"0x[0-9a-f]*[1-9a-f][0-9a-f]*")


def next_commands(finding: Finding) -> list[str]:
    """The finding's own first, each once."""
    looks = [
        form.format(address)
        for name, form in _LOOKS.items()
        for address in _addresses(finding.evidence.get(name))
    ]
    return list(dict.fromkeys([finding.next, *looks]))


def _addresses(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and _ADDRESS.fullmatch(each):
            yield each
