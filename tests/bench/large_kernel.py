"""A kernel of the lab with as much code as Microsoft's have."""

from __future__ import annotations

import struct
from pathlib import Path

import pefile

from tests.lab import PROFILES
from tests.lab.build import build

__all__ = ["large_kernel"]

_CODE = 12 << 20  # bytes; Windows 11's ntoskrnl.exe has about as many
_SECTION = 40  # bytes of an IMAGE_SECTION_HEADER
_CODE_EXECUTE_READ = 0x60000020


def large_kernel(folder: Path) -> Path:
    """The x64 kernel that runs, with its own code behind it again and again."""
    data = build(PROFILES["x64-19041"], runs=True).image("ntoskrnl.exe").read_bytes()
    with pefile.PE(data=data) as image:
        header = image.sections[-1].get_file_offset() + _SECTION
        address = image.OPTIONAL_HEADER.SizeOfImage
        own = b"".join(each.get_data() for each in image.sections if each.IMAGE_SCN_MEM_EXECUTE)
        image.FILE_HEADER.NumberOfSections += 1
        image.OPTIONAL_HEADER.SizeOfImage += _CODE
        larger = bytearray(image.write())
    code = (own * (_CODE // len(own) + 1))[:_CODE]
    more = struct.pack("<8s4I12xI", b"MORE", _CODE, address, _CODE, len(larger), _CODE_EXECUTE_READ)
    assert len(more) == _SECTION and not any(larger[header : header + _SECTION])
    larger[header : header + _SECTION] = more
    path = folder / "ntoskrnl.exe"
    path.write_bytes(larger + code)
    return path
