"""A file at a URL, through fsspec: ``https://``, ``s3://``, ``smb://`` and what else it knows.

What goes wrong is said without the URL's credentials, which the errors of fsspec and of what it
stands on have in their texts: those are never shown.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any

from .connection_faults import CUT, connection_fault
from .errors import TargetError
from .file_bytes import RangedFile
from .locations import file_name, scheme, shown

__all__ = ["matching", "open_remote"]

_SILENCE, _PATIENCE = 30.0, 120.0  # seconds: for an answer to begin or go on, and for all of it
_PAUSES = (0.2, 1.0, 0)  # seconds, after each attempt
_MOST = 1 << 62  # bytes
_MOST_CAUSES = 16  # of an error
_LONGEST_ANSWER = 64 << 20  # bytes: a range, or the list of a folder
_UNBUFFERED = ("http", "https", "s3", "s3a", "gs", "gcs", "abfs", "az")  # they keep nothing
_OF_THE_EXTRA = ("http", "https", "s3", "s3a", "smb")
_IPV6 = re.compile(r"(?<=[/@])\[([0-9A-Fa-f:.]+)\]")
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
        raise TargetError(f"{name}: cannot be opened: {_said(error, url)}") from None
    if size == 0:
        raise TargetError(f"{name}: the file is empty, or none")
    if is_whole:
        file.close()
        raise TargetError(f"{name}: {_AS_A_WHOLE}")
    if not 0 < size < _MOST:
        raise TargetError(f"{name}: the server says that it has {size} bytes")

    def fetch(start: int, end: int) -> bytes:
        data = _patiently(file, url, start, end)
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
        raise TargetError(f"{shown(url)}: cannot be listed: {_said(error, url)}") from None
    before = url[: -len(pattern)] if url.endswith(pattern) else ""
    return sorted(f"{before}{each}" for each in found)


def _file_system(url: str) -> tuple[Any, str]:
    """fsspec's, and the path in it."""
    plain = _IPV6.sub(_without_colons, url, count=1)
    if "::" in plain:
        raise TargetError(f"{shown(url)}: URLs in URLs (::) are not read")
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra

        options = _client() if scheme(url) in ("http", "https") else {}
        system, path = url_to_fs(plain, **options)
    except ImportError as error:
        is_of_extra = scheme(url) in _OF_THE_EXTRA or error.name == "fsspec"
        how = "pip install 'regcb[remote]'" if is_of_extra else str(error)
        missing = f"what reads {scheme(url)}:// is not installed: {how}"
        raise TargetError(f"{shown(url)}: {missing}") from None
    except Exception as error:
        if isinstance(error, ValueError) and "Protocol not known" in str(error):
            raise TargetError(f"{shown(url)}: nothing reads {scheme(url)}://") from None
        raise TargetError(f"{shown(url)}: cannot be opened: {_said(error, url)}") from None
    return system, str(path)


def _without_colons(address: re.Match[str]) -> str:
    """fsspec takes :: for the beginning of another URL, that of an IPv6 address too."""
    try:
        return f"[{IPv6Address(address[1]).exploded}]"
    except ValueError:
        return address[0]


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


def _patiently(file: Any, url: str, start: int, end: int) -> bytes:
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
        raise TargetError(f"{shown(url)}: {_AS_A_WHOLE}") from None
    what = f"cannot be read at {start:#x}: {_said(reason, url)}"
    raise TargetError(f"{shown(url)}: {what}") from None


def _is_final(error: Exception) -> bool:
    status = getattr(error, "status", 0)
    timeouts = (TimeoutError, asyncio.TimeoutError)
    kinds = (ValueError, PermissionError, _TooMuch, *timeouts)
    return isinstance(error, kinds) or 400 <= status < 500


_SAID: tuple[tuple[type[BaseException], str], ...] = (
    (_TooMuch, "the server sends more than it was asked for"),
    (FileNotFoundError, "not found"),
    (PermissionError, "access is denied"),
    (IsADirectoryError, "it is a folder"),
    (OSError, "no connection to the server"),
    (ValueError, "it is no URL of a file"),
)
_NO_HTTP = {"BadHttpMessage", "BadStatusLine", "InvalidHeader", "LineTooLong"}
_SAID_BY_NAME = {  # of classes of what need not be loaded: aiohttp, botocore
    **dict.fromkeys(("ClientPayloadError", "ServerDisconnectedError"), CUT),
    "TooManyRedirects": "the server leads from one place to the next, and to none",
    "NoCredentialsError": "no credentials are set (AWS_PROFILE, AWS_ACCESS_KEY_ID)",
}


def _said(error: BaseException, url: str) -> str:
    """What is wrong, in words that are not the error's own."""
    errors = list(_with_causes(error))
    if _NO_HTTP & {type(each).__name__ for each in errors}:  # aiohttp makes it a 400
        return "the server does not speak HTTP there"
    status = next(filter(None, map(_status, errors)), 0)
    if status:
        return f"the server answers {status}" + (", not found" if status == 404 else "")
    for each in reversed(errors):  # the first of all says most
        words = connection_fault(each) or _SAID_BY_NAME.get(type(each).__name__)
        words = words or next((words for kind, words in _SAID if isinstance(each, kind)), None)
        if words:
            return words
    return f"what reads {scheme(url)}:// fails{_in_words(type(error))}"


def _status(error: BaseException) -> int:
    """That of HTTP, 0 without one: aiohttp has it in ``status``, where smbprotocol has Windows'
    own, botocore in what the server sent."""
    answer = getattr(error, "response", None)
    about = answer.get("ResponseMetadata") if isinstance(answer, dict) else None
    status = (about or {}).get("HTTPStatusCode") or getattr(error, "status", 0)
    return status if isinstance(status, int) and 100 <= status < 600 else 0


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """It and what it comes from: whatever it is, fsspec calls it a FileNotFoundError, smbprotocol a
    ValueError."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        has_errno = isinstance(cause, OSError) and bool(cause.errno)
        is_python = isinstance(cause, (ssl.SSLError, socket.gaierror)) or not has_errno
        yield cause if is_python else OSError(cause.errno, "")  # type: ignore[attr-defined]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _in_words(kind: type[BaseException]) -> str:
    """`` (token expired)`` for a library's TokenExpiredError; Python's own say nothing here."""
    parts = re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+", kind.__name__.removesuffix("Error"))
    return f" ({' '.join(parts).lower()})" if parts and kind.__module__ != "builtins" else ""
