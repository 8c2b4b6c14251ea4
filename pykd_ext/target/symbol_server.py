"""Symbol servers over HTTP: one file fetched into a store, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Callable
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from .symbol_path import Progress

__all__ = ["ServerUnreachable", "fetch"]

_TIMEOUT = 10  # seconds without an answer
_CHUNK = 1 << 16
_LARGEST = 1 << 31  # bytes; no PDB is this large


class ServerUnreachable(Exception):
    """The server did not answer, or not as a symbol server does; ``str()`` says how."""


def fetch(server: str, name: str, identity: str, path: str, progress: Progress) -> bool:
    """Downloads ``server/name/identity/name`` to ``path``; False when the server has not got it.

    Raises ServerUnreachable for anything but a file or a 404.
    """
    url = f"{server}/{quote(name)}/{identity}/{quote(name)}"
    # Microsoft's server wants its client to say that it is one.
    request = Request(url, headers={"User-Agent": "Microsoft-Symbol-Server/10.0.0.0"})
    try:
        with urlopen(request, timeout=_TIMEOUT) as response:
            length = response.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else 0
            _save(response, path, lambda so_far: progress(name, so_far, size))
    except HTTPError as error:
        if error.code in (404, 410):
            return False
        raise ServerUnreachable(f"answered {error.code} {error.reason}") from None
    except (URLError, HTTPException, OSError) as error:
        raise ServerUnreachable(str(getattr(error, "reason", error))) from None
    return True


def _save(response: HTTPResponse, path: str, note: Callable[[int], None]) -> None:
    """To a temporary file in the store, renamed when it is complete."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            received = 0
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                received += len(chunk)
                if received > _LARGEST:
                    raise ServerUnreachable(f"sends more than {_LARGEST:#x} bytes")
                note(received)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
