"""No genuine function may be accused: each is judged as a callback's code is, by its image alone.

Of one that is accused the shape is shown, mnemonics without operands: enough to see what was wrong,
and the file need not be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pefile

from pykd_ext.kernel.drivers import Owner
from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.function_table import extent_of
from pykd_ext.triage.starts import Code, instructions_at, judge_start

from .mapped_image import MappedImage
from .row import Row

__all__ = ["check"]

_NAME = "image: nothing above info is held against genuine code"
_EXCEPTION = 3  # data directory
_ROW_SIZES = {"x64": 12, "arm64": 8}
_EXECUTABLE = 0x2000_0000  # IMAGE_SCN_MEM_EXECUTE
_SHOWN = 40  # accused functions of a file
_SHAPE = 8  # instructions
# It begins with a return, which the kernel writes over at its start where there is prefetchnta.
_SWITCHES = {"RtlPrefetchMemoryNonTemporal"}


class _Function(NamedTuple):
    """An RVA, and the name it is exported by."""

    rva: int
    name: str


def check(files: Sequence[Path]) -> list[Row]:
    return [row for path in files for row in _judged(path)]


def _judged(path: Path) -> Iterator[Row]:
    """A row for all that held, and one for each that did not."""
    try:
        image = MappedImage(path)
    except (pefile.PEFormatError, ValueError, OSError) as error:
        yield Row(_NAME, path.name, 0, 0, f"pefile refuses it: {error}")
        return
    try:
        # Zero where no linker made it, but a hand, to try out loaders.
        if not image.pe.OPTIONAL_HEADER.MajorLinkerVersion:
            yield Row(_NAME, path.name, 0, 0, "no linker made it")
            return
        image.nt_base = image.pe.OPTIONAL_HEADER.ImageBase  # it is not relocated
        accused, info, judged = _accused(image)
    finally:
        image.close()
    held = judged - len(accused)
    yield Row(_NAME, path.name, held, held, f"{info} info")
    for line in accused[:_SHOWN]:
        yield Row(_NAME, path.name, 1, 0, line)
    if len(accused) > _SHOWN:
        left = len(accused) - _SHOWN
        yield Row(_NAME, path.name, left, 0, f"{left} more")


def _accused(image: MappedImage) -> tuple[list[str], int, int]:
    """A line for each function that is accused; how many have an info, and how many there are."""
    code = Code(image.architecture, image.memory, image.nt_base, 0, _Owners(image).owner)
    lines: list[str] = []
    info = judged = 0
    for function in _functions(image):
        judged += 1
        try:
            verdict = judge_start(code, image.nt_base + function.rva)
        except MemoryUnreadable:
            continue
        severity = verdict.severity if verdict else ""
        if _is_misplaced(image, function.rva):
            severity = "misplaced"
        info += severity == "info"
        if severity not in ("", "info"):
            shape = instructions_at(code, image.nt_base + function.rva, _SHAPE)
            mnemonics = "; ".join(each.mnemonic for each in shape)
            lines.append(f"{severity} +{function.rva:#x} {function.name}: {mnemonics}")
    return lines, info, judged


class _Owners:
    """Whose an address is: this image's, or nobody knows."""

    def __init__(self, image: MappedImage) -> None:
        self._base, self._size = image.nt_base, len(image.data)

    def owner(self, address: int) -> Owner:
        inside = 0 <= address - self._base < self._size
        return Owner("loaded", base=self._base) if inside else Owner(None)


def _functions(image: MappedImage) -> Iterator[_Function]:
    """Exports in executable sections, and the starts of .pdata, each once."""
    seen: set[int] = set()
    exported = getattr(image.pe, "DIRECTORY_ENTRY_EXPORT", None)
    for symbol in exported.symbols if exported else ():
        name = (symbol.name or b"").decode("latin-1") or f"#{symbol.ordinal}"
        section = None if symbol.forwarder else image.pe.get_section_by_rva(symbol.address)
        is_code = section is not None and section.Characteristics & _EXECUTABLE
        if is_code and symbol.address not in seen and name not in _SWITCHES:
            seen.add(symbol.address)
            yield _Function(symbol.address, name)
    size = _ROW_SIZES.get(image.architecture)
    directories = image.pe.OPTIONAL_HEADER.DATA_DIRECTORY
    if size is None or len(directories) <= _EXCEPTION:
        return
    first, length = directories[_EXCEPTION].VirtualAddress, directories[_EXCEPTION].Size
    for row in range(first, first + length - size + 1, size):
        rva = image.memory.u32(image.nt_base + row)
        extent = extent_of(image.memory, image.nt_base, rva)
        if extent and not extent.is_part and rva not in seen:
            seen.add(rva)
            yield _Function(rva, "")


def _is_misplaced(image: MappedImage, rva: int) -> bool:
    """As triage's function-inside has it, by .pdata."""
    extent = extent_of(image.memory, image.nt_base, rva)
    return extent is not None and (extent.start != rva or extent.is_part)
