"""What a callback can be told in the lab: structures that c/notifications.c lays out.

For each, what the C code put into its members.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from .pe_image import PeImage
from .truth import MemberTruth, NotificationTruth

__all__ = ["find_notice", "read_notices"]

_RECORDS = "NOTICES"
_PREFIX = "RegNt"


def find_notice(notices: dict[str, NotificationTruth], wanted: str) -> NotificationTruth:
    """By name (``RegNtPreSetValueKey``, ``RegNtPreSetValueKey_Dword``) or the class's number.

    Raises ValueError that names what there is.
    """
    for name, notice in notices.items():
        if wanted in (name, str(notice.number)):
            return notice
    raise ValueError(f"no notification {wanted!r}; there are {', '.join(notices)}")


def read_notices(image: PeImage, pointer_size: int) -> dict[str, NotificationTruth]:
    """All by name, in the order of c/notifications.h; each post one after its pre one."""
    notices: dict[str, NotificationTruth] = {}
    by_address: dict[int, NotificationTruth] = {}
    for records in _notices(image, pointer_size):
        (name, structure, information, number, _), *members = records
        truths = [_member(image, information, each) for each in members]
        values = {each.name: each.value for each in truths}
        notice = NotificationTruth(
            name=_PREFIX + name,
            number=number,
            structure=structure,
            address=information,
            members=truths,
            data=_data(image, values),
            pre=by_address.get(values.get("PreInformation", 0)),
        )
        notices[notice.name] = by_address[information] = notice
    return notices


_Record = tuple[str, str, int, int, int]  # name, structure, pointer, first, size


def _notices(image: PeImage, pointer_size: int) -> Iterator[list[_Record]]:
    """The records of each; an empty one ends them, and zeros align the next."""
    (section,) = (each for each in image.sections if each.name == _RECORDS)
    record = struct.Struct("<3Q2L" if pointer_size == 8 else "<5L")
    place, end = section.rva, section.rva + section.size
    records: list[_Record] = []
    while place + record.size <= end:
        name, structure, *rest = record.unpack_from(image.data, place)
        if name:
            records.append((_text(image, name), _text(image, structure), *rest))
            place += record.size
            continue
        if records:
            yield records
            records = []
        place += pointer_size


def _member(image: PeImage, information: int, record: _Record) -> MemberTruth:
    name, _, text, offset, size = record
    place = information - image.base + offset
    return MemberTruth(
        name=name,
        offset=offset,
        size=size,
        value=int.from_bytes(image.data[place : place + size], "little"),
        text=_wide_text(image, text) if text else None,
    )


def _data(image: PeImage, values: dict[str, int]) -> str | None:
    """The data of a value that is to be set, in hexadecimal."""
    if "DataSize" not in values:
        return None
    place = values.get("Data", 0) - image.base
    return image.data[place : place + values["DataSize"]].hex() if values.get("Data") else ""


def _text(image: PeImage, address: int) -> str:
    if not address:
        return ""
    start = address - image.base
    return image.data[start : image.data.index(0, start)].decode("ascii")


def _wide_text(image: PeImage, address: int) -> str:
    start = end = address - image.base
    while image.data[end : end + 2] != b"\0\0":
        end += 2
    return image.data[start:end].decode("utf-16-le")
