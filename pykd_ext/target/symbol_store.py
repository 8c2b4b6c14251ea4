"""A symbol store on disk: what lies in it, and how a file gets into it.

Microsoft, "Symbol Storage Format" and "Symbol store folder tree": a file lies at
``name/identity/name``, one tier deeper where ``index2.txt`` is; it may be compressed, or a
``file.ptr`` may say where it is. A compressed PDB of the newest kind lies in ``msfz0`` below
(dotnet/symstore, SSQP_Key_Conventions.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Callable

from .cabinet import compressed_name
from .errors import SymbolFileError

__all__ = ["StoreFailed", "existing", "keep", "place", "stored"]

_MSFZ = "msfz0"  # the format's only version


class StoreFailed(Exception):
    """The store cannot be written to; ``str()`` says why."""


def place(store: str, name: str, identity: str) -> str:
    """Where the file ``name`` of that ``identity`` belongs."""
    return os.path.join(_tier(store, name), name, identity, name)


def stored(store: str, name: str, identity: str, problems: list[str]) -> Iterator[str]:
    """The files that the store has for it, by their own names or where a ``file.ptr`` leads to;
    some may be cabinets. Nothing says that they are the right ones."""
    folder = existing(_tier(store, name), name, identity)
    if folder is None:
        return
    names = (name, compressed_name(name))
    for leaf in (*((each,) for each in names), (_MSFZ, name)):
        path = existing(folder, *leaf)
        if path is not None and os.path.isfile(path):
            yield path
    pointer = existing(folder, "file.ptr")
    if pointer is not None and os.path.isfile(pointer):
        from .symbol_pointer import pointed  # noqa: PLC0415 - few stores have one

        try:
            yield pointed(pointer, names)
        except SymbolFileError as error:
            problems.append(str(error))


def keep(
    store: str, path: str, make: Callable[[str], str | None], check: Callable[[str], None]
) -> bool:
    """Puts a file to ``path`` in the store, whole and right or not at all; False when there is
    none.

    ``make`` makes it in an empty folder, which is gone afterwards with all that is in it, and gives
    its path; ``check`` raises what is wrong with it. Raises StoreFailed, and what they raise.
    """
    import tempfile  # noqa: PLC0415 - 5 ms, and a list seldom needs it

    try:
        os.makedirs(store, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".regcb-", dir=store)
    except OSError as error:
        raise StoreFailed(error.strerror or str(error)) from None
    made: str | None = None
    with folder:
        try:
            made = make(folder.name)
            if made is None:
                return False
            check(made)
        except SymbolFileError as error:  # in the words of what stays
            inside = os.path.dirname(made) if made else folder.name
            raise SymbolFileError(str(error).replace(inside + os.sep, "")) from None
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(made, path)
        except OSError as error:
            # Where another process was faster and has it open, Windows does not replace it.
            if not os.path.isfile(path):
                raise StoreFailed(error.strerror or str(error)) from None
    return True


def existing(path: str, *names: str) -> str | None:
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


def _tier(store: str, name: str) -> str:
    """The folder of a store below which ``name`` has its own."""
    has_two = os.path.isfile(os.path.join(store, "index2.txt"))
    return os.path.join(store, name[:2]) if has_two else store
