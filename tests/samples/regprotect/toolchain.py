"""Compiles the example driver and its test harness with MinGW and clang."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
DRIVER = CHECKOUT / "samples" / "regprotect"
HARNESS = Path(__file__).resolve().parent

# As samples/regprotect/README.md says: Windows 8 is the oldest that the driver runs on.
FLAGS = [
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-D_WIN32_WINNT=0x0602",
    "-DNTDDI_VERSION=0x06020000",
]
# The conversions that MSVC warns of at /W4.
DRIVER_FLAGS = ["-ffreestanding", "-Wconversion", "-Wno-sign-conversion"]
CLANG_FLAGS: dict[str, list[str]] = {
    "x86_64": [],
    "i686": [],
    "aarch64": ["-isystem", str(DRIVER / "mingw"), "-D_M_ARM"],
}
LINK_FLAGS = [
    "-nostdlib",
    "-shared",
    "-Wl,--subsystem,native",
    "-Wl,--exclude-all-symbols",
]
ENTRY = {"x86_64": "DriverEntry", "i686": "_DriverEntry@8"}
IMPORT_LIBRARY = {"x86_64": ["-d", "ntoskrnl_x64.def"], "i686": ["-k", "-d", "ntoskrnl_x86.def"]}
PACKAGES = {"wine": "wine wine64", "clang": "clang"}


def tool(name: str) -> str:
    """The path of a program; AssertionError names the Debian package when it is not there."""
    found = shutil.which(name)
    assert found, f"{name} is not installed: apt-get install {PACKAGES.get(name, 'mingw-w64')}"
    return found


def run(command: Sequence[object]) -> str:
    """What the command prints; AssertionError with its messages when it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(words)}\n{result.stdout}{result.stderr}"
    return result.stdout


def kernel_headers() -> Path:
    """The folder of MinGW's DDK headers."""
    gcc = tool("x86_64-w64-mingw32-gcc")
    return Path(run([gcc, "-print-file-name=../include/ddk"]).strip()).resolve()


def compile_driver(machine: str, folder: Path) -> list[Path]:
    """The driver's objects for "x86_64" or "i686", as they go into the .sys file."""
    gcc = [tool(f"{machine}-w64-mingw32-gcc"), *FLAGS, *DRIVER_FLAGS, "-isystem", kernel_headers()]
    return [_compile(gcc, source, folder) for source in sorted(DRIVER.glob("*.c"))]


def clang_driver(machine: str, folder: Path) -> list[Path]:
    """The driver's objects by clang, for "x86_64", "i686" or "aarch64"."""
    ddk = kernel_headers()
    clang = [tool("clang"), f"--target={machine}-w64-windows-gnu", *FLAGS, *DRIVER_FLAGS]
    clang += ["-isystem", str(ddk.parent), "-isystem", str(ddk), *CLANG_FLAGS[machine]]
    return [_compile(clang, source, folder) for source in sorted(DRIVER.glob("*.c"))]


def link_driver(machine: str, objects: Sequence[Path], folder: Path) -> Path:
    """regprotect.sys from the objects of `compile_driver`."""
    imports = folder / "ntoskrnl_gaps.a"
    *options, definition = IMPORT_LIBRARY[machine]
    dlltool = tool(f"{machine}-w64-mingw32-dlltool")
    run([dlltool, *options, DRIVER / "mingw" / definition, "-l", imports])
    image = folder / "regprotect.sys"
    gcc = tool(f"{machine}-w64-mingw32-gcc")
    entry = f"-Wl,--entry,{ENTRY[machine]}"
    run([gcc, *LINK_FLAGS, entry, *objects, imports, "-lntoskrnl", "-o", image])
    return image


def link_harness(objects: Sequence[Path], folder: Path) -> Path:
    """harness.exe (x64): the driver's own objects, and a process that plays the kernel."""
    gcc = tool("x86_64-w64-mingw32-gcc")
    kernel = [gcc, *FLAGS, "-isystem", kernel_headers(), "-I", DRIVER]
    user = [gcc, *FLAGS]
    parts = [
        _compile(user if source.name == "guarded.c" else kernel, source, folder)
        for source in sorted(HARNESS.glob("*.c"))
    ]
    program = folder / "harness.exe"
    run([gcc, *objects, *parts, "-lntdll", "-o", program])
    return program


def _compile(compiler: Sequence[object], source: Path, folder: Path) -> Path:
    target = folder / f"{source.stem}.o"
    run([*compiler, "-c", source, "-o", target])
    return target
