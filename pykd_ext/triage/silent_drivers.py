"""Drivers that could have a callback and have none: what a clean removal leaves (SOURCES 7.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.drivers import Owner
from ..target.debugger_commands import module_command
from ..target.errors import MemoryUnreadable, SymbolNotFound
from ..target.image import import_addresses, sections
from ..target.memory import PAGE
from .altitudes import of_driver
from .companies import company_of, same_company
from .finding import Finding, Remark
from .scene import Scene

if TYPE_CHECKING:
    from ..target import Target

__all__ = ["driver_silent"]

_REGISTERS = ("CmRegisterCallback", "CmRegisterCallbackEx")
_SINCE_VISTA = "CmRegisterCallbackEx"
_UNREGISTERS = "CmUnRegisterCallback"  # who imports this alone has looked those up by name
# For MmGetSystemRoutineAddress, which takes a UNICODE_STRING.
_NAME = re.compile(
    b"".join(bytes((letter, 0)) for letter in b"CmRegisterCallback") + rb"(E\0x\0)?\0\0"
)
_LONGEST_NAME = 2 * len("CmRegisterCallbackEx\0")
_MOST_SEARCHED = 64 << 20  # bytes of one section; graphics drivers have 40 MB
_ALL_SEARCHED = 512 << 20  # bytes of all drivers together, which have 150 MB

_NOT_LOOKED_FOR = (
    "drivers without a callback were not looked for: those whose callback could not be read would "
    "be among them"
)
_MAY_WAIT = "many drivers register only while something is switched on"
# Windows' own that has a callback whenever it runs is of this group: Defender's WdFilter.sys.
_ALWAYS_ON = "FSFilter Anti-Virus"


class _Ability(NamedTuple):
    """How a driver could register: what it imports, and what it looks up by name."""

    imports: list[str]
    looks_up: list[str]

    def __str__(self) -> str:
        ways = (("imports", self.imports), ("looks up", self.looks_up))
        return " and ".join(f"{way} {' and '.join(names)}" for way, names in ways if names)


def driver_silent(scene: Scene) -> Iterator[Finding | Remark]:
    """A loaded driver that can register a callback and owns none; of Windows' own, a remark.

    Of a dump alone: all code and constants of each driver are read, which over a debugging
    connection takes long.
    """
    if not scene.target.is_file:
        return
    if not scene.listing.callbacks.is_whole or len(scene.readable) < len(scene.entries):
        scene.problems.append(_NOT_LOOKED_FOR)
        return
    wanted = {address: name for name, address in _exports(scene).items()}
    owners = {entry.owner.base for entry in scene.entries}
    search = _Search(scene.target)
    for module in scene.drivers.loaded():
        if module.base in owners or module.base == scene.target.nt_base:
            continue
        imported = {wanted[each] for each in _imports(scene, module.base) if each in wanted}
        if not imported.isdisjoint(_REGISTERS):
            imported.discard(_UNREGISTERS)
        ability = _Ability(sorted(imported), sorted(search.looked_up(module.base)))
        if any(ability):
            yield _said(scene, scene.drivers.owner(module.base), ability)
    if search.passed_over:
        yield Remark(
            "driver-silent",
            None,
            f"{search.passed_over} bytes of drivers' sections were not searched for what they look "
            f"up by name, {_ALL_SEARCHED} were",
            {"searched": _ALL_SEARCHED, "not_searched": search.passed_over},
            "the drivers of a real machine have less: headers claim more than there is",
        )


def _said(scene: Scene, owner: Owner, ability: _Ability) -> Finding | Remark:
    summary = f"{owner.name} {ability} and has no callback"
    company = company_of(scene.target.memory, owner)
    evidence = {
        "driver": owner.name,
        "path": owner.path,
        "base": f"{owner.base or 0:#x}",
        "company": company,
        **ability._asdict(),
    }
    of_windows = company is not None and same_company(company, "Microsoft")
    if of_windows and all(each.group != _ALWAYS_ON for each in of_driver(owner.name or "")):
        why = f"it is {company}'s, and Windows' own register when they are needed"
        return Remark("driver-silent", None, summary, evidence, why)
    look = module_command(owner.module) or "lm"
    return Finding("driver-silent", "info", None, summary, evidence, _MAY_WAIT, look)


def _exports(scene: Scene) -> dict[str, int]:
    found = {}
    for name in (*_REGISTERS, _UNREGISTERS):
        if name == _SINCE_VISTA and not scene.has_list:
            continue
        try:
            found[name] = scene.target.symbol(name)
        except SymbolNotFound as error:
            scene.problems.append(f"drivers that import it are not known: {error}")
    return found


def _imports(scene: Scene, base: int) -> list[int]:
    try:
        return import_addresses(scene.target.memory, base)
    except MemoryUnreadable:
        return []


class _Search:
    """Names, in UTF-16, in code and constants: data and INIT may hold anything. ``passed_over`` is
    how many bytes were more than all drivers of a machine have."""

    def __init__(self, target: Target) -> None:
        self.passed_over = 0
        self._target = target
        self._left = _ALL_SEARCHED

    def looked_up(self, base: int) -> set[str]:
        """Those in the image at the VA ``base``."""
        try:
            table = sections(self._target.memory, base)
        except MemoryUnreadable:
            return set()
        found: set[str] = set()
        for section in table:
            if section.readable and not section.writable and not section.discardable:
                size = min(section.size, _MOST_SEARCHED, self._left)
                self._left -= size
                self.passed_over += min(section.size, _MOST_SEARCHED) - size
                start = base + section.address
                found |= self._names(start, start + size)
        return found

    def _names(self, start: int, end: int) -> set[str]:
        """Page by page, past the cache; a name that crosses into the next page is found too."""
        found: set[str] = set()
        tail = b""
        for page in range(start & ~(PAGE - 1), end, PAGE):
            try:
                raw = tail + self._target.memory.read_once(page, PAGE)
            except MemoryUnreadable:
                tail = b""
                continue
            found |= {each[0].decode("utf-16-le").rstrip("\0") for each in _NAME.finditer(raw)}
            tail = raw[-_LONGEST_NAME:]
        return found
