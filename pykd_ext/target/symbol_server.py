"""Symbol servers over HTTP: one file fetched into a store, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, BinaryIO, Callable
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from .symbol_path import Progress

__all__ = ["ServerFailed", "StoreFailed", "fetch"]

_TIMEOUT = 10  # seconds without an answer, and then without a byte more
_CHUNK = 1 << 16
_LARGEST = 1 << 31  # bytes; no PDB is this large


class ServerFailed(Exception):
    """The server did not answer, or not as a symbol server does; ``str()`` says how."""


class StoreFailed(Exception):
    """The store cannot be written to; ``str()`` says why."""


def fetch(server: str, name: str, identity: str, path: str, progress: Progress) -> bool:
    """Downloads ``server/name/identity/name`` to ``path``; False when the server has not got it.

    Raises ServerFailed for anything but a file or a 404, StoreFailed when it cannot be kept.
    """
    url = f"{server}/{quote(name)}/{identity}/{quote(name)}"
    try:
        # Microsoft's server wants its client to say that it is one.
        request = Request(url, headers={"User-Agent": "Microsoft-Symbol-Server/10.0.0.0"})
        with urlopen(request, timeout=_TIMEOUT) as response:
            length = response.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else 0
            _save(response, size, path, lambda so_far: progress(name, so_far, size))
    except HTTPError as error:
        if error.code in (404, 410):
            return False
        raise ServerFailed(f"it answers {error.code} {error.reason}") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise ServerFailed(str(getattr(error, "reason", error))) from None
    return True


def _save(response: HTTPResponse, size: int, path: str, note: Callable[[int], None]) -> None:
    """To a temporary file in the store, renamed when it is complete."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".part")
    except OSError as error:
        raise StoreFailed(error.strerror or str(error)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            received = _copy(response, file, note)
        if received < size:
            raise ServerFailed(f"it sent {received:#x} of {size:#x} bytes")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _copy(response: HTTPResponse, file: BinaryIO, note: Callable[[int], None]) -> int:
    """The number of bytes copied."""
    received = 0
    while chunk := response.read(_CHUNK):
        received += len(chunk)
        if received > _LARGEST:
            raise ServerFailed(f"it sends more than {_LARGEST:#x} bytes")
        try:
            file.write(chunk)
        except OSError as error:
            raise StoreFailed(error.strerror or str(error)) from None
        note(received)
    return received
