"""Images and PDBs as clang and lld-link make them, for each processor, public and private."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.lab.pdb_file import mark_stripped
from tests.lab.toolchain import run

__all__ = ["ARCHITECTURES", "Sample", "build_sample", "compile_source"]

HERE = Path(__file__).parent

_TRIPLES = {
    "x64": "x86_64-pc-windows-msvc",
    "x86": "i686-pc-windows-msvc",
    "arm64": "aarch64-pc-windows-msvc",
}
ARCHITECTURES = tuple(_TRIPLES)
_COMPILER_FLAGS = ("-ffreestanding", "-fno-stack-protector", "-fno-exceptions", "-fno-rtti", "-O1")
_LONG_LIST_FIELDS = 2500  # more than fit into one LF_FIELDLIST


class Sample(NamedTuple):
    """An image and its PDB; ``private`` ones know static functions."""

    architecture: str
    private: bool
    image: Path
    pdb: Path


def build_sample(architecture: str, private: bool, folder: Path) -> Sample:
    """Builds in ``folder``; raises ToolFailed."""
    for path in (*HERE.glob("*.c"), *HERE.glob("*.cpp"), *HERE.glob("*.h")):
        shutil.copy(path, folder)
    (folder / "long.h").write_text(_long_list(), encoding="ascii")
    debug = ["-g", "-gcodeview"]
    code = debug if private else []
    sources = {"code.c": code, "classes.cpp": code, "types.c": debug, "elsewhere.c": debug}
    for source, extra in sources.items():
        compile_source(architecture, folder, source, extra, f"{source}.obj")
    entry = "DriverEntry@8" if architecture == "x86" else "DriverEntry"
    run(
        "lld-link", "/nologo", "/out:sample.sys", "/debug", "/pdb:sample.pdb",
        "/pdbaltpath:sample.pdb", f"/machine:{architecture}", "/subsystem:native", "/driver",
        "/nodefaultlib", "/opt:noref", "/opt:noicf", "/safeseh:no", f"/entry:{entry}",
        "/export:CdeclFunction", "/export:Twin", "/export:ATwin", "/export:sink,DATA",
        "/export:Elsewhere=other.Function", *(f"{source}.obj" for source in sources), folder=folder,
    )  # fmt: skip
    if not private:
        mark_stripped(folder / "sample.pdb")
    return Sample(architecture, private, folder / "sample.sys", folder / "sample.pdb")


def compile_source(
    architecture: str, folder: Path, source: str, extra: Sequence[str], target: str
) -> str:
    """Compiles ``source`` to ``target``, both in ``folder``; what the compiler prints."""
    return run(
        "clang", f"--target={_TRIPLES[architecture]}", "-c", *_COMPILER_FLAGS, *extra, source,
        "-o", target, folder=folder,
    )  # fmt: skip


def _long_list() -> str:
    names = (f"ULONG FieldOfAStructureWithMoreFieldsThanFitIntoOneRecord{index}"
             for index in range(_LONG_LIST_FIELDS))  # fmt: skip
    return "struct _LONG_LIST {\n" + "".join(f"    {name};\n" for name in names) + "};\n"
