"""Compiling samples/regprotect, the project's example driver, against MinGW's DDK headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .profiles import Profile
from .toolchain import run

__all__ = ["EXAMPLE_DRIVER", "compile_example"]

EXAMPLE_DRIVER = Path(__file__).parents[2] / "samples" / "regprotect"

_MACHINES = {"x64": "x86_64", "x86": "i686", "arm64": "aarch64"}
# MinGW has no ARM64 DDK: its headers pass as ARM's with the sample's own armddk.h beside them.
_ARM64 = ["-isystem", str(EXAMPLE_DRIVER / "mingw"), "-D_M_ARM"]


def compile_example(profile: Profile, work: Path, extra: Sequence[str]) -> list[str]:
    """The names of the driver's objects, in ``work``; ``extra`` is the compiler's. ToolFailed."""
    ddk = _kernel_headers()
    command = [
        "clang", f"--target={_MACHINES[profile.architecture]}-w64-windows-gnu", "-std=gnu11",
        "-O1", "-ffreestanding", "-fno-builtin", "-fno-stack-protector", "-D_WIN32_WINNT=0x0602",
        "-DNTDDI_VERSION=0x06020000", "-isystem", str(ddk.parent), "-isystem", str(ddk),
        *(_ARM64 if profile.architecture == "arm64" else []), *extra, "-c",
    ]  # fmt: skip
    objects = []
    for source in sorted(EXAMPLE_DRIVER.glob("*.c")):
        objects.append(f"{source.stem}-regprotect.obj")
        run(*command, str(source), "-o", objects[-1], folder=work)
    return objects


def _kernel_headers() -> Path:
    """The folder of the DDK headers."""
    answer = run("x86_64-w64-mingw32-gcc", "-print-file-name=../include/ddk")
    return Path(answer.strip()).resolve()
