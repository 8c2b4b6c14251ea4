"""One file over HTTP, in as many answers as it takes.

RFC 9110: a Range after a cut (14.2), If-Range so that it is still the same file (13.1.5), and
Content-Range (14.4), which says what came.
"""

from __future__ import annotations

import re
import time
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from typing import IO, BinaryIO, Callable
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .connection_faults import CUT, connection_fault
from .symbol_store import StoreFailed

__all__ = ["ServerFailed", "fetch"]

_TIMEOUT = 10  # seconds without an answer, and then without a byte more
_PATIENCE, _SLOWEST = 60, 1024  # after so many seconds, less than so many bytes a second
_ATTEMPTS = 8  # each of which has to come further than the one before
_CHUNK = 1 << 16
_LARGEST = 1 << 31  # bytes; no PDB is this large
# Microsoft's server wants its client to say that it is one.
_AGENT = "Microsoft-Symbol-Server/10.0.0.0"


class ServerFailed(Exception):
    """The server did not answer, or not as a symbol server does; ``str()`` says how."""


def fetch(url: str, path: str, note: Callable[[int, int], None], largest: int = _LARGEST) -> bool:
    """Downloads ``url`` to ``path``; False when the server has not got it.

    ``note`` is told the bytes so far and in all (0: unknown). Raises ServerFailed for anything but
    a whole file of at most ``largest`` bytes or a 404, StoreFailed when it cannot be written; what
    lies at ``path`` then is of no use.
    """
    try:
        with open(path, "wb") as file:
            return _Download(url, file, note, largest).run()
    except OSError as error:
        raise StoreFailed(error.strerror or str(error)) from None


class _Download:
    """What has come of a file so far."""

    def __init__(
        self, url: str, file: BinaryIO, note: Callable[[int, int], None], largest: int
    ) -> None:
        self._url = url
        self._file = file
        self._note = note
        self._largest = largest
        self._started = time.monotonic()
        self._received = 0
        self._size = 0  # 0: unknown
        self._validator = ""

    def run(self) -> bool:
        for _ in range(_ATTEMPTS):
            before = self._received
            failure = self._attempt()
            if failure is None:
                return True
            if failure == _MISSING and not before:
                return False
            if self._received <= before:
                break
        raise ServerFailed(failure)

    def _attempt(self) -> str | None:
        """What went wrong, None when the file is whole."""
        try:
            with build_opener(_Redirections).open(self._request(), timeout=_TIMEOUT) as response:
                self._begin(response)
                self._copy(response)
        except HTTPError as error:
            error.close()
            if error.code in (404, 410):
                return _MISSING
            return f"it answers {error.code} {_line(error.reason)}"
        except (URLError, HTTPException, OSError, ValueError) as error:
            return _said(error)
        if self._received < self._size:
            return f"it sent {self._received:#x} of {self._size:#x} bytes"
        return None

    def _request(self) -> Request:
        request = Request(self._url, headers={"User-Agent": _AGENT})
        if self._received:
            request.add_header("Range", f"bytes={self._received}-")
            if self._validator:
                request.add_header("If-Range", self._validator)
        return request

    def _begin(self, response: HTTPResponse) -> None:
        """Takes the answer for the rest, or for all of the file once more."""
        if self._received and response.status == 206:
            came = response.headers.get("Content-Range", "")
            rest = f"bytes {self._received}-{self._size - 1}/{self._size}"
            if self._size and came != rest:
                raise ServerFailed(f"it answers with {_line(came)!r} when asked for {rest!r}")
            return
        if response.status != 200:
            raise ServerFailed(f"it answers {response.status} {_line(response.reason)}")
        self._file.seek(0)
        self._file.truncate()
        self._received = 0
        length = response.headers.get("Content-Length", "")
        self._size = int(length) if re.fullmatch("[0-9]{1,15}", length) else 0
        tag = response.headers.get("ETag", "")
        # A weak one says no more than that it means the same.
        strong = "" if tag.startswith("W/") else tag
        self._validator = _line(strong or response.headers.get("Last-Modified", ""))

    def _copy(self, response: HTTPResponse) -> None:
        while chunk := response.read1(_CHUNK):  # read() would wait for all of it
            self._received += len(chunk)
            if max(self._received, self._size) > self._largest:
                raise ServerFailed(f"it sends more than {self._largest:#x} bytes")
            self._write(chunk)
            self._note(self._received, self._size)
            seconds = time.monotonic() - self._started
            if seconds > _PATIENCE and self._received < seconds * _SLOWEST:
                raise ServerFailed(f"it sent {self._received:#x} bytes in {seconds:.0f} seconds")

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise StoreFailed(error.strerror or str(error)) from None


_MISSING = "it has not got all of it"


class _Redirections(HTTPRedirectHandler):
    """Those to https, and to what was asked by: never from https to http, never to ftp."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in ("https", urlsplit(req.full_url).scheme):
            raise HTTPError(newurl, code, f"and leads to {newurl}", headers, fp)
        fp.close()  # or all of its body is read, however long that says it is
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _said(error: Exception) -> str:
    cause = getattr(error, "reason", error)  # a URLError's is an error, or a text
    if isinstance(cause, IncompleteRead):
        return CUT
    known = connection_fault(cause) if isinstance(cause, Exception) else None
    return known or _line(cause)


def _line(text: object) -> str:
    """A server's own words in one line of what can be printed."""
    words = " ".join(str(text).split())[:200]
    return "".join(each if each.isprintable() else "?" for each in words)
