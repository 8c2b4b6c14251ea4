"""A driver's own file: what its code was before anybody changed it in memory.

A symbol store keeps images beside PDBs, as ``name/TIMEDATESTAMPsizeofimage/name`` (Microsoft,
"SymStore file structure"); a folder of the symbol path may hold them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pefile

    from .symbol_path import SymbolPath

__all__ = ["ImageFiles", "WantedImage"]


class WantedImage(NamedTuple):
    """An image as it is loaded: its file name, and what tells one build of it from another."""

    name: str
    base: int
    size: int  # SizeOfImage
    time_date_stamp: int


class ImageFiles:
    """The images on a symbol path. ``problems`` says which files were refused, and why."""

    def __init__(self, path: SymbolPath) -> None:
        self._path = path
        self._opened: dict[WantedImage, pefile.PE | None] = {}
        self.problems: list[str] = []

    def code(self, wanted: WantedImage, address: int, size: int) -> bytes | None:
        """Up to ``size`` bytes that belong at the VA ``address``, as many as its section has,
        relocated to where the image is; None where its file is not at hand."""
        if wanted not in self._opened:
            self._opened[wanted] = self._open(wanted)
        image = self._opened[wanted]
        if image is None:
            return None
        section = image.get_section_by_rva(address - wanted.base)
        data = bytes(section.get_data(address - wanted.base, size)) if section else b""
        return data or None

    def constant(self, wanted: WantedImage, address: int, size: int) -> bytes | None:
        """The same, of headers and of sections that nobody writes to, which hold in memory what the
        file has."""
        if wanted not in self._opened:
            self._opened[wanted] = self._open(wanted)
        image = self._opened[wanted]
        if image is None:
            return None
        rva = address - wanted.base
        section = image.get_section_by_rva(rva)
        if section is None:
            data = bytes(image.header[rva : rva + size])
        elif section.Characteristics & _WRITABLE:
            return None
        else:
            data = bytes(section.get_data(rva, size))
        return data if len(data) == size else None

    def _open(self, wanted: WantedImage) -> pefile.PE | None:
        identity = f"{wanted.time_date_stamp:08X}{wanted.size:x}"
        for path in self._path.files(wanted.name, identity, self.problems):
            image = self._open_if_right(path, wanted)
            if image is not None:
                return image
        return None

    def _open_if_right(self, path: str, wanted: WantedImage) -> pefile.PE | None:
        import pefile  # noqa: PLC0415 - 50 ms, and seldom is there a file

        try:
            # Not by name: pefile's mapping keeps the file locked on Windows. A bytearray, since it
            # relocates only that in place.
            with open(path, "rb") as file:
                image = pefile.PE(data=bytearray(file.read()), fast_load=True)
            stamp, size = image.FILE_HEADER.TimeDateStamp, image.OPTIONAL_HEADER.SizeOfImage
            if (stamp, size) == (wanted.time_date_stamp, wanted.size):
                image.parse_data_directories([_RELOCATIONS])
                image.relocate_image(wanted.base)
                return image
        except Exception as error:  # pefile raises what a damaged file makes its code stumble on
            self.problems.append(f"{path} is refused: no image that can be read: {error}")
            return None
        self.problems.append(
            f"{path} is refused: its TimeDateStamp and SizeOfImage are {stamp:08x} {size:x}, "
            f"the loaded image has {wanted.time_date_stamp:08x} {wanted.size:x}"
        )
        return None


_WRITABLE = 0x8000_0000  # IMAGE_SCN_MEM_WRITE
_RELOCATIONS = 5  # IMAGE_DIRECTORY_ENTRY_BASERELOC
