"""The dump or image in a compressed file: Windows Error Reporting's cabinets, zip files, gzip.

Pages are read in any order, and such a file has no way to one of them: the dump is unpacked to a
temporary file, which goes when it is closed. One file for each kind, with a class that fulfils
:class:`Archive`; a new kind is a file here and its magic in ``_KINDS``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from ..dump_header import begins_as_kernel_dump
from ..errors import TargetError
from ..file_bytes import map_file

if TYPE_CHECKING:
    from typing import Protocol

    from ..protocol import FileBytes
    from .room import Room

    class Archive(Protocol):
        """What a compressed file gives; its methods raise TargetError where it is damaged."""

        def names(self) -> Sequence[str]:
            """Of its files, as it has them."""

        def head(self, name: str) -> bytes:
            """The first bytes of a file, eight or more of those that have them."""

        def extract(self, name: str) -> str:
            """Unpacks the file; its path, in the room."""


__all__ = ["holds_kernel_dump", "open_archive"]

# Local file header of .ZIP (APPNOTE.TXT 4.3.7), CFHEADER ([MS-CAB] 2.1), RFC 1952 with deflate.
_KINDS = {
    b"PK\3\4": ("zip_archive", "zip file"),
    b"MSCF": ("cab_archive", "cabinet"),
    b"\x1f\x8b\x08": ("gzip_archive", "gzip file"),
}
_DUMPS = (".dmp", ".mdmp", ".hdmp", ".kdmp")
_KERNELS = (".dmp", ".kdmp")
_SHOWN = 3  # names in an error


def open_archive(data: FileBytes) -> FileBytes:
    """The dump or image in the compressed file ``data``, which is closed; ``data`` itself where it
    is none.

    Raises TargetError, in one line, where there is none or more than one, where it is a user-mode
    minidump, is damaged, encrypted, or would fill the disk.
    """
    kind = _kind_of(data)
    if kind is None:
        return data
    module, what = kind
    room = _room_of(data)
    try:
        archive = _opened(module, data, room)
        name = _the_dump(archive, data.path, what)
        inside = map_file(archive.extract(name), shown=data.path, folder=room.folder)
    except BaseException:
        room.remove()
        raise
    data.close()
    return inside


def holds_kernel_dump(path: str) -> bool:
    """Whether the file at ``path`` is compressed and has a dump in it that is called as a kernel's
    is, or that is alone and begins as one; True, too, where it cannot be looked into: whoever
    opens it says why."""
    try:
        data = map_file(path)
    except TargetError:
        return True
    kind = _kind_of(data)
    if kind is None:
        data.close()
        return False
    room = None
    try:
        room = _room_of(data)
        archive = _opened(kind[0], data, room)
        names = archive.names()
        return any(_ending(each) in _KERNELS for each in names) or (
            len(names) == 1 and _begins_as_kernel_dump(archive, names[0])
        )
    except TargetError:
        return True
    finally:
        if room is not None:
            room.remove()
        data.close()


def _begins_as_kernel_dump(archive: Archive, name: str) -> bool:
    try:
        return begins_as_kernel_dump(archive.head(name))
    except TargetError:
        return False


def _kind_of(data: FileBytes) -> tuple[str, str] | None:
    return next((each for magic, each in _KINDS.items() if data[: len(magic)] == magic), None)


def _room_of(data: FileBytes) -> Room:
    from .room import Room  # noqa: PLC0415 - 4 ms, and images are mostly not packed

    return Room(data.path, len(data))


def _opened(module: str, data: FileBytes, room: Room) -> Archive:
    archive: Archive = import_module(f".{module}", __name__).open_packed(data, room)
    return archive


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _the_dump(archive: Archive, path: str, what: str) -> str:
    """The name of the only file that can be meant."""
    names = archive.names()
    meant = [each for each in names if len(names) == 1 or _ending(each) in _DUMPS]
    if not meant:
        raise TargetError(f"{path}: there is no dump in this {what}, but {_list(names)}")
    kernels = [each for each in meant if archive.head(each)[:4] != b"MDMP"]
    if not kernels:
        raise TargetError(
            f"{path}: {_list(meant)} in this {what}: a user-mode minidump, of a program; registry "
            "callbacks live in the kernel"
        )
    if len(kernels) > 1:
        raise TargetError(
            f"{path}: there are {len(kernels)} dumps in this {what}, {_list(kernels)}: unpack the "
            "one that is meant"
        )
    return kernels[0]


def _list(names: Sequence[str]) -> str:
    """Names are the file's word: escaped, and not all of many."""
    shown = ", ".join(repr(each[:64]) for each in names[:_SHOWN])
    return (shown or "nothing") + (", ..." if len(names) > _SHOWN else "")
