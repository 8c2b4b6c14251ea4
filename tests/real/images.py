"""Headers of an image must be as pefile reads them: machine, sections, exports, its PDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pefile

from pykd_ext.target.errors import MemoryUnreadable, RegcbError
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
        wrong = [name for name, ours, theirs in _facts(image) if ours != theirs]
    except (RegcbError, MemoryUnreadable) as error:
        wrong = [str(error)]
    finally:
        image.close()
    return Row("image: headers", path.name, 4, 4 - min(len(wrong), 4), ", ".join(wrong))


def _facts(image: MappedImage) -> list[tuple[str, Any, Any]]:
    memory, base, pe = image.memory, image.nt_base, image.pe
    named = {
        each.name.decode("latin-1"): each.address
        for each in getattr(getattr(pe, "DIRECTORY_ENTRY_EXPORT", None), "symbols", ())
        if each.name and not each.forwarder
    }
    ours = exports(memory, base)
    table = [(each.VirtualAddress, each.Misc_VirtualSize) for each in pe.sections]
    return [
        ("machine", machine(memory, base), pe.FILE_HEADER.Machine),
        (
            "sections",
            [(each.address, each.size) for each in sections(memory, base)],
            table[:_MOST_SECTIONS],
        ),
        ("exports", {name: at - base for name, at in ours.items() if name in named}, named),
        ("PDB", _ours(pdb_reference(memory, base)), _theirs(pe)),
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
