"""What is asked of a symbol server, as SymSrv does: the file, the compressed one, a ``file.ptr``.

Microsoft, "SymSrv" and "HTTP-based stores". The pointer of a server is shown, but not followed: who
answers for it could have this machine log on to any other.
"""

from __future__ import annotations

import os
from typing import Callable
from urllib.parse import quote

from .cabinet import compressed_name, expand
from .errors import SymbolFileError
from .http_download import ServerFailed, fetch
from .symbol_pointer import LONGEST, POINTER, read_pointer

__all__ = ["Progress", "ServerFailed", "ask"]

Progress = Callable[[str, int, int], None]  # file name, bytes so far, bytes in all (0: unknown)


def ask(server: str, name: str, identity: str, folder: str, progress: Progress) -> str | None:
    """The path, in the empty ``folder``, of the file ``name`` as ``server`` has it, expanded; None
    without it.

    Raises ServerFailed and StoreFailed as fetch() does, SymbolFileError for what is no use: a
    damaged cabinet, a pointer.
    """

    def fetched(leaf: str, *largest: int) -> str | None:
        path = os.path.join(folder, leaf)
        url = f"{server}/{quote(name)}/{identity}/{quote(leaf)}"
        there = fetch(url, path, lambda *sizes: progress(leaf, *sizes), *largest)
        return path if there else None

    plain = fetched(name)
    if plain:
        return plain
    compressed = fetched(compressed_name(name))
    if compressed:
        return expand(compressed, name, os.path.join(folder, "expanded"))
    pointer = fetched(POINTER, LONGEST)
    if pointer:
        target, message = read_pointer(pointer)
        raise SymbolFileError(
            f"it says of {name}: {message}"
            if message
            else f"{name} lies at {target!r}, which is not followed: copy it to a folder of the "
            "symbol path"
        )
    return None
