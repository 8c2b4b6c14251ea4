"""What Python's own errors say of a connection, in words without a class or a number."""

from __future__ import annotations

import asyncio
import socket
import ssl

__all__ = ["CUT", "connection_fault"]

CUT = "the server cuts the connection"
_FAULTS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    # asyncio's is another one before Python 3.11, socket's before 3.10.
    (
        (TimeoutError, asyncio.TimeoutError, socket.timeout),
        "the server does not answer, or is too slow",
    ),
    (
        (ssl.SSLCertVerificationError,),
        "the server's certificate is not trusted: SSL_CERT_FILE can name a file of those that are",
    ),
    ((ssl.SSLError,), "the server does not speak TLS there"),
    ((socket.gaierror,), "no connection to the server: its name is not known"),
    ((UnicodeError,), "no connection to the server: none has such a name"),
    ((ConnectionRefusedError,), "no connection to the server: it refuses one"),
    ((ConnectionError,), CUT),
)


def connection_fault(error: BaseException) -> str | None:
    """What went wrong; None for an error that is not about a connection alone."""
    return next((words for kinds, words in _FAULTS if isinstance(error, kinds)), None)
