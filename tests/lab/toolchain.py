"""clang and lld-link: from the C files to images, PDBs and symbol addresses.

A build lives in ``.cache/lab/<profile>-<digest of all sources>`` of the checkout. It is made in a
folder of its own and renamed into place, so that two processes may build at once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .drivers import DRIVERS, Driver
from .kernel_types import types_source
from .pdb_file import mark_stripped
from .profiles import Profile

__all__ = ["Build", "build"]

_LAB = Path(__file__).parent
_SOURCES = _LAB / "c"
_CACHE = _LAB.parents[1] / ".cache" / "lab"

# A date in 2020; the same bytes on every build.
_TIMESTAMP = 1_600_000_000

_TRIPLES = {
    "x64": "x86_64-pc-windows-msvc",
    "x86": "i686-pc-windows-msvc",
    "arm64": "aarch64-pc-windows-msvc",
}
_LINK_MACHINES = {"x64": "x64", "x86": "x86", "arm64": "arm64"}
_PREFERRED_BASES = {"x64": 0x1_4000_0000, "x86": 0x40_0000, "arm64": 0x1_4000_0000}

_KERNEL_EXPORTS = (
    "CmRegisterCallback", "CmUnRegisterCallback", "DbgBreakPointWithStatus",
    "ExAllocatePoolWithTag", "ExFreePoolWithTag", "KeBugCheckEx", "KeNumberProcessors,DATA",
    "NtBuildLab,DATA", "NtBuildNumber,DATA", "PsInitialSystemProcess,DATA",
    "PsLoadedModuleList,DATA",
)  # fmt: skip
_INIT_DISCARDABLE = "/section:INIT,ERD"
_PCR_SIZE = 0x2000  # two pages: what debuggers read of it


class Build(NamedTuple):
    """One profile's images in ``folder``, their PDBs in ``symbols``."""

    folder: Path
    symbols: Path

    def image(self, name: str) -> Path:
        return self.folder / name

    def symbol_rvas(self, image_name: str) -> dict[str, int]:
        """RVAs of an image's symbols, from the linker's map; x86 decoration taken off."""
        return dict(_map_symbols((self.folder / image_name).with_suffix(".map")))


class ToolFailed(RuntimeError):
    """A compiler or linker call that failed, with what it said."""


@cache
def build(profile: Profile) -> Build:
    """The images of ``profile``, built now or found in the cache; raises ToolFailed."""
    final = _CACHE / f"{profile.name}-{_digest(profile)}"
    if not final.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
            work = Path(scratch) / "build"
            (work / "symbols").mkdir(parents=True)
            _build_kernel(profile, work)
            for driver in DRIVERS:
                _build_driver(profile, driver, work)
            for leftover in (*work.glob("*.obj"), *work.glob("*.lib"), *work.glob("*.def")):
                leftover.unlink()
            _move_into_place(work, final)
    return Build(final, final / "symbols")


def _digest(profile: Profile) -> str:
    digest = hashlib.sha256(repr(profile).encode())
    scripts = [_LAB / f"{name}.py" for name in ("drivers", "kernel_types", "pdb_file", "toolchain")]
    for path in sorted((*scripts, *_SOURCES.iterdir(), *(_LAB / "data").iterdir())):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _move_into_place(work: Path, final: Path) -> None:
    try:
        work.rename(final)
    except OSError:
        if not final.exists():  # another process was not first, so this is a real failure
            raise


def _build_kernel(profile: Profile, work: Path) -> None:
    defines = [
        f'-DLAB_BRANCH="{profile.branch}"',
        f"-DLAB_PCR_SIZE={_PCR_SIZE}",
    ]
    callbacks = "callback_vector.c" if profile.has_vector else "callback_list.c"
    objects = [
        _compile(profile, _SOURCES / name, work, defines)
        for name in ("pool.c", "altitude.c", callbacks, "kernel.c")
    ]
    types = work / "types.c"
    types.write_text(types_source(profile), encoding="ascii")
    with_types = _compile(profile, types, work, ["-g", "-gcodeview", "-O0"])
    # Without its symbols and data the object adds nothing but types to the PDB.
    unwanted = [f"--remove-section={name}" for name in (".debug$S", ".data", ".bss")]
    _run("llvm-objcopy", *unwanted, with_types)
    exports = [*_KERNEL_EXPORTS] + ([] if profile.has_vector else ["CmRegisterCallbackEx"])
    _link(
        profile, work, "ntoskrnl.exe", profile.kernel_pdb, *objects, with_types,
        _entry(profile, "KiSystemStartup", arguments=1), f"/implib:{work / 'ntoskrnl.lib'}",
        *(f"/export:{name}" for name in exports),
    )  # fmt: skip
    mark_stripped(work / "symbols" / profile.kernel_pdb)


