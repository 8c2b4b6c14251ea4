"""A symbol server on this machine, for a few requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Optional

__all__ = ["Answer", "SymbolServer", "symbol_server"]


class Answer(NamedTuple):
    """What the server says to one path. ``length`` is a Content-Length that may be a lie.

    ``cut`` is after how many bytes it hangs up; with ``resumes`` it gives the rest of a file whose
    ``tag`` is still what was asked by. ``then`` is the answer of the next time.
    """

    status: int = 200
    body: bytes = b""
    length: int | None = None
    location: str = ""
    reason: str | None = None
    tag: str = ""
    cut: int | None = None
    resumes: bool = False
    came: str | None = None  # a Content-Range that is a lie
    then: Optional[Answer] = None  # noqa: UP045 - 3.9 evaluates it


class SymbolServer:
    """Answers by path, 404 elsewhere; ``asked`` are the paths in order, ``ranges`` what was asked
    of each: Range and If-Range."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.ranges: list[tuple[str, str]] = []
        self.agents: set[str] = set()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        answer = self.answers.get(handler.path, Answer(404))
        wanted, if_range = handler.headers.get("Range", ""), handler.headers.get("If-Range", "")
        self.asked.append(handler.path)
        self.ranges.append((wanted, if_range))
        self.agents.add(handler.headers["User-Agent"])
        if answer.then is not None:
            self.answers[handler.path] = answer.then
        start = 0
        if wanted and answer.resumes and if_range in ("", answer.tag):
            start = int(wanted[len("bytes=") : -1])
        handler.send_response(206 if start else answer.status, answer.reason)
        if start:
            size = len(answer.body)
            came = f"bytes {start}-{size - 1}/{size}" if answer.came is None else answer.came
            handler.send_header("Content-Range", came)
        for name, value in (("Location", answer.location), ("ETag", answer.tag)):
            if value:
                handler.send_header(name, value)
        body = answer.body[start:]
        length = len(body) if answer.length is None else answer.length
        if length >= 0:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(body[: answer.cut])


@contextmanager
def symbol_server() -> Iterator[SymbolServer]:
    """Runs while the context lasts, on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = SymbolServer(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
