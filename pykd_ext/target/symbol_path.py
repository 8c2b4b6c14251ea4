"""The symbol path: where PDBs are looked for, in WinDbg's own notation.

``folder;srv*cache*https://server/symbols``: Microsoft, "Symbol path for Windows debuggers" and
"Advanced SymSrv use", ".symfix". A store keeps ``name/GUIDAGE/name``, one with an ``index2.txt``
below the first two letters of the name. Compressed files (``name.pd_``) and ``file.ptr``
redirections are named as problems and passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Callable, NamedTuple

from .errors import SymbolFileError
from .image import PdbReference
from .pdb import Pdb

__all__ = ["Progress", "SymbolPath"]

Progress = Callable[[str, int, int], None]  # file name, bytes so far, bytes in all (0: unknown)

_DEFAULT_STORE = os.path.join("~", ".regcb", "symbols")
_DEFAULT_SERVER = "https://msdl.microsoft.com/download/symbols"  # what .symfix makes of srv*


class _Element(NamedTuple):
    """One element of a path: its stores from near to far, and a server behind them, or none."""

    stores: tuple[str, ...]
    server: str | None = None
    is_folder: bool = False


class SymbolPath:
    """A parsed symbol path. Each PDB is looked for once, and no server that failed asked again."""

    def __init__(self, text: str, progress: Progress | None = None) -> None:
        """Any ``text`` is a path; what of it cannot be used is said at the first look-up."""
        self.text = text
        self._elements = _parse(text)
        self._progress = progress or _silent
        self._unreachable: set[str] = set()
        self._found: dict[PdbReference, Pdb | None] = {}
        self._checked = False

    def open(self, reference: PdbReference, problems: list[str]) -> Pdb | None:
        """The PDB that ``reference`` asks for, None when it is nowhere.

        Appends to ``problems`` a line for each file that was refused (the GUIDs named), each
        missing folder and each server that did not answer; once.
        """
        if reference not in self._found:
            self._check_folders(problems)
            self._found[reference] = self._look(reference, problems)
        return self._found[reference]

    def files(self, name: str, identity: str, problems: list[str]) -> Iterator[str]:
        """Files called ``name`` in the folders, and in the stores below ``identity``; servers are
        not asked. Nothing says that they are the right ones."""
        safe = _safe_name(name)
        for element in self._elements if safe else ():
            yield from _candidates(element, safe or name, identity, problems)

    def _look(self, reference: PdbReference, problems: list[str]) -> Pdb | None:
        name = _safe_name(reference.name)
        if name is None:
            problems.append(f"an image asks for the PDB {reference.name!r}, which is no file name")
            return None
        wanted = reference._replace(name=name)
        for element in self._elements:
            for path in _candidates(element, wanted.name, _identity(wanted), problems):
                pdb = _open_if_right(path, wanted, problems)
                if pdb is not None:
                    return pdb
            if element.server and element.server not in self._unreachable:
                pdb = self._download(element.server, element.stores[0], wanted, problems)
                if pdb is not None:
                    return pdb
        return None

    def _check_folders(self, problems: list[str]) -> None:
        if self._checked:
            return
        self._checked = True
        for element in self._elements:
            for store in element.stores:
                if element.is_folder and not os.path.isdir(store):
                    problems.append(f"symbol path: {store} is not a folder")

    def _download(
        self, server: str, store: str, wanted: PdbReference, problems: list[str]
    ) -> Pdb | None:
        from .symbol_server import ServerFailed, StoreFailed, fetch  # noqa: PLC0415 - loads urllib

        path = os.path.join(_tier(store, wanted.name), wanted.name, _identity(wanted), wanted.name)
        try:
            found = fetch(server, wanted.name, _identity(wanted), path, self._progress)
        except ServerFailed as error:
            self._unreachable.add(server)
            problems.append(f"symbol server {server}: {error}; not asked again")
            return None
        except StoreFailed as error:
            self._unreachable.add(server)
            problems.append(f"symbol store {store}: {error}; nothing is fetched from {server}")
            return None
        pdb = _open_if_right(path, wanted, problems) if found else None
        if found and pdb is None:
            os.unlink(path)  # or the store would give it for ever
        return pdb


def _silent(name: str, received: int, size: int) -> None:
    """The progress that nobody sees."""


def _parse(text: str) -> list[_Element]:
    elements = []
    cache: tuple[str, ...] = ()
    for part in filter(None, (each.strip() for each in text.split(";"))):
        words = part.split("*")
        kind = words[0].lower()
        if kind == "cache":
            cache = (_expanded(words[1] if len(words) > 1 and words[1] else _DEFAULT_STORE),)
            elements.append(_Element(cache))
        elif kind in ("srv", "symsrv"):
            elements.append(_store_element(words[2:] if kind == "symsrv" else words[1:], cache))
        elif _is_url(part):
            elements.append(_store_element([part], cache))
        else:
            elements.append(_Element((_expanded(part),), is_folder=True))
    return elements


def _store_element(words: list[str], cache: tuple[str, ...]) -> _Element:
    """``srv*near*far*server``; an empty word is the default store, and ``srv*`` alone Microsoft's
    public server."""
    servers = [word for word in words if _is_url(word)]
    if words == [""]:
        servers = [_DEFAULT_SERVER]
    stores = tuple(_expanded(word or _DEFAULT_STORE) for word in words if not _is_url(word))
    stores = cache + stores or (_expanded(_DEFAULT_STORE),)
    return _Element(stores, servers[-1].rstrip("/") if servers else None)


def _is_url(word: str) -> bool:
    return word.lower().startswith(("http://", "https://"))


def _expanded(folder: str) -> str:
    return os.path.expandvars(os.path.expanduser(folder))


def _safe_name(name: str) -> str | None:
    """The last component of a name that a hostile image chose, None when it is no file name."""
    leaf = name.replace("\\", "/").rpartition("/")[2]
    if leaf in ("", ".", "..") or not leaf.isprintable() or set(leaf) & set('<>:"|?*'):
        return None
    return leaf


def _identity(reference: PdbReference) -> str:
    """The folder of a store: the GUID without dashes, then the age in hex."""
    return f"{reference.guid.replace('-', '')}{reference.age:X}"


def _candidates(element: _Element, name: str, identity: str, problems: list[str]) -> list[str]:
    """The files to try, those that exist."""
    found = []
    for store in element.stores:
        if element.is_folder:
            found.append(_existing(store, name))
        folder = _existing(_tier(store, name), name, identity)
        if folder is None:
            continue
        found.append(_existing(folder, name))
        for unusable, what in ((f"{name[:-1]}_", "compressed"), ("file.ptr", "redirected")):
            path = _existing(folder, unusable)
            if path is not None:
                problems.append(f"{path}: {what} symbol files are not read")
    return [path for path in found if path is not None and os.path.isfile(path)]


def _tier(store: str, name: str) -> str:
    """The folder of a store below which ``name`` has its own."""
    has_two = os.path.isfile(os.path.join(store, "index2.txt"))
    return os.path.join(store, name[:2]) if has_two else store


def _existing(path: str, *names: str) -> str | None:
    """The entry ``names`` below the folder ``path``, in whatever case, None without it."""
    for name in names:
        exact = os.path.join(path, name)
        if not os.path.exists(exact):
            try:
                entries = [each for each in os.listdir(path) if each.lower() == name.lower()]
            except OSError:
                return None
            if not entries:
                return None
            exact = os.path.join(path, entries[0])
        path = exact
    return path


def _open_if_right(path: str, wanted: PdbReference, problems: list[str]) -> Pdb | None:
    try:
        pdb = Pdb(path)
    except SymbolFileError as error:
        problems.append(str(error))
        return None
    if pdb.guid == wanted.guid and pdb.age == wanted.age:
        return pdb
    problems.append(
        f"{path} is refused: its GUID is {pdb.guid} (age {pdb.age}), "
        f"the image asks for {wanted.guid} (age {wanted.age})"
    )
    pdb.close()
    return None
