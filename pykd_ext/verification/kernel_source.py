"""The kernel that is to be run: an image's file, laid out and relocated, or a target's pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..target.architecture import ArchitectureName, architecture_of_machine
from ..target.errors import MemoryUnreadable, TargetError
from ..target.fields import unsigned, words
from ..target.image import size_of_image
from ..target.memory import PAGE

if TYPE_CHECKING:
    import pefile

    from ..target import Target
    from ..target.symbol_path import SymbolPath

__all__ = ["ImageFile", "KernelSource", "TargetKernel"]

_BASES = {"x64": 0xFFFFF803_12400000, "x86": 0x82800000, "arm64": 0xFFFFF803_12400000}
_LARGEST_FILE = 0x400_0000  # bytes; Windows 11's kernel has 12 MiB
_LARGEST_IMAGE = 0x400_0000
_RELOCS_STRIPPED = 1  # IMAGE_FILE_RELOCS_STRIPPED
_RELOCATIONS, _EXPORTS = 5, 0  # IMAGE_DIRECTORY_ENTRY_*
_RELOCATION_SIZES = {3: 4, 10: 8}  # IMAGE_REL_BASED_HIGHLOW, IMAGE_REL_BASED_DIR64


class KernelSource(Protocol):
    """A kernel's pages. ``base`` and ``size`` are those of its image, in bytes."""

    path: str
    architecture: ArchitectureName
    base: int
    size: int

    def page(self, address: int) -> bytes | None:
        """The page at the VA ``address``, None where it is not to be had."""


class ImageFile:
    """The kernel of an image file, laid out at the VA ``base``.

    Raises TargetError, in one line, for a file that is none.
    """

    def __init__(self, path: str, base: int | None = None) -> None:
        self.path = path
        image = _parsed(path)
        machine = image.FILE_HEADER.Machine
        architecture = architecture_of_machine(machine)
        if architecture is None:
            raise TargetError(
                f"{path}: its machine {machine:#06x} is none of x64, x86 and ARM64: no kernel that "
                "can be run here"
            )
        self.architecture = architecture.name
        self.base = _BASES[self.architecture] if base is None else base
        self.identity = image.FILE_HEADER.TimeDateStamp, image.OPTIONAL_HEADER.SizeOfImage
        self.size = (image.OPTIONAL_HEADER.SizeOfImage + PAGE - 1) & ~(PAGE - 1)
        if not 0 < self.size <= _LARGEST_IMAGE:
            raise TargetError(f"{path}: SizeOfImage {self.size:#x} is no kernel's")
        self._contents = _laid_out(image, self.size)
        self._relocate(image)

    def page(self, address: int) -> bytes | None:
        at = address - self.base
        return bytes(self._contents[at : at + PAGE]) if 0 <= at < self.size else None

    def _relocate(self, image: pefile.PE) -> None:
        directories = image.OPTIONAL_HEADER.DATA_DIRECTORY
        table = directories[_RELOCATIONS] if len(directories) > _RELOCATIONS else None
        stripped = image.FILE_HEADER.Characteristics & _RELOCS_STRIPPED
        if table is None or not table.Size or stripped:
            raise TargetError(
                f"{self.path}: it has no relocations, without which it cannot be laid out where a "
                "kernel lies"
            )
        delta = self.base - image.OPTIONAL_HEADER.ImageBase
        at, end = table.VirtualAddress, min(table.VirtualAddress + table.Size, self.size)
        while at + 8 <= end:
            page, length = words(self._contents[at : at + 8], 4)
            if not 8 <= length <= end - at:
                raise TargetError(f"{self.path}: its relocations are damaged at {at:#x}")
            for entry in words(self._contents[at + 8 : at + length], 2):
                self._relocate_one(entry >> 12, page + (entry & 0xFFF), delta)
            at += length

    def _relocate_one(self, kind: int, at: int, delta: int) -> None:
        if kind == 0:  # IMAGE_REL_BASED_ABSOLUTE: padding
            return
        size = _RELOCATION_SIZES.get(kind)
        if size is None or at + size > self.size:
            raise TargetError(f"{self.path}: a relocation of kind {kind} at {at:#x} is damaged")
        value = unsigned(self._contents, at, size) + delta
        self._contents[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def _parsed(path: str) -> pefile.PE:
    """Headers and sections."""
    import pefile  # noqa: PLC0415 - 50 ms that only an image's file needs

    try:
        return pefile.PE(data=_read(path), fast_load=True)
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}") from None
    except TargetError:
        raise
    except Exception as error:  # pefile raises what a damaged file makes its code stumble on
        raise TargetError(
            f"{path} is no image of a kernel, and a dump is opened with -z: {error}"
        ) from None


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise TargetError(f"{path} is no kernel: it has more than {_LARGEST_FILE:#x} bytes")
    return data


def _laid_out(image: pefile.PE, size: int) -> bytearray:
    """The file as the loader maps it, before relocation."""
    contents = bytearray(size)
    data = image.__data__
    headers = bytes(data[: min(image.OPTIONAL_HEADER.SizeOfHeaders, size)])
    contents[: len(headers)] = headers
    for section in image.sections:
        start, length = section.PointerToRawData, section.SizeOfRawData
        at = section.VirtualAddress
        if section.Misc_VirtualSize:
            length = min(length, (section.Misc_VirtualSize + PAGE - 1) & ~(PAGE - 1))
        raw = bytes(data[start : start + length])[: max(size - at, 0)]
        contents[at : at + len(raw)] = raw
    return contents


class TargetKernel:
    """The kernel that ``target`` runs: its own pages, and where those are absent the file's.

    Raises TargetError where its headers cannot be read. ``problems``: files that were refused.
    """

    def __init__(self, target: Target, symbol_path: SymbolPath) -> None:
        self._target, self._symbol_path = target, symbol_path
        self._file: ImageFile | None = None
        self._looked = False
        self.problems: list[str] = []
        self.path = target.path or target.kind
        self.architecture = target.architecture
        self.base = target.nt_base
        memory = target.memory
        try:
            size = size_of_image(memory, self.base)
            stamp = memory.u32(self.base + memory.u32(self.base + 0x3C) % PAGE + 8)
        except MemoryUnreadable as error:
            raise TargetError(f"the kernel's headers are absent: {error}") from None
        if not 0 < size <= _LARGEST_IMAGE:
            raise TargetError(f"the kernel's headers say a SizeOfImage of {size:#x}")
        self._identity = stamp, size
        self.size = (size + PAGE - 1) & ~(PAGE - 1)

    def page(self, address: int) -> bytes | None:
        try:
            return self._target.read(address, PAGE)
        except MemoryUnreadable:
            if not self._looked:
                self._looked = True
                self._file = self._find()
            return self._file.page(address) if self._file else None

    def _find(self) -> ImageFile | None:
        """The file on the symbol path that is this kernel's."""
        stamp, size = self._identity
        for name in _NAMES:
            for path in self._symbol_path.files(name, f"{stamp:08X}{size:x}", self.problems):
                try:
                    file = ImageFile(path, self.base)
                except TargetError as error:
                    self.problems.append(str(error))
                    continue
                if file.identity == self._identity:
                    return file
                self.problems.append(f"{path} is refused: it is another build of the kernel")
        return None


# What the kernel's file is called: installed, and as it was linked.
_NAMES = ("ntoskrnl.exe", "ntkrnlmp.exe", "ntkrpamp.exe", "ntkrnlpa.exe")
