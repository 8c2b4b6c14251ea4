"""A registry value as a person reads it: the name of its type, and its data.

Types: winnt.h. Text is UTF-16 and comes out as the target holds it, hostile characters and all:
whoever prints it makes it harmless (:func:`pykd_ext.present.text.printable`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

__all__ = [
    "DEFAULT_VALUE",
    "VALUE_TYPES",
    "ValueData",
    "filetime_text",
    "hex_dump",
    "value_name_text",
    "value_type_text",
]

DEFAULT_VALUE = "(Default)"  # the value without a name, as the registry editor shows it

VALUE_TYPES = {
    "REG_NONE": 0,
    "REG_SZ": 1,
    "REG_EXPAND_SZ": 2,
    "REG_BINARY": 3,
    "REG_DWORD": 4,
    "REG_DWORD_BIG_ENDIAN": 5,
    "REG_LINK": 6,
    "REG_MULTI_SZ": 7,
    "REG_RESOURCE_LIST": 8,
    "REG_FULL_RESOURCE_DESCRIPTOR": 9,
    "REG_RESOURCE_REQUIREMENTS_LIST": 10,
    "REG_QWORD": 11,
}
_NAMES = {number: name for name, number in VALUE_TYPES.items()}

_LINE = 16  # bytes on a line of a hex dump
_SHOWN = 32  # bytes of data that are no text and no number, on one line


@dataclass(frozen=True)
class ValueData:
    """The data of one value: ``size`` bytes as its owner says, of which ``data`` could be read."""

    type: int
    size: int
    data: bytes

    @property
    def is_cut(self) -> bool:
        """Whether there is more of it than was read."""
        return len(self.data) < self.size

    def text(self) -> str:
        """On one line: ``"C:\\Windows"``, ``0x1 (1)``, ``"a", "b"``, else its first bytes."""
        strings = _STRINGS.get(self.type)
        if strings is not None:
            cut = f" (the first {len(self.data)} of {self.size} bytes)" if self.is_cut else ""
            return strings(self.data) + cut
        number = _NUMBERS.get(self.type)
        if number is not None and len(self.data) == self.size == number[0]:
            return _number_text(self.data, number[1])
        return self._bytes_text()

    def _bytes_text(self) -> str:
        shown = self.data[:_SHOWN]
        more = " .." if len(shown) < self.size else ""
        return f"{shown.hex(' ')}{more} ({self.size} bytes)".lstrip()


def value_type_text(number: int) -> str:
    """``REG_SZ``; a type that has no name, which the registry allows, as ``type 0x10001``."""
    return _NAMES.get(number, f"type {number:#x}")


def value_name_text(name: str) -> str:
    """The name of a value, ``(Default)`` for the one without a name."""
    return name or DEFAULT_VALUE


def filetime_text(filetime: int) -> str:
    """100 ns since 1601 as ISO 8601 UTC; the number in hexadecimal past the year 9999."""
    try:
        moment = datetime(1601, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return f"{filetime:#x}"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def hex_dump(data: bytes) -> list[str]:
    """Lines of an offset, 16 bytes, and the same as ASCII."""
    return [
        f"{start:04x}  {data[start : start + _LINE].hex(' '):<47}"
        f"  {_ascii(data[start : start + _LINE])}"
        for start in range(0, len(data), _LINE)
    ]


def _ascii(data: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)


def _string_text(data: bytes) -> str:
    """One string; its terminator, which it may lack, is no part of it."""
    text, odd = _decode(data)
    return f'"{text[:-1] if text.endswith(chr(0)) else text}"{odd}'


def _strings_text(data: bytes) -> str:
    """Strings, each terminated, an empty one at the end."""
    text, odd = _decode(data)
    strings = text.split("\0")
    while strings and not strings[-1]:
        strings.pop()
    return (", ".join(f'"{each}"' for each in strings) or "(no strings)") + odd


def _decode(data: bytes) -> tuple[str, str]:
    """UTF-16 with lone surrogates kept, and a note when a byte is left over."""
    whole = len(data) & ~1
    odd = f" and the byte {data[whole]:02x}" if whole < len(data) else ""
    return data[:whole].decode("utf-16-le", "surrogatepass"), odd


def _number_text(data: bytes, big_endian: bool) -> str:
    number = int.from_bytes(data, "big" if big_endian else "little")
    return f"{number:#x} ({number})"


_STRINGS: dict[int, Callable[[bytes], str]] = {
    VALUE_TYPES["REG_SZ"]: _string_text,
    VALUE_TYPES["REG_EXPAND_SZ"]: _string_text,
    VALUE_TYPES["REG_LINK"]: _string_text,
    VALUE_TYPES["REG_MULTI_SZ"]: _strings_text,
}

# The size that makes it a number, and whether its first byte is the highest.
_NUMBERS = {
    VALUE_TYPES["REG_DWORD"]: (4, False),
    VALUE_TYPES["REG_DWORD_BIG_ENDIAN"]: (4, True),
    VALUE_TYPES["REG_QWORD"]: (8, False),
}
