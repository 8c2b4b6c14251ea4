"""A web server on this machine that gives ranges of a folder's files, or does not; a folder in it
is a bucket of S3, too."""

from __future__ import annotations

import re
import shutil
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["FileServer", "file_server", "self_signed"]

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
# S3's ListObjectsV2; dates as its clients need them.
_DATE = "2026-01-02T03:04:05Z"
_LIST = "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>"
_KEY = (
    "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>1</ETag><Size>{}</Size></Contents>"
)
_LISTED = '<a href="{0}">{0}</a>\n'


class FileServer:
    """``ranges`` are the first byte and the length of each that was asked for, in order. What it
    does wrong is in ``faults``: ``whole`` (a range is answered by all), ``says-whole`` (and it says
    so before), ``longer`` (the length it says is too much), ``short`` (a range has half its bytes),
    ``cut`` (the connection ends in each answer), ``cut-once``, ``silent`` (no answer comes),
    ``endless`` (it does not end), ``no-length``, ``no-head`` (as URLs that are
    signed for GET), or a status to answer with."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.ranges: list[tuple[int, int]] = []
        self.faults: set[str | int] = set()
        self.given_up = threading.Event()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = self.folder / unquote(urlsplit(handler.path).path).lstrip("/")
        status = next((each for each in self.faults if isinstance(each, int)), 200)
        if "no-head" in self.faults and handler.command == "HEAD":
            status = 403
        if status != 200 or not path.exists():
            _send(handler, 404 if status == 200 else status, b"")
        elif "list-type=2" in handler.path:
            _send(handler, 200, _LIST.format(_keys(path, handler.path)).encode(), "application/xml")
        elif path.is_dir():
            names = sorted(each.name for each in path.iterdir())
            _send(handler, 200, "".join(map(_LISTED.format, names)).encode(), "text/html")
        elif handler.command == "HEAD":
            self._describe(handler, path.stat().st_size)
        else:
            self._send_range(handler, path)

    def _describe(self, handler: BaseHTTPRequestHandler, size: int) -> None:
        handler.send_response(200)
        if "no-length" not in self.faults:
            handler.send_header(
                "Content-Length", str(size * 2 if "longer" in self.faults else size)
            )
        handler.send_header("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
        handler.send_header("ETag", '"1"')
        handler.send_header("Accept-Ranges", "none" if "says-whole" in self.faults else "bytes")
        handler.end_headers()

    def _send_range(self, handler: BaseHTTPRequestHandler, path: Path) -> None:
        size = path.stat().st_size
        asked = _RANGE.fullmatch(handler.headers.get("Range", ""))
        if "silent" in self.faults:
            self.given_up.wait()
            return
        if "endless" in self.faults:
            _send_for_ever(handler)
            return
        if asked is None or self.faults & {"whole", "says-whole"}:
            handler.send_response(200)
            handler.send_header("Connection", "close")
            if "no-length" not in self.faults:
                handler.send_header("Content-Length", str(size))
            handler.end_headers()
            with path.open("rb") as file, suppress(ConnectionError):
                shutil.copyfileobj(file, handler.wfile)
            return
        start, end = int(asked[1]), min(int(asked[2]) + 1, size)
        self.ranges.append((start, end - start))
        if start >= size:
            _send(handler, 416, b"")
            return
        with path.open("rb") as file:
            file.seek(start)
            body = file.read(end - start)
        if "short" in self.faults:
            body = body[: len(body) // 2]
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{size}")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.faults & {"cut", "cut-once"}:
            body = body[: len(body) // 2]
            handler.close_connection = True
            self.faults.discard("cut-once")
        handler.wfile.write(body)


def _send_for_ever(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(206)
    handler.send_header("Connection", "close")
    handler.end_headers()
    with suppress(ConnectionError):
        while True:
            handler.wfile.write(bytes(1 << 16))


def _keys(folder: Path, asked: str) -> str:
    (prefix,) = parse_qs(urlsplit(asked).query, keep_blank_values=True).get("prefix", [""])
    files = sorted(each for each in folder.iterdir() if each.name.startswith(prefix))
    return "".join(_KEY.format(each.name, _DATE, each.stat().st_size) for each in files)


def _send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "text/plain"
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


@contextmanager
def file_server(folder: Path, certificate: Path | None = None) -> Iterator[FileServer]:
    """Runs while the context lasts, on a free port of the loopback interface; with a certificate,
    and its key in the same file, it speaks TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.answer(self)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            http.socket = context.wrap_socket(http.socket, server_side=True)
            scheme = "https"
        server = FileServer(folder, f"{scheme}://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.given_up.set()
            http.shutdown()
            thread.join()


def self_signed(folder: Path) -> Path:
    """A new certificate for 127.0.0.1 that it has signed itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    alone = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    today = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(1)).not_valid_after(today + timedelta(1))
    certificate = builder.add_extension(alone, critical=False).sign(key, hashes.SHA256())
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
