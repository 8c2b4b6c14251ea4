"""POLICY.toml: read whole and judged whole, before anything is set in a target. What stands in one:
docs/live.md, "A policy".
"""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Callable, NoReturn

from ..notify.classes import CLASSES, NotifyClass, find_class
from ..notify.ntstatus import status_text, status_value
from ..target.errors import RegcbError
from .globs import KeyGlob, process_pattern, value_pattern
from .policy import ACTIONS, PRE_CLASSES, STATUS_CALLBACK_BYPASS, Policy, Rule

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["PolicyError", "parse_policy", "read_policy"]

_STATUS_SUCCESS = 0
_ACCESS_DENIED = 0xC0000022
_UNANSWERED = frozenset(each for each in PRE_CLASSES if each.ignores_status)
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class PolicyError(RegcbError):
    """A policy cannot be used: its file, the line from 1, and the reason."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


def read_policy(path: str) -> Policy:
    """The policy in a file; raises PolicyError, also for a file that cannot be read.

    >>> policy = pykd_ext.read_policy("samples/policies/let_me_write.toml")
    >>> [(rule.line, rule.name, rule.action) for rule in policy.rules]
    [(4, 'regedit may write', 'allow')]
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyError(path, 1, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PolicyError(path, 1, f"is not UTF-8: byte {error.start}") from None
    return parse_policy(text, path)


def parse_policy(text: str, path: str = "policy") -> Policy:
    """The policy that ``text`` is; raises PolicyError with ``path`` in it."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of TOML, of a long number, of many brackets
        raise _syntax_error(path, str(error), text) from None
    for word in document:
        if word != "rule":
            raise PolicyError(path, _line_with(text, word), f"{word!r} is not known: only [[rule]]")
    tables = document.get("rule")
    if not tables:
        raise PolicyError(path, 1, "there is no [[rule]] in it, so nothing would be guarded")
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise PolicyError(path, _line_with(text, "rule"), "rules are written as [[rule]]")
    starts = [number for number, line in _lines(text) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
    starts += [1] * (len(tables) - len(starts))  # rule = [{...}], on lines that nobody can tell
    rules = (
        _RuleReader(path, text, start, index, table).rule()
        for index, (start, table) in enumerate(zip(starts, tables), 1)
    )
    return Policy(path, tuple(rules))


def _syntax_error(path: str, message: str, text: str) -> PolicyError:
    found = _AT_LINE.search(message)
    line = int(found[1]) if found else len(text.splitlines()) or 1
    return PolicyError(path, line, f"no TOML: {_AT_LINE.sub('', message)}")


def _lines(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines(), 1))


def _line_with(text: str, word: str, start: int = 1) -> int:
    """The line from ``start`` on that sets ``word``."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(word)}\b")
    return next((n for n, line in _lines(text) if n >= start and pattern.match(line)), start)


def _is_process_id(found: object) -> bool:
    return type(found) is int and 0 <= found <= 0xFFFF_FFFF


