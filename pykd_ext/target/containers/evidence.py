"""E01, the Expert Witness format: an image packed in chunks, in one file or in segments beside each
other (E01, E02 to E99, EAA to ZZZ).

dissect.evidence unpacks it, an extra (AGPL). It trusts sections to follow each other, and leaves
out segments that it cannot read; so they are held against their own words first. A section's
descriptor is 76 bytes (type, next, size, an Adler-32 of those), a volume's chunks are counted at +4
of it, a table's entries at its start (libyal's "Expert Witness Compression Format").
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import TargetError, UnsupportedTarget
from ..fields import unpack_at, unsigned
from ..file_bytes import FileStream, RangedFile, map_file
from ..locations import is_url
from .container import damaged

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes

__all__ = ["detect", "open_container", "segment_ending"]

_KIND = "E01 image"
_MAGIC, _NEWER = b"EVF\x09\x0d\x0a\xff\x00", b"EVF2\x0d\x0a\x81\x00"
_NUMBER = Struct("<9xH")  # of the segment, in its file's header
_HEADER = 13  # bytes
_SECTION = Struct("<16sQQ40xI")
_MOST_SECTIONS = 100_000  # of a segment
_MOST = 1 << 52  # bytes of memory
_TABLE = Struct("<I20x")  # entries, of four bytes each


def detect(head: bytes, _: str) -> bool:
    return head.startswith((_MAGIC, _NEWER))


def open_container(data: FileBytes) -> Container:
    from . import find_container  # noqa: PLC0415 - which asks this file

    if not data[:8].startswith(_MAGIC):
        raise UnsupportedTarget(f"{data.path}: an Ex01 image: export it as E01 or raw")
    segments = _segments(data)
    try:
        inside = _unpacked(segments)
        found = find_container(inside)
        assert found is not None  # by its name it is a raw image
        return found
    except BaseException:
        for each in segments[1:]:
            each.close()
        raise


class _Segment(NamedTuple):
    """Chunks that the volume has, 0 in a segment without it, and that the tables have; whether it
    is the last."""

    chunks: int
    entries: int
    is_last: bool


def _segments(first: FileBytes) -> list[FileBytes]:
    """All of them, each held against its own words; raises TargetError where one is missing."""
    segments = [first]
    chunks = entries = 0
    while True:
        found = _read_segment(segments[-1], len(segments))
        chunks, entries = chunks or found.chunks, entries + found.entries
        if found.is_last:
            break
        segments.append(_next(first, len(segments) + 1))
    if entries != chunks:
        raise damaged(first.path, _KIND, f"it has {entries} of {chunks} chunks")
    return segments


def _read_segment(data: FileBytes, number: int) -> _Segment:
    if len(data) < _HEADER or not data[:8].startswith(_MAGIC):
        raise damaged(data.path, _KIND, f"no segment {number} of it")
    (said,) = unpack_at(_NUMBER, data)
    if said != number:
        raise TargetError(f"{data.path}: this is segment {said} of an {_KIND}, not {number}")
    chunks = entries = 0
    at = _HEADER
    for _ in range(_MOST_SECTIONS):
        raw = data[at : at + _SECTION.size]
        if len(raw) < _SECTION.size or zlib.adler32(raw[:-4]) != unsigned(raw, len(raw) - 4):
            raise damaged(data.path, _KIND, f"no section begins at {at:#x}: it is cut off")
        name, following, size, _ = _SECTION.unpack(raw)
        kind, body = name.rstrip(b"\0"), at + _SECTION.size
        if kind in (b"done", b"next"):
            return _Segment(chunks, entries, kind == b"done")
        if kind in (b"volume", b"disk"):
            chunks = unsigned(data, body + 4, 4)
        if kind == b"table":
            count = unsigned(data, body, 4)
            if body + _TABLE.size + 4 * count > min(at + size, len(data)):
                raise damaged(data.path, _KIND, f"the table at {at:#x} is cut off")
            entries += count
        if following <= at:
            break
        at = following
    raise damaged(data.path, _KIND, f"the section at {at:#x} is followed by none")


def _next(first: FileBytes, number: int) -> FileBytes:
    """The segment ``number`` beside the first."""
    stem, ending = os.path.splitext(first.path)
    path = stem + segment_ending(ending, number)
    if is_url(path):
        raise TargetError(f"{first.path}: {path} is needed too: segments are not read at URLs")
    if not os.path.exists(path):
        raise TargetError(f"{first.path}: {path}, which follows, is missing")
    return map_file(path)


def segment_ending(first: str, number: int) -> str:
    """``.E02`` for the second segment of ``.E01``, ``.EAA`` for the hundredth."""
    letter, is_small = ord(first[1:2].upper() or "E"), first[1:2].islower()
    if number < 100:
        ending = f"{chr(letter)}{number:02}"
    else:
        high, low = divmod(number - 100, 26 * 26)
        ending = "".join(map(chr, (letter + high, 65 + low // 26, 65 + low % 26)))
    return "." + (ending.lower() if is_small else ending)


def _unpacked(segments: list[FileBytes]) -> FileBytes:
    first = segments[0]
    try:
        from dissect.evidence.ewf import EWF  # noqa: PLC0415 - an extra
    except ImportError:
        raise TargetError(f"{first.path}: E01 images need: pip install 'regcb[ewf]'") from None
    try:
        image = EWF([FileStream(each) for each in segments])
        stream, size = image.open(), image.size
    except (MemoryError, TargetError):
        raise
    except Exception as error:
        raise damaged(first.path, _KIND, _said(error)) from None
    if not 0 < size < _MOST:
        raise damaged(first.path, _KIND, f"{size} bytes of memory")

    def fetch(start: int, end: int) -> bytes:
        try:
            stream.seek(start)
            data: bytes = stream.read(end - start)
        except (MemoryError, TargetError):
            raise
        except Exception as error:
            raise damaged(first.path, _KIND, f"{start:#x} of it: {_said(error)}") from None
        _forget(image)
        if len(data) != end - start:
            raise damaged(
                first.path, _KIND, f"{len(data):#x} of {end - start:#x} bytes at {start:#x}"
            )
        return data

    def close() -> None:
        for each in segments:
            each.close()

    return RangedFile(first.path, f"{first.name}.raw", size, fetch, close)


def _forget(image: Any) -> None:
    """Every table keeps its last 1024 chunks: all of them together a good part of the image."""
    with suppress(AttributeError):
        for segment in image._segments.values():
            for table in segment.tables:
                table.read_chunk.cache_clear()


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, zlib.error) else "dissect.evidence cannot read it"
