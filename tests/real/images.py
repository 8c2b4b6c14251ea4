"""Headers of an image must be as pefile reads them: machine, sections, exports, its PDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import pefile

from pykd_ext.target.errors import MemoryUnreadable
from pykd_ext.target.guids import guid_text
from pykd_ext.target.image import exports, machine, pdb_reference, sections

from .mapped_image import MappedImage
from .row import Row

__all__ = ["check"]

_MOST_SECTIONS = 96  # what regcb reads of a section table


def check(files: Sequence[Path]) -> list[Row]:
    return [_judge(path) for path in files]


def _judge(path: Path) -> Row:
    try:
        image = MappedImage(path)
    except (pefile.PEFormatError, ValueError, OSError) as error:
        return Row("image", path.name, 0, 0, f"pefile refuses it: {error}")
    try:
        facts = _facts(image)
        wrong = [name for name, ask, theirs in facts if _answer(ask) != (theirs or None)]
    finally:
        image.close()
    held = len(facts) - len(wrong)
    return Row("image: headers", path.name, len(facts), held, ", ".join(wrong))


def _answer(ask: Callable[[], Any]) -> Any:
    """None for nothing, and for a table that leads out of its image: pefile passes over it."""
    try:
        return ask() or None
    except MemoryUnreadable:
        return None


def _facts(image: MappedImage) -> list[tuple[str, Callable[[], Any], Any]]:
    memory, base, pe = image.memory, image.nt_base, image.pe
    named = {
        each.name.decode("latin-1"): each.address
        for each in getattr(getattr(pe, "DIRECTORY_ENTRY_EXPORT", None), "symbols", ())
        if each.name and not each.forwarder
    }
    table = [(each.VirtualAddress, each.Misc_VirtualSize) for each in pe.sections]
    return [
        ("machine", lambda: machine(memory, base), pe.FILE_HEADER.Machine),
        (
            "sections",
            lambda: [(each.address, each.size) for each in sections(memory, base)],
            table[:_MOST_SECTIONS],
        ),
        (
            "exports",
            lambda: {n: at - base for n, at in exports(memory, base).items() if n in named},
            named,
        ),
        ("PDB", lambda: _ours(pdb_reference(memory, base)), _theirs(pe)),
    ]


def _ours(reference: Any) -> tuple[str, int] | None:
    return (reference.guid, reference.age) if reference else None


def _theirs(pe: pefile.PE) -> tuple[str, int] | None:
    for each in getattr(pe, "DIRECTORY_ENTRY_DEBUG", ()):
        entry = each.entry
        if getattr(entry, "CvSignature", None) == b"RSDS":
            raw = pe.get_data(each.struct.AddressOfRawData + 4, 16)
            return guid_text(raw), entry.Age
    return None