def _build_driver(profile: Profile, driver: Driver, work: Path) -> None:
    debug = ["-g", "-gcodeview"] if driver.private_pdb else []
    objects = [
        _compile(profile, _SOURCES / driver.source, work, [*debug, *driver.defines(profile)])
    ]
    pdb = f"{driver.stem}.pdb"
    entry = _entry(profile, "DriverEntry", arguments=2)
    _link(profile, work, driver.file_name, pdb, *objects, str(work / "ntoskrnl.lib"), entry)
    if not driver.has_pdb:
        (work / "symbols" / pdb).unlink()
    elif not driver.private_pdb:
        mark_stripped(work / "symbols" / pdb)


def _entry(profile: Profile, function: str, arguments: int) -> str:
    """The linker's option; a __stdcall name counts the bytes of its arguments."""
    return f"/entry:{function}" + (f"@{4 * arguments}" if profile.architecture == "x86" else "")


def _compile(profile: Profile, source: Path, work: Path, extra: Iterable[str]) -> str:
    target = work / f"{source.stem}-{len(list(work.glob('*.obj')))}.obj"
    _run(
        "clang", f"--target={_TRIPLES[profile.architecture]}", "-c", "-O1", "-ffreestanding",
        "-fno-builtin", "-fno-stack-protector", "-Wall", "-Werror", "-Wno-unused-function",
        *(["-mno-sse"] if profile.architecture != "arm64" else []),
        f"-DLAB_BUILD={profile.build}", f"-I{_SOURCES}", f"-fdebug-compilation-dir={_SOURCES.name}",
        *extra, str(source), "-o", str(target),
    )  # fmt: skip
    return str(target)


def _link(profile: Profile, work: Path, image: str, pdb: str, *extra: str) -> None:
    major, minor = profile.version
    _run(
        "lld-link", "/nologo", f"/out:{work / image}", "/debug", f"/pdb:{work / 'symbols' / pdb}",
        f"/pdbaltpath:{pdb}", f"/map:{(work / image).with_suffix('.map')}",
        f"/machine:{_LINK_MACHINES[profile.architecture]}", "/subsystem:native", "/driver",
        "/nodefaultlib", "/opt:noref", "/opt:noicf", "/dynamicbase", "/fixed:no", "/safeseh:no",
        f"/base:{_PREFERRED_BASES[profile.architecture]:#x}", f"/timestamp:{_TIMESTAMP}",
        f"/version:{major}.{minor}", f"/osversion:{major}.{minor}", _INIT_DISCARDABLE, *extra,
    )  # fmt: skip


def _tool(name: str) -> str:
    """Debian installs some LLVM tools under versioned names only."""
    found: str | None = shutil.which(name)
    if found is None:
        for folder in os.get_exec_path():
            candidates = sorted(Path(folder).glob(f"{name}-[0-9]*"))
            if candidates:
                return str(candidates[-1])
        raise ToolFailed(f"{name} is not installed (Debian: apt-get install clang lld llvm)")
    return found


def _run(*command: str) -> None:
    result = subprocess.run(
        [_tool(command[0]), *command[1:]], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise ToolFailed(f"{' '.join(command)}\n{result.stdout}{result.stderr}")


_MAP_LINE = re.compile(r" [0-9a-f]{4}:[0-9a-f]{8}\s+(\S+)\s+([0-9a-f]{8,16})\s")
_MAP_BASE = re.compile(r"Preferred load address is ([0-9a-f]+)")


def _map_symbols(path: Path) -> Iterable[tuple[str, int]]:
    text = path.read_text(encoding="utf-8")
    base_line = _MAP_BASE.search(text)
    assert base_line is not None, path
    base = int(base_line[1], 16)
    for line in text.splitlines():
        match = _MAP_LINE.match(line)
        if match:
            yield _undecorated(match[1], base), int(match[2], 16) - base


def _undecorated(name: str, base: int) -> str:
    """``_CmRegisterCallback@12`` -> ``CmRegisterCallback``; only x86 decorates C names."""
    if base != _PREFERRED_BASES["x86"] or not name.startswith("_"):
        return name
    return name[1:].partition("@")[0]
