"""The PDBs of a symbol path, for an engine that knows only symbol servers.

A symbol server answers ``GET /ntkrnlmp.pdb/GUIDAGE/ntkrnlmp.pdb`` ("Using SymSrv", Microsoft).
"""

from __future__ import annotations

import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

from .image import PdbReference
from .symbol_path import SymbolPath

__all__ = ["PdbServer"]


class PdbServer:
    """Answers on the loopback interface as long as the process lives, and by what ``symbol_path``
    is at the time."""

    def __init__(self, symbol_path: SymbolPath) -> None:
        """Raises OSError where this process may not listen."""
        self.symbol_path = symbol_path
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = _wanted(self.path)
                pdb = wanted and server.symbol_path.open(wanted, [])
                if not pdb:
                    self.send_error(404)
                    return
                with open(pdb.path, "rb") as file:
                    self.send_response(200)
                    self.end_headers()
                    shutil.copyfileobj(file, self.wfile)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler


def _wanted(path: str) -> PdbReference | None:
    """What ``/name/GUIDAGE/name`` asks for; None for any other path. The age is in hex."""
    _, name, identity, *_ = [*path.split("/"), "", ""]
    try:
        return PdbReference(name, str(UUID(identity[:32])).upper(), int(identity[32:], 16))
    except ValueError:
        return None
