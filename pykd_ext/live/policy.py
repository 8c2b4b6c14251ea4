"""Rules that say which registry operations may happen: what ``guard`` enforces."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..notify.classes import CLASSES
from .globs import KeyGlob
from .nearest_paths import NearestPaths

__all__ = [
    "ACTIONS", "PRE_CLASSES", "STATUS_CALLBACK_BYPASS", "Asked", "Policy", "Rule",
]  # fmt: skip

ACTIONS = ("allow", "deny", "bypass", "log")

STATUS_CALLBACK_BYPASS = 0xC0000503  # ntstatus.h


class Asked(NamedTuple):
    """One operation, as a rule looks at it; None is what could not be found out."""

    notify_class: int
    key: str | None
    value: str | None  # its name, "" for the default value; None: it is about no value
    process_name: str | None
    process_id: int | None
    user_mode: bool | None


class Rule(NamedTuple):
    """One rule; a condition that is None fits everything, and one whose fact is not known nothing.

    ``status`` is what the callback returns: STATUS_SUCCESS for ``allow``, None for ``log``, which
    leaves the decision to the callback. ``line`` is where the rule starts in its file.
    """

    name: str
    line: int
    action: str
    status: int | None
    classes: frozenset[int]
    keys: tuple[KeyGlob, ...] | None = None
    values: tuple[re.Pattern[str], ...] | None = None
    process_names: tuple[re.Pattern[str], ...] | None = None
    process_ids: frozenset[int] = frozenset()
    user_mode: bool | None = None

    def matches(self, asked: Asked) -> bool:
        """Whether this rule speaks about the operation."""
        return (
            asked.notify_class in self.classes
            and self._fits_process(asked)
            and self.user_mode in (None, asked.user_mode)
            and _fits(self.values, asked.value)
            and (
                self.keys is None
                or (asked.key is not None and any(each.matches(asked.key) for each in self.keys))
            )
        )

    def _fits_process(self, asked: Asked) -> bool:
        if self.process_names is None:
            return True
        return asked.process_id in self.process_ids or (
            bool(self.process_names) and _fits(self.process_names, asked.process_name)
        )


def _fits(patterns: tuple[re.Pattern[str], ...] | None, text: str | None) -> bool:
    if patterns is None:
        return True
    return text is not None and any(each.fullmatch(text) for each in patterns)


class Policy(NamedTuple):
    """Rules in order: the first that fits decides. ``nearest`` sees every key that is asked for."""

    path: str
    rules: tuple[Rule, ...]
    nearest: tuple[NearestPaths, ...] = ()

    @property
    def classes(self) -> frozenset[int]:
        """Those that any rule speaks about: of others nothing needs to be read."""
        return frozenset().union(*(rule.classes for rule in self.rules))

    def decide(self, asked: Asked) -> Rule | None:
        """The rule that decides, None where the callback is left to itself."""
        for each in self.nearest:
            each.see([] if asked.key is None else [asked.key])
        return next((rule for rule in self.rules if rule.matches(asked)), None)


PRE_CLASSES = frozenset(each for each in CLASSES if each.phase == "pre")
