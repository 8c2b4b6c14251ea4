"""The folder that a compressed file is unpacked to, and how much there may be in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from io import FileIO
from typing import BinaryIO

from ..errors import TargetError

__all__ = ["Room"]

_ALWAYS = 256 << 20  # bytes
# A complete dump of 256 GB with 4 GB in use is packed to a 165th or so; deflate gets to a 1032nd.
_TIMES = 250
_LEFT_FREE = 1 << 30  # bytes of the disk
_AT_ONCE = 4 << 20  # bytes


class Room:
    """A new folder for the file that is called ``path``."""

    def __init__(self, path: str, packed: int) -> None:
        """``packed`` is the file's own size in bytes. Raises TargetError where no folder can be
        made."""
        try:
            self.folder = tempfile.mkdtemp(prefix="regcb-")
        except OSError as error:
            raise _no_place(path, error) from None
        self._path = path
        self._most = max(_ALWAYS, _TIMES * packed)
        self._free = shutil.disk_usage(self.folder).free - _LEFT_FREE
        self._places = 0

    @property
    def size(self) -> int:
        """Bytes, one at least."""
        return max(min(self._most, self._free), 1)

    def new_folder(self) -> str:
        self._places += 1
        folder = os.path.join(self.folder, str(self._places))
        os.mkdir(folder)
        return folder

    def check(self, size: int) -> None:
        """Raises TargetError where ``size`` bytes are too many."""
        if size > self._most:
            raise TargetError(
                f"{self._path}: it unpacks to more than {_TIMES} times its size, as no dump does: "
                "unpack it by hand if you trust it"
            )
        if size > self._free:
            raise TargetError(
                f"{self._path}: {size:#x} bytes are unpacked, and {os.path.dirname(self.folder)} "
                "has no room for them (1 GiB of the disk stays free): set TMPDIR (TEMP on Windows) "
                "to a folder on another disk"
            )

    def copy(self, source: BinaryIO, name: str) -> str:
        """All of ``source``, in a file that ends as ``name`` does; raises TargetError for too
        much."""
        ending = os.path.splitext(name)[1]
        to = os.path.join(self.new_folder(), "dump" + (ending if ending[1:].isalnum() else ""))
        done = 0
        with open(to, "wb", buffering=0) as out:
            while True:
                data = source.read(_AT_ONCE)
                if not data:
                    return to
                done += len(data)
                self.check(done)
                self._write(out, data)

    def _write(self, out: FileIO, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[out.write(rest) :]
        except OSError as error:
            raise _no_place(self._path, error) from None

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _no_place(path: str, error: OSError) -> TargetError:
    return TargetError(
        f"{path}: it has to be unpacked to a temporary file, and none can be written "
        f"({error.strerror or error}): set TMPDIR (TEMP on Windows) to a folder with room for it"
    )
