"""A file at a URL, through fsspec: ``https://``, ``s3://``, ``smb://`` and what else it knows.

What goes wrong is said without the URL's credentials, which the errors of fsspec and of what it
stands on have in their texts: those are never shown.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from .errors import TargetError
from .file_bytes import RangedFile
from .locations import file_name, scheme, shown

__all__ = ["matching", "open_remote"]

_SILENCE, _PATIENCE = 30.0, 120.0  # seconds: for an answer to begin or go on, and for all of it
_PAUSES = (0.2, 1.0, 0)  # seconds, after each attempt
_MOST = 1 << 62  # bytes
_LONGEST_ANSWER = 64 << 20  # bytes: a range, or the list of a folder
_UNBUFFERED = ("http", "https", "s3", "s3a", "gs", "gcs", "abfs", "az")  # they keep nothing
_WILD = re.compile(r"[^/]*/[^?]*[*\[]")  # behind the host; ? begins a query
_AS_A_WHOLE = "the server sends this file as a whole only, with no ranges of it: download it"


def open_remote(url: str) -> RangedFile:
    """Raises TargetError where there is no such file, or one that cannot be read in ranges."""
    name = shown(url)
    system, path = _file_system(url)
    options = {"block_size": 1 << 16, "cache_type": "none"} if scheme(url) in _UNBUFFERED else {}
    try:
        file = system.open(path, "rb", **options)
        size = getattr(file, "size", None)
        if size is None:
            size = system.size(path)
        is_whole = size is None or not _can_seek(file)
    except Exception as error:
        raise TargetError(f"{name}: cannot be opened: {_said(error)}") from None
    if size == 0:
        raise TargetError(f"{name}: the file is empty, or none")
    if is_whole:
        file.close()
        raise TargetError(f"{name}: {_AS_A_WHOLE}")
    if not 0 < size < _MOST:
        raise TargetError(f"{name}: the server says that it has {size} bytes")

    def fetch(start: int, end: int) -> bytes:
        data = _patiently(file, name, start, end)
        if len(data) != end - start:
            raise TargetError(
                f"{name}: of {end - start:#x} bytes at {start:#x} {len(data):#x} came: the server "
                f"says that it has {size:#x} bytes"
            )
        return data

    return RangedFile(name, file_name(url), size, fetch, file.close)


def matching(url: str) -> list[str]:
    """The URLs of the files that one with ``*`` or ``[...]`` in its path means, sorted; itself
    where it has none. Raises TargetError where they cannot be listed."""
    if not _WILD.match(url.partition("://")[2]):
        return [url]
    system, pattern = _file_system(url)
    try:
        found = system.glob(pattern)
    except Exception as error:
        raise TargetError(f"{shown(url)}: cannot be listed: {_said(error)}") from None
    before = url[: -len(pattern)] if url.endswith(pattern) else ""
    return sorted(f"{before}{each}" for each in found)


def _file_system(url: str) -> tuple[Any, str]:
    """fsspec's, and the path in it."""
    if "::" in url:
        raise TargetError(f"{shown(url)}: URLs in URLs (::) are not read")
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra

        options = _client() if scheme(url) in ("http", "https") else {}
        system, path = url_to_fs(url, **options)
    except ImportError:
        missing = f"what reads {scheme(url)}:// is not installed: pip install 'regcb[remote]'"
        raise TargetError(f"{shown(url)}: {missing}") from None
    except Exception as error:
        if isinstance(error, ValueError) and "Protocol not known" in str(error):
            raise TargetError(f"{shown(url)}: nothing reads {scheme(url)}://") from None
        raise TargetError(f"{shown(url)}: cannot be opened: {_said(error)}") from None
    return system, str(path)


class _TooMuch(Exception):
    """An answer has no end, or is longer than any that is asked for."""


def _client() -> dict[str, Any]:
    """What aiohttp's client is told: how long it waits, and how much it takes."""
    from aiohttp import ClientResponse, ClientTimeout  # noqa: PLC0415 - an extra

    class BoundedResponse(ClientResponse):
        async def read(self) -> bytes:
            body = bytearray()
            async for part in self.content.iter_any():
                body += part
                if len(body) > _LONGEST_ANSWER:
                    self.close()
                    raise _TooMuch
            self._body = bytes(body)
            return self._body

    timeout = ClientTimeout(total=_PATIENCE, sock_connect=_SILENCE, sock_read=_SILENCE)
    options = {"timeout": timeout, "response_class": BoundedResponse}
    return {"client_kwargs": options, "skip_instance_cache": True}


def _can_seek(file: Any) -> bool:
    """fsspec says so of streams as well, and raises when it is asked."""
    try:
        file.seek(1)
    except ValueError:
        return False
    return True


def _patiently(file: Any, name: str, start: int, end: int) -> bytes:
    """What a few attempts give, since a connection may be cut."""
    for pause in _PAUSES:
        try:
            file.seek(start)
            return bytes(file.read(end - start))
        except Exception as error:
            reason = error
            if _is_final(error):
                break
            time.sleep(pause)
    if isinstance(reason, ValueError) and "range requests" in str(reason):
        raise TargetError(f"{name}: {_AS_A_WHOLE}") from None
    raise TargetError(f"{name}: cannot be read at {start:#x}: {_said(reason)}") from None


def _is_final(error: Exception) -> bool:
    status = getattr(error, "status", 0)
    timeouts = (TimeoutError, asyncio.TimeoutError)
    kinds = (ValueError, PermissionError, _TooMuch, *timeouts)
    return isinstance(error, kinds) or 400 <= status < 500


_SAID: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((TimeoutError, asyncio.TimeoutError), "the server does not answer, or is too slow"),
    ((_TooMuch,), "the server sends more than it was asked for"),
    ((FileNotFoundError,), "not found"),
    ((PermissionError,), "access is denied"),
    ((OSError,), "no connection to the server ({})"),
    ((ValueError,), "it is no URL of a file"),
)


def _said(error: BaseException) -> str:
    """What is wrong, in words that are not the error's own."""
    cause = error.__cause__
    if isinstance(error, (FileNotFoundError, ValueError)) and cause is not None:
        error = cause  # whatever it is, fsspec calls it the one, and smbprotocol the other
    status = getattr(error, "status", 0)
    if 100 <= status < 600:  # smbprotocol has Windows' own in it
        return f"the server answers {status}" + (", not found" if status == 404 else "")
    if isinstance(error, OSError) and error.errno:
        error = OSError(error.errno, "")  # Python's class for it
    words = next((words for kinds, words in _SAID if isinstance(error, kinds)), "{}")
    return words.format(type(error).__name__)