class _RuleReader:
    """One [[rule]]: every mistake in it raises PolicyError with the line of its word."""

    def __init__(self, path: str, text: str, line: int, index: int, table: dict[str, Any]) -> None:
        self._path, self._text, self._line, self._index = path, text, line, index
        self._table = table

    def rule(self) -> Rule:
        readers: dict[str, Callable[[], Any]] = {
            "name": self._name, "classes": self._classes, "keys": self._keys,
            "subkeys": self._subkeys, "values": self._values, "processes": self._processes,
            "mode": self._mode, "action": self._action, "status": self._status,
        }  # fmt: skip
        for word in self._table:
            if word not in readers:
                like = get_close_matches(word, readers, 1)
                hint = f"did you mean {like[0]!r}?" if like else f"one of {', '.join(readers)}"
                self._refuse(word, f"{word!r} is not known: {hint}")
        action = self._action()
        names, numbers = self._processes()
        return Rule(
            name=self._name(),
            line=self._line,
            action=action,
            status=self._status(),
            classes=self._classes(),
            keys=self._keys(),
            values=self._values(),
            process_names=names,
            process_ids=numbers,
            user_mode=self._mode(),
        )

    def _refuse(self, word: str, reason: str) -> NoReturn:
        has_it = word in self._table  # else the next rule's would be found
        line = _line_with(self._text, word, self._line) if has_it else self._line
        raise PolicyError(self._path, line, reason)

    def _word(self, word: str, kind: type, what: str, default: Any) -> Any:
        found = self._table.get(word, default)
        if found is not default and type(found) is not kind:  # a bool is an int
            self._refuse(word, f"{word} is {what}, not {found!r}")
        return found

    def _strings(self, word: str) -> list[str] | None:
        found = self._word(word, list, "a list of strings", None)
        if found is not None and not (found and all(isinstance(each, str) for each in found)):
            self._refuse(word, f"{word} is a list of strings with one at least, not {found!r}")
        return found

    def _name(self) -> str:
        name: str = self._word("name", str, "a string", f"rule {self._index}")
        return name

    def _action(self) -> str:
        action: str = self._word("action", str, "a string", "")
        if action not in ACTIONS:
            what = f"{action!r} is no action" if action else "a rule needs an action"
            self._refuse("action", f"{what}: {', '.join(ACTIONS)}")
        return action

    def _classes(self) -> frozenset[NotifyClass]:
        names, action = self._strings("classes"), self._table["action"]
        if names is None:
            if action == "bypass":
                self._refuse("action", f"bypass needs classes: {self._why_no_bypass()}")
            return PRE_CLASSES - _UNANSWERED if action == "deny" else PRE_CLASSES
        classes = frozenset(self._class(name) for name in names)
        if classes & _UNANSWERED and action in ("deny", "bypass"):
            self._refuse(
                "classes",
                f"{min(classes & _UNANSWERED).name} cannot be refused: the kernel ignores the "
                "status that callbacks return for it",
            )
        owing = sorted(each for each in classes if not each.may_be_bypassed)
        if action == "bypass" and owing:
            self._refuse("classes", self._why_no_bypass(owing[0]))
        return classes

    def _why_no_bypass(self, about: NotifyClass | None = None) -> str:
        which = "some classes" if about is None else about.name
        return (
            f"after STATUS_CALLBACK_BYPASS for {which} the caller takes its outputs (a key object, "
            "a handle, a buffer) for filled, and nobody fills them here"
        )

    def _class(self, name: str) -> NotifyClass:
        found = find_class(name)
        if found is None or not found.is_known:
            names = {each.name[5:].lower(): each.name for each in CLASSES if each.phase == "pre"}
            word = name.lower()
            like = get_close_matches(word[5:] if word.startswith("regnt") else word, names, 1)
            hint = f"did you mean {names[like[0]]}?" if like else "regcb classes lists them"
            self._refuse("classes", f"no notify class {name!r}: {hint}")
        if found.phase != "pre":
            self._refuse(
                "classes",
                f"{found.name} comes when all is decided: rules are about pre-notifications",
            )
        return found

    def _keys(self) -> tuple[KeyGlob, ...] | None:
        globs, subkeys = self._strings("keys"), self._subkeys()
        if globs is None:
            return None
        try:
            return tuple(KeyGlob(each, subkeys) for each in globs)
        except ValueError as error:
            self._refuse("keys", str(error))

    def _subkeys(self) -> bool:
        subkeys: bool = self._word("subkeys", bool, "true or false", False)
        if subkeys and "keys" not in self._table:
            self._refuse("subkeys", "subkeys of which keys?")
        return subkeys

    def _values(self) -> tuple[re.Pattern[str], ...] | None:
        names = self._strings("values")
        return None if names is None else tuple(map(value_pattern, names))

    def _processes(self) -> tuple[tuple[re.Pattern[str], ...] | None, frozenset[int]]:
        found = self._word("processes", list, "a list of names and numbers", None)
        if found is None:
            return None, frozenset()
        if not found or not all(type(each) is str or _is_process_id(each) for each in found):
            self._refuse("processes", f"processes is a list of names and numbers, not {found!r}")
        names = [each for each in found if isinstance(each, str)]
        numbers = frozenset(each for each in found if isinstance(each, int))
        return tuple(map(process_pattern, names)), numbers

    def _mode(self) -> bool | None:
        mode = self._word("mode", str, '"user" or "kernel"', None)
        if mode not in (None, "user", "kernel"):
            self._refuse("mode", f'mode is "user" or "kernel", not {mode!r}')
        return None if mode is None else bool(mode == "user")

    def _status(self) -> int | None:
        action, status = self._table["action"], self._table.get("status")
        if action != "deny":
            if status is not None:
                self._refuse("status", f"{action} has no status: only deny takes one")
            known = {"allow": _STATUS_SUCCESS, "bypass": STATUS_CALLBACK_BYPASS}
            return known.get(action)
        return _ACCESS_DENIED if status is None else self._denial(status)

    def _denial(self, status: object) -> int:
        value = status if type(status) is int else None
        if isinstance(status, str):
            value = status_value(status)
        if value is None or not 0 <= value <= 0xFFFF_FFFF:
            self._refuse("status", f"{status!r} is no NTSTATUS: a name of ntstatus.h, or 32 bits")
        if value == STATUS_CALLBACK_BYPASS:
            self._refuse("status", 'STATUS_CALLBACK_BYPASS is no denial: action = "bypass"')
        if value < 0x8000_0000:
            self._refuse("status", f"{status_text(value)} is a success and would deny nothing")
        return value
