"""What is built for a profile, and where it is kept.

A build lives in ``.cache/lab/<profile>-<digest of all sources>`` of the checkout. It is made in a
folder of its own and renamed into place, so that what is there is whole.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .code_shapes import Shape, shape_of
from .drivers import Driver, drivers
from .example_driver import EXAMPLE_DRIVER, compile_example
from .kernel_types import kernel_offsets, offset_defines, types_header, types_source
from .pdb_file import mark_stripped
from .profiles import Profile
from .toolchain import PREFERRED_BASES, compile_c, entry, link, run

__all__ = ["REGISTRY", "Build", "build", "build_into"]

REGISTRY = "registry.exe"  # an image of data

_LAB = Path(__file__).parent
_SOURCES = _LAB / "c"
_LIVE_SOURCES = _LAB / "kd" / "c"
_CACHE = _LAB.parents[1] / ".cache" / "lab"

_KERNEL_EXPORTS = (
    "CmRegisterCallback", "CmUnRegisterCallback", "DbgBreakPointWithStatus", "DbgPrintEx",
    "ExAllocatePoolWithTag", "ExFreePoolWithTag", "ExGetPreviousMode", "KeBugCheckEx",
    "KeNumberProcessors,DATA", "NtBuildLab,DATA", "NtBuildNumber,DATA",
    "PsInitialSystemProcess,DATA", "PsLoadedModuleList,DATA", "RtlEqualUnicodeString",
    "RtlPrefixUnicodeString", "ZwClose", "ZwOpenKey", "ZwQueryValueKey", "memcpy", "memset",
)  # fmt: skip
_LIST_EXPORTS = (
    "CmCallbackGetKeyObjectIDEx", "CmCallbackReleaseKeyObjectIDEx", "CmRegisterCallbackEx",
)  # fmt: skip
# For stacks that a debugger is to walk.
_UNWIND = ("-fasynchronous-unwind-tables", "-fno-omit-frame-pointer")
_LIVE_EXPORTS = (
    "KiDeliverApc", "KiServiceInternal", "PsTerminateSystemThread", "ZwYieldExecution",
)  # fmt: skip
_SHAPED = "/call_callbacks.c"
_FRAMES = {"x86": ("-fno-omit-frame-pointer",)}  # as the dispatchers of Vista SP2 and 7 SP1 have
_CALLS = ("call_callbacks.c", "call_contexts.c", "guard.c")
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


@cache
def build(profile: Profile, runs: bool = False, shape: str = "plain") -> Build:
    """The images of ``profile``, built now or found in the cache; raises ToolFailed.

    ``runs``: of a kernel that can be run (kd/c), and not only looked at. ``shape``: how it calls
    the callbacks (code_shapes.SHAPES); raises ValueError for another.
    """
    code = shape_of(profile, shape)
    kind = ("-live" if runs else "") + (f"-{shape}" if shape != "plain" else "")
    final = _CACHE / f"{profile.name}{kind}-{_digest(profile)}"
    if not final.exists():
        # A kernel of another shape is all that such a build has of its own.
        rest = build(profile, runs) if shape != "plain" else None
        with _only_one(final):
            if not final.exists():
                build_into(final, profile, runs, code, rest)
    return Build(final, final / "symbols")


def build_into(
    final: Path, profile: Profile, runs: bool, code: Shape, rest: Build | None = None
) -> Build:
    """A new folder of images; of the kernel alone, beside what ``rest`` has of the others, where
    that is given. Raises ToolFailed."""
    with tempfile.TemporaryDirectory(dir=final.parent) as scratch:
        work = Path(scratch) / "build"
        if rest is None:
            (work / "symbols").mkdir(parents=True)
        else:
            shutil.copytree(rest.folder, work)
        # Compiled from here, so that no path of this machine gets into a PDB.
        shutil.copytree(_SOURCES, work / "c")
        shutil.copytree(_LIVE_SOURCES, work / "kd")
        (work / "c" / "types.h").write_text(types_header(profile), encoding="ascii")
        _build_kernel(profile, work, runs, code)
        if rest is None:
            _build_registry(profile, work)
            for driver in drivers(profile, runs):
                _build_driver(profile, driver, work, _UNWIND if runs else ())
        shutil.rmtree(work / "c")
        shutil.rmtree(work / "kd")
        for leftover in (*work.glob("*.obj"), *work.glob("*.lib"), *work.glob("*.c")):
            leftover.unlink()
        work.rename(final)
    return Build(final, final / "symbols")


@contextmanager
def _only_one(final: Path) -> Iterator[None]:
    """Of the processes that want the same build, one makes it and the others wait."""
    import fcntl  # not on Windows, where builds are found only

    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{final.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


_BUILDING = (
    "build",
    "code_shapes",
    "drivers",
    "example_driver",
    "kernel_types",
    "pdb_file",
    "toolchain",
)


def _digest(profile: Profile) -> str:
    digest = hashlib.sha256(repr(profile).encode())
    scripts = [_LAB / f"{name}.py" for name in _BUILDING]
    headers_and_code = [
        *_SOURCES.iterdir(), *_LIVE_SOURCES.iterdir(),
        *EXAMPLE_DRIVER.glob("*.[ch]"), *EXAMPLE_DRIVER.glob("mingw/*.h"),
    ]  # fmt: skip
    for path in sorted([*scripts, *headers_and_code, *(_LAB / "data").iterdir()]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build_kernel(profile: Profile, work: Path, runs: bool, code: Shape) -> None:
    defines = [
        f'-DLAB_BRANCH="{profile.branch}"',
        f"-DLAB_PCR_SIZE={_PCR_SIZE}",
        *code.options,
    ]
    if runs:
        defines += ["-DLAB_RUNS", *_UNWIND]
    (work / "c" / "offsets.h").write_text(offset_defines(profile), encoding="ascii")
    sources = _kernel_sources(profile, work, runs)
    shaped = [name for name in sources if name.endswith(_SHAPED)]
    frames = [*defines, *_FRAMES.get(profile.architecture, ())]
    objects = [
        *(compile_c(profile, name, work, defines) for name in sources if name not in shaped),
        *(compile_c(profile, name, work, frames, code.rewrite) for name in shaped),
    ]
    (work / "types.c").write_text(types_source(profile), encoding="ascii")
    with_types = compile_c(profile, "types.c", work, ["-g", "-gcodeview", "-O0"])
    # Without its symbols and data the object adds nothing but types to the PDB.
    unwanted = [f"--remove-section={name}" for name in (".debug$S", ".data", ".bss")]
    run("llvm-objcopy", *unwanted, with_types, folder=work)
    exports = [*_KERNEL_EXPORTS] + ([] if profile.has_vector else [*_LIST_EXPORTS])
    exports += _LIVE_EXPORTS if runs else ()
    link(
        profile, work, "ntoskrnl.exe", profile.kernel_pdb, *objects, with_types,
        entry(profile, "KiSystemStartup", arguments=1), "/implib:ntoskrnl.lib",
        *(f"/export:{name}" for name in exports),
    )  # fmt: skip
    mark_stripped(work / "symbols" / profile.kernel_pdb)


def _kernel_sources(profile: Profile, work: Path, runs: bool) -> list[str]:
    if runs:
        common = ("altitude.c", "runtime.c", *_callback_sources(profile), "kernel.c")
        live = sorted(path.name for path in (work / "kd").glob("*.c") if path.stem != "stage")
        return [*(f"c/{name}" for name in common), *(f"kd/{name}" for name in live)]
    callbacks = _callback_sources(profile)
    return [
        f"c/{name}"
        for name in ("pool.c", "altitude.c", "runtime.c", "no_registry.c", *callbacks, "kernel.c")
    ]


def _callback_sources(profile: Profile) -> tuple[str, ...]:
    if profile.has_vector:
        return ("callback_vector.c",)
    return ("callback_list.c", *_CALLS)


def _build_registry(profile: Profile, work: Path) -> None:
    body = kernel_offsets(profile).field("_OBJECT_HEADER", "Body")
    arguments = [
        f"-DOBJECT_BODY={body:#x}", "-Wno-initializer-overrides", "-fms-extensions",
    ]  # fmt: skip
    objects = [
        compile_c(profile, f"c/{name}", work, arguments) for name in ("keys.c", "notifications.c")
    ]
    pdb = "registry.pdb"
    link(
        profile,
        work,
        REGISTRY,
        pdb,
        *objects,
        "/dll",
        "/noentry",
        "/section:TRUTH,RD",
        "/section:NOTICES,RD",
    )
    (work / "symbols" / pdb).unlink()


def _build_driver(profile: Profile, driver: Driver, work: Path, extra: Sequence[str]) -> None:
    if driver.source is None:
        objects = compile_example(profile, work, extra)
    else:
        debug = ["-g", "-gcodeview"] if driver.private_pdb else []
        arguments = [*debug, *driver.defines(profile), *extra]
        objects = [compile_c(profile, f"c/{driver.source}", work, arguments)]
    pdb = f"{driver.stem}.pdb"
    link(
        profile, work, driver.file_name, pdb, *objects, "ntoskrnl.lib",
        entry(profile, "DriverEntry", arguments=2),
    )  # fmt: skip
    if not driver.has_pdb:
        (work / "symbols" / pdb).unlink()
    elif not driver.private_pdb:
        mark_stripped(work / "symbols" / pdb)


_MAP_LINE = re.compile(r" [0-9a-f]{4}:[0-9a-f]{8}\s+(\S+)\s+([0-9a-f]{8,16})\s")
_ARGUMENTS = re.compile(r"@\d+$")
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
    if base != PREFERRED_BASES["x86"] or not name.startswith("_"):
        return name
    return _ARGUMENTS.sub("", name[1:])  # and none of what ``_DriverEntry@8.Text`` has: a static
