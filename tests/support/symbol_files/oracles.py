"""What other tools say about a PDB, an image and a structure: llvm-pdbutil, llvm-readobj, clang."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.lab.pe_image import PeImage
from tests.lab.toolchain import run

from .samples import Sample, compile_source

__all__ = [
    "FieldLayout",
    "Located",
    "exported",
    "field_layouts",
    "functions",
    "identity",
    "publics",
]


class Located(NamedTuple):
    """A symbol and its RVA."""

    name: str
    rva: int


class FieldLayout(NamedTuple):
    """A field as the compiler lays it out; bits count from the structure's start."""

    type_name: str
    name: str
    first_bit: int
    bit_length: int  # 0 where it is no bit-field


_PUBLIC = re.compile(r"S_PUB32 .*?`(.*)`\n.*addr = (\d+):(\d+)")
_FUNCTION = re.compile(r"S_[GL]PROC32 .*?`(.*)`\n.*addr = (\d+):(\d+), code size")


def publics(sample: Sample) -> list[Located]:
    """Every public of the PDB, under its decorated name."""
    return list(_located(sample, _PUBLIC, "-publics"))


def functions(sample: Sample) -> list[Located]:
    """Every function of a private PDB, static ones too."""
    return list(_located(sample, _FUNCTION, "-symbols"))


def _located(sample: Sample, pattern: re.Pattern[str], option: str) -> Iterator[Located]:
    starts = [section.rva for section in PeImage(sample.image).sections]
    for found in pattern.finditer(run("llvm-pdbutil", "dump", option, str(sample.pdb))):
        yield Located(found[1], starts[int(found[2]) - 1] + int(found[3]))


def identity(pdb: Path) -> tuple[str, int]:
    """The GUID and age of a PDB."""
    text = run("llvm-pdbutil", "dump", "-summary", str(pdb))
    guid = re.search(r"GUID: \{(.*)\}", text)
    age = re.search(r"Age: (\d+)", text)
    assert guid and age, text
    return guid[1], int(age[1])


def exported(image: Path) -> dict[str, int]:
    """The RVA of each named export, without forwarders."""
    text = run("llvm-readobj", "--coff-exports", str(image))
    found = re.findall(r"Export \{\n +Ordinal: .*\n +Name: (.*)\n +RVA: (.*)\n\}", text)
    return {name: int(rva, 16) for name, rva in found if name}


_RECORD = re.compile(r"^ +0 \| (?:struct|union) (\w+)\n((?:.*\|.*\n)+)", re.MULTILINE)
_FIELD = re.compile(r"^ *(\d+)(?::(\d+)-(\d+))? \|( +)(.*)$")


def _records(sample: Sample) -> Iterator[tuple[str, list[str]]]:
    """Each named structure of types.c: its name, the lines of its fields."""
    folder = sample.pdb.parent
    text = compile_source(
        sample.architecture, folder, "types.c", ["-Xclang", "-fdump-record-layouts"], "layouts.obj"
    )
    for record in _RECORD.finditer(text):
        *lines, _ = record[2].splitlines()
        yield record[1], lines


def field_layouts(sample: Sample) -> Iterator[FieldLayout]:
    """The fields of each structure, those of its anonymous members among them."""
    for type_name, lines in _records(sample):
        named = [False]  # for each level of nesting: is a record above it named?
        for line in lines:
            field = _FIELD.match(line)
            assert field, line
            depth = (len(field[4]) - 1) // 2
            del named[depth:]
            name = "" if field[5].endswith(" ") else field[5].rpartition(" ")[2]
            if name and not any(named):
                first = int(field[2] or 0)
                length = int(field[3]) - first + 1 if field[3] else 0
                yield FieldLayout(type_name, name, 8 * int(field[1]) + first, length)
            named.append(bool(name))
