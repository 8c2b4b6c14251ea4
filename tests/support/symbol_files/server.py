"""A symbol server on this machine, for a few requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

__all__ = ["Answer", "SymbolServer", "symbol_server"]


class Answer(NamedTuple):
    """What the server says to one path. ``length`` is a Content-Length that may be a lie."""

    status: int = 200
    body: bytes = b""
    length: int | None = None
    location: str = ""


class SymbolServer:
    """Answers by path, 404 elsewhere; ``asked`` are the paths in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.agents: set[str] = set()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        self.agents.add(handler.headers["User-Agent"])
        answer = self.answers.get(handler.path, Answer(404))
        handler.send_response(answer.status)
        if answer.location:
            handler.send_header("Location", answer.location)
        length = len(answer.body) if answer.length is None else answer.length
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(answer.body)


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
