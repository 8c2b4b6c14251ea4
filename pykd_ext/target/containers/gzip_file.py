"""Any of the others, compressed with gzip: unpacked to a temporary file, which goes with the image.

Pages are read in any order, and gzip has no way to one of them.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import weakref
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import TargetError
from ..file_bytes import FileStream, map_file

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes


_MAGIC = b"\x1f\x8b\x08"
_AT_ONCE = 4 << 20  # bytes


def detect(head: bytes, _: str) -> bool:
    return head.startswith(_MAGIC)


def open_container(data: FileBytes) -> Container:
    from . import find_container  # noqa: PLC0415 - which asks this file

    name = data.name[:-3] if data.name.lower().endswith(".gz") else data.name
    folder = tempfile.mkdtemp(prefix="regcb-")
    unpacked = os.path.join(folder, os.path.basename(name) or "image")
    try:
        with gzip.open(FileStream(data)) as source, open(unpacked, "wb") as out:
            shutil.copyfileobj(source, out, _AT_ONCE)
        found = find_container(map_file(unpacked))
    except (OSError, EOFError, zlib.error) as error:
        _remove(folder)
        raise TargetError(f"{data.path}: cannot be unpacked: {error}") from None
    except TargetError:
        _remove(folder)
        raise
    if found is None:
        _remove(folder)
        raise TargetError(f"{data.path}: what is in this gzip file is no memory image")
    weakref.finalize(found, _remove, folder)
    found.path = data.path
    data.close()
    return found


def _remove(folder: str) -> None:
    with suppress(OSError):
        shutil.rmtree(folder)
