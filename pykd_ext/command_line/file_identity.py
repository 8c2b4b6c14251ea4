"""What a file is known by anywhere: the hash of its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Callable, NamedTuple

__all__ = ["FileIdentity", "file_identity"]

_CHUNK = 1 << 20  # bytes


class FileIdentity(NamedTuple):
    """``sha256`` in hex, ``size`` in bytes."""

    sha256: str
    size: int


def file_identity(
    path: str, progress: Callable[[int, int], None] | None = None
) -> FileIdentity | None:
    """Of the file at ``path``, read once from its start to its end; ``progress`` is told the bytes
    so far and in all. None where there is no such file (a debugger's name of a dump is none of this
    machine, a URL's would have to be fetched), where it is none, or where it cannot be read."""
    digest = hashlib.sha256()
    done = 0
    file = Path(path)
    try:
        if not file.is_file():  # a pipe would be waited for
            return None
        size = file.stat().st_size
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, size)
    except OSError:
        return None
    return FileIdentity(digest.hexdigest(), done)
