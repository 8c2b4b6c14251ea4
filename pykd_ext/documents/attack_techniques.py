"""What a finding is in MITRE ATT&CK: the technique that its own text describes, where one does.

Its words are those of ATT&CK for Enterprise, version 18.1.
"""

from __future__ import annotations

from typing import NamedTuple

from .callback_fields import CallbackDocument
from .findings import FindingDocument

__all__ = ["ATTACK_VERSION", "DEFENSE_EVASION", "Technique", "technique_of"]

ATTACK_VERSION = "18.1"
DEFENSE_EVASION = ("TA0005", "Defense Evasion")  # the tactic of all that are here


class Technique(NamedTuple):
    """``id`` as T1562; ``part`` is the sub-technique as T1562.001, None for one without; names are
    ATT&CK's."""

    id: str
    name: str
    part: str | None = None
    part_name: str | None = None


# A product's callback is a change that it makes to the system to see what happens there, and what
# takes it away "unhooks" it; ATT&CK says so of tools in general.
_DISABLED_TOOL = Technique("T1562", "Impair Defenses", "T1562.001", "Disable or Modify Tools")
# The same done to ETW, which ATT&CK has by name.
_BLOCKED_INDICATOR = Technique("T1562", "Impair Defenses", "T1562.006", "Indicator Blocking")
# A driver that intercepts the system's work, and is hidden.
_ROOTKIT = Technique("T1014", "Rootkit")

_OF_ETW = "nt!EtwpRegTraceCallback"  # SOURCES 2.3

# Not here: what a careless driver, a packer or a crash leaves as well (owner-unloaded,
# function-section, callback-crashed), and changes of a block that keep nobody from seeing anything
# (flags-forged, altitude-malformed).
_TECHNIQUES = {
    "callbacks-disabled": _DISABLED_TOOL,
    "context-foreign": _DISABLED_TOOL,
    "count-mismatch": _DISABLED_TOOL,
    "entry-orphaned": _DISABLED_TOOL,
    "function-inside": _DISABLED_TOOL,
    "function-null": _DISABLED_TOOL,
    "function-shared": _DISABLED_TOOL,
    "head-links-disagree": _DISABLED_TOOL,
    "kernel-code-patched": _DISABLED_TOOL,
    "list-broken": _DISABLED_TOOL,
    "order-broken": _DISABLED_TOOL,
    "owner-kernel": _DISABLED_TOOL,
    "owner-none": _ROOTKIT,
    "prologue-patched": _DISABLED_TOOL,
    "unregister-pending": _DISABLED_TOOL,
}


def technique_of(finding: FindingDocument, callback: CallbackDocument | None) -> Technique | None:
    """Of a finding about ``callback`` (None: about the list). None for what no technique is known
    by, and for an ``info``, which the usual course of things explains."""
    if finding["severity"] == "info":
        return None
    technique = _TECHNIQUES.get(finding["id"])
    if technique == _DISABLED_TOOL and callback and callback["function_symbol"] == _OF_ETW:
        return _BLOCKED_INDICATOR
    return technique
