"""What symbol servers answer, and servers that a dump lies on."""

from __future__ import annotations

import shutil
import socket
import threading
from pathlib import Path
from unittest.mock import patch

from pykd_ext.target import remote_file
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.image import PdbReference
from pykd_ext.target.remote_file import open_remote
from pykd_ext.target.symbol_path import SymbolPath
from tests.fuzz.draw import Draw
from tests.fuzz.fuzzer import Fuzzer
from tests.fuzz.oracle import hold_line

__all__ = ["FUZZER"]

_STATUS = (
    b"HTTP/1.1 200 OK", b"HTTP/1.1 206 Partial Content", b"HTTP/1.1 404 Not Found",
    b"HTTP/1.0 200 \x1b[2J", b"HTTP/1.1 302 Found", b"HTTP/1.1 500 <b>\xff", b"ICY 200", b"",
)  # fmt: skip
_HEADERS = (
    b"Content-Length: 8", b"Content-Length: 99999999999", b"Content-Length: -1",
    b"Content-Length: 4", b"Content-Range: bytes 0-7/8", b"Content-Range: bytes 4-7/99999999999",
    b"Content-Range: bytes */x", b"Accept-Ranges: none", b"Transfer-Encoding: chunked",
    b"Content-Encoding: gzip", b"Content-Encoding: br", b'ETag: "1"', b"ETag: W/\xff",
    b"Location: file:///etc/passwd", b"Location: /again", b"Location: http://[", b"Location: \x01",
    b"Last-Modified: \x1b]0;a", b"Content-Type: text/html; charset=nowhere", b"\xff\xfe: 1",
)  # fmt: skip
_BODIES = (
    b"", b"MSCF", b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0", b"PATH:/etc/passwd", b"MSG:\x1b[2J",
    b"8\r\nPAGEDU64\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"PAGEDU64" * 8,
)  # fmt: skip
_WANTED = PdbReference("a.pdb", "0" * 32, 1)


class FUZZER(Fuzzer):
    about = "answers of servers"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._store = folder / "store"
        self._answers: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def run(self, data: bytes) -> None:
        draw = Draw(data)
        is_dump = draw.number() & 1
        self._answers = [_answer(draw) for _ in range(1 + draw.number() % 4)]
        if is_dump:
            with patch.object(remote_file, "_PAUSES", (0, 0, 0)):
                _read_dump(f"{self._url}/a.dmp")
            return
        problems: list[str] = []
        try:
            SymbolPath(f"srv*{self._store}*{self._url}").open(_WANTED, problems)
        finally:
            shutil.rmtree(self._store, ignore_errors=True)
        for each in problems:
            hold_line(each)

    def _serve(self) -> None:
        """The next answer to each connection, the last one again and again."""
        while True:
            connection, _ = self._listener.accept()
            with connection:
                connection.recv(0x10000)
                connection.sendall(self._answers.pop(0) if self._answers[1:] else self._answers[0])


def _answer(draw: Draw) -> bytes:
    lines = [draw.choice(_STATUS)]
    lines += [draw.choice(_HEADERS) for _ in range(draw.number() % 5)]
    return b"\r\n".join([*lines, b"Connection: close", b"", draw.choice(_BODIES)])


def _read_dump(url: str) -> None:
    try:
        file = open_remote(url)
        try:
            file[0:8]
            file[len(file) - 4 :]
        finally:
            file.close()
    except RegcbError as error:
        hold_line(str(error))
