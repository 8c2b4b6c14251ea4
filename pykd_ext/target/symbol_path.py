"""The symbol path: where PDBs are looked for, in WinDbg's own notation.

``folder;srv*cache*https://server/symbols``: Microsoft, "Symbol path for Windows debuggers" and
"Advanced SymSrv use", ".symfix". As SymSrv does, a server is asked for the file, for the compressed
one and for a ``file.ptr``; what was compressed is kept expanded in the nearest store, or in the
default one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Callable, NamedTuple

from .cabinet import expand, is_cabinet
from .errors import SymbolFileError
from .fields import unsigned
from .image import PdbReference
from .pdb import Pdb
from .symbol_store import StoreFailed, existing, keep, place, stored

if TYPE_CHECKING:
    from .symbol_server import Progress

__all__ = ["SymbolPath", "missing_folders"]

_DEFAULT_STORE = os.path.join("~", ".regcb", "symbols")
_PAGE = 0x1000  # an image's headers
_DEFAULT_SERVER = "https://msdl.microsoft.com/download/symbols"  # what .symfix makes of srv*


class _Element(NamedTuple):
    """One element of a path: its stores from near to far, and a server behind them, or none.

    ``needed``: what holds nothing of use unless it is there already, for nothing is put into it.
    """

    stores: tuple[str, ...]
    server: str | None = None
    is_folder: bool = False
    needed: tuple[str, ...] = ()


class _Wanted(NamedTuple):
    """A file of a store; ``check`` raises SymbolFileError for a path that is another, or cut."""

    name: str
    identity: str
    check: Callable[[str], None]


class SymbolPath:
    """A parsed symbol path. Each PDB is looked for once, and no server that failed asked again."""

    def __init__(self, text: str, progress: Progress | None = None) -> None:
        """Any ``text`` is a path; what of it cannot be used is said at the first look-up."""
        self.text = text
        self._elements = _parse(text.replace("\0", "\ufffd"))  # which no file can be asked for by
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
        """Images called ``name`` in the folders, and in the stores below ``identity``, which is
        ``TIMEDATESTAMPsizeofimage``; servers are not asked. Of those that were not compressed
        nothing says that they are the right ones."""
        safe = _safe_name(name)
        for element in self._elements if safe else ():
            for path, near in _candidates(element, safe or name, identity, problems):
                if not is_cabinet(path):
                    yield path
                    continue
                wanted = _Wanted(safe or name, identity, partial(_check_image, identity=identity))
                expanded = _expanded(path, near, wanted, problems)
                if expanded is not None:
                    yield expanded

    def _look(self, reference: PdbReference, problems: list[str]) -> Pdb | None:
        name = _safe_name(reference.name)
        if name is None:
            problems.append(f"an image asks for the PDB {reference.name!r}, which is no file name")
            return None
        pdb = reference._replace(name=name)
        wanted = _Wanted(name, _identity(pdb), partial(_check_pdb, wanted=pdb))
        for element in self._elements:
            for path, near in _candidates(element, name, wanted.identity, problems):
                found = _expanded(path, near, wanted, problems) if is_cabinet(path) else path
                opened = found and _open_if_right(found, pdb, problems)
                if opened:
                    return opened
            if element.server and element.server not in self._unreachable:
                downloaded = self._download(element.server, element.stores[0], wanted, problems)
                opened = downloaded and _open_if_right(downloaded, pdb, problems)
                if opened:
                    return opened
        return None

    def _check_folders(self, problems: list[str]) -> None:
        if self._checked:
            return
        self._checked = True
        problems += (f"symbol path: {each} is not a folder" for each in _missing(self._elements))

    def _download(
        self, server: str, store: str, wanted: _Wanted, problems: list[str]
    ) -> str | None:
        """The path of what the server has, now in the store."""
        from .symbol_server import ServerFailed, ask  # noqa: PLC0415 - loads urllib

        def make(folder: str) -> str | None:
            return ask(server, wanted.name, wanted.identity, folder, self._progress)

        path = place(store, wanted.name, wanted.identity)
        try:
            found = keep(store, path, make, wanted.check)
            return path if found else None
        except SymbolFileError as error:
            problems.append(f"symbol server {server}: {error}")
        except ServerFailed as error:
            self._unreachable.add(server)
            problems.append(f"symbol server {server}: {error}; not asked again")
        except StoreFailed as error:
            self._unreachable.add(server)
            problems.append(f"symbol store {store}: {error}; nothing is fetched from {server}")
        return None


def missing_folders(text: str) -> list[str]:
    """The folders and stores of the path ``text`` that are not there, and that nobody fills."""
    return _missing(_parse(text))


def _missing(elements: list[_Element]) -> list[str]:
    return [store for each in elements for store in each.needed if not os.path.isdir(store)]


def _silent(name: str, received: int, size: int) -> None:
    """The progress that nobody sees."""


def _parse(text: str) -> list[_Element]:
    elements = []
    cache: tuple[str, ...] = ()
    for part in filter(None, (each.strip() for each in text.split(";"))):
        words = part.split("*")
        kind = words[0].lower() if len(words) > 1 else "folder"
        if kind == "cache":
            cache = (_full(words[1] or _DEFAULT_STORE),)
            elements.append(_Element(cache))
        elif kind in ("srv", "symsrv"):
            elements.append(_store_element(words[2:] if kind == "symsrv" else words[1:], cache))
        elif _is_url(part):
            elements.append(_store_element([part], cache))
        else:
            folder = (_full(part),)
            elements.append(_Element(folder, is_folder=True, needed=folder))
    return elements


def _store_element(words: list[str], cache: tuple[str, ...]) -> _Element:
    """``srv*near*far*server``; an empty word is the default store, and ``srv*`` alone Microsoft's
    public server, as ``symsrv*symsrv.dll``."""
    servers = [word for word in words if _is_url(word)]
    if words in ([], [""]):
        servers = [_DEFAULT_SERVER]
    stores = tuple(_full(word or _DEFAULT_STORE) for word in words if not _is_url(word))
    needed = stores[-1:] if words[-1:] != [""] and not servers else ()
    stores = cache + stores or (_full(_DEFAULT_STORE),)
    return _Element(stores, servers[-1].rstrip("/") if servers else None, needed=needed)


def _is_url(word: str) -> bool:
    return word.lower().startswith(("http://", "https://"))


def _full(folder: str) -> str:
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


def _candidates(
    element: _Element, name: str, identity: str, problems: list[str]
) -> Iterator[tuple[str, str]]:
    """The files to try, and for each the store that takes what it is when it is expanded."""
    default = _full(_DEFAULT_STORE)
    for index, store in enumerate(element.stores):
        flat = existing(store, name) if element.is_folder else None
        if flat is not None and os.path.isfile(flat):
            yield flat, default
        for path in stored(store, name, identity, problems):
            yield path, element.stores[0] if index else default


def _expanded(path: str, store: str, wanted: _Wanted, problems: list[str]) -> str | None:
    """What the cabinet at ``path`` has, now in ``store``; it is expanded once."""
    kept = place(store, wanted.name, wanted.identity)
    if os.path.isfile(kept):
        return kept

    def make(folder: str) -> str:
        return expand(path, wanted.name, os.path.join(folder, "expanded"))

    try:
        keep(store, kept, make, wanted.check)
        return kept
    except SymbolFileError as error:
        problems.append(str(error) if path in str(error) else f"{path}: {error}")
    except StoreFailed as error:
        problems.append(f"symbol store {store}: {error}; {path} is not expanded")
    return None


def _open_if_right(path: str, wanted: PdbReference, problems: list[str]) -> Pdb | None:
    try:
        return _right(path, wanted)
    except SymbolFileError as error:
        problems.append(str(error))
        return None


def _right(path: str, wanted: PdbReference) -> Pdb:
    pdb = Pdb(path)
    if pdb.guid == wanted.guid and pdb.age == wanted.age:
        return pdb
    pdb.close()
    raise SymbolFileError(
        f"{path} is refused: its GUID is {pdb.guid} (age {pdb.age}), "
        f"the image asks for {wanted.guid} (age {wanted.age})"
    )


def _check_pdb(path: str, wanted: PdbReference) -> None:
    pdb = _right(path, wanted)
    is_whole = pdb.is_whole
    pdb.close()
    if not is_whole:
        raise SymbolFileError(f"{path} is refused: its end is missing")


def _check_image(path: str, identity: str) -> None:
    """IMAGE_FILE_HEADER: TimeDateStamp +4; IMAGE_OPTIONAL_HEADER: SizeOfImage +56 (PE format)."""
    with open(path, "rb") as file:
        header = file.read(_PAGE)
    at = unsigned(header[0x3C:0x40])
    found = f"{unsigned(header[at + 8 : at + 12]):08X}{unsigned(header[at + 80 : at + 84]):x}"
    if header[at : at + 4] != b"PE\0\0" or found.lower() != identity.lower():
        raise SymbolFileError(f"{path} is refused: it is not the image {identity}")
