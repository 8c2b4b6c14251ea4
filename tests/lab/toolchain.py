"""clang and lld-link, and LLVM's other tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .profiles import Profile

__all__ = ["PREFERRED_BASES", "ToolFailed", "compile_c", "entry", "link", "run"]

# A date in 2020; the same bytes on every build.
_TIMESTAMP = 1_600_000_000

_TRIPLES = {
    "x64": "x86_64-pc-windows-msvc",
    "x86": "i686-pc-windows-msvc",
    "arm64": "aarch64-pc-windows-msvc",
}
# Debug information quotes the command line: no folder of this machine may be on it.
_NOWHERE = (
    "-fdebug-compilation-dir=c:\\lab", "-fcoverage-compilation-dir=c:\\lab", "-nostdinc",
    "-resource-dir=c",
)  # fmt: skip
PREFERRED_BASES = {"x64": 0x1_4000_0000, "x86": 0x40_0000, "arm64": 0x1_4000_0000}


class ToolFailed(RuntimeError):
    """A compiler or linker call that failed, with what it said."""


def compile_c(
    profile: Profile,
    source: str,
    work: Path,
    extra: Sequence[str],
    rewrite: Callable[[str, Profile], str] | None = None,
) -> str:
    """Compiles ``work / source``; the name of the object, in ``work``. ``rewrite`` changes the
    assembly on the way."""
    stem = f"{Path(source).stem}-{len(list(work.glob('*.obj')))}"
    compiler = ("clang", f"--target={_TRIPLES[profile.architecture]}")
    run(
        *compiler, "-S" if rewrite else "-c", "-O1", "-ffreestanding",
        "-fno-builtin", "-fno-stack-protector", "-Wall", "-Werror", "-Wno-unused-function",
        *(["-mno-sse"] if profile.architecture != "arm64" else []),
        f"-DLAB_BUILD={profile.build}", "-Ic", *_NOWHERE, *extra, source,
        "-o", f"{stem}.s" if rewrite else f"{stem}.obj",
        folder=work,
    )  # fmt: skip
    if rewrite:
        assembly = work / f"{stem}.s"
        text = rewrite(assembly.read_text(encoding="ascii"), profile)
        assembly.write_text(text, encoding="ascii")
        run(*compiler, "-c", assembly.name, "-o", f"{stem}.obj", folder=work)
        assembly.unlink()
    return f"{stem}.obj"


def link(profile: Profile, work: Path, image: str, pdb: str, *extra: str) -> None:
    """Links ``work / image``, its map beside it, and its PDB in ``work / "symbols"``.

    All names are relative to ``work``, and the PDB is told another folder, so that it and the GUID
    that the linker makes of it are the same on every machine.
    """
    major, minor = profile.version
    run(
        "lld-link", "/nologo", f"/out:{image}", "/debug", f"/pdb:symbols/{pdb}",
        f"/pdbaltpath:{pdb}", "/pdbsourcepath:c:\\lab", f"/map:{Path(image).stem}.map",
        f"/machine:{profile.architecture}", "/subsystem:native", "/driver", "/nodefaultlib",
        "/opt:noref", "/opt:noicf", "/dynamicbase", "/fixed:no", "/safeseh:no",
        f"/base:{PREFERRED_BASES[profile.architecture]:#x}", f"/timestamp:{_TIMESTAMP}",
        f"/version:{major}.{minor}", f"/osversion:{major}.{minor}", "/section:INIT,ERD", *extra,
        folder=work,
    )  # fmt: skip


def entry(profile: Profile, function: str, arguments: int) -> str:
    """The linker's option; a __stdcall name counts the bytes of its arguments."""
    return f"/entry:{function}" + (f"@{4 * arguments}" if profile.architecture == "x86" else "")


def run(*command: str, folder: Path | None = None) -> str:
    """What a tool prints, run in ``folder``; raises ToolFailed."""
    result = subprocess.run(
        command,
        executable=_tool(command[0]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ToolFailed(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def _tool(name: str) -> str:
    """Debian installs some LLVM tools under versioned names only."""
    found: str | None = shutil.which(name)
    if found is None:
        for folder in os.get_exec_path():
            candidates = sorted(Path(folder).glob(f"{name}-[0-9]*"))
            if candidates:
                return str(candidates[-1])
        raise ToolFailed(
            f"{name} is not installed (Debian: apt-get install clang lld llvm mingw-w64)"
        )
    return found
