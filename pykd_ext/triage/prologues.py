"""Whether somebody has written over the start of a callback, or of the kernel's own functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..kernel.code import disassemble
from ..kernel.drivers import Owner
from ..kernel.instructions import Instruction
from ..target.errors import MemoryUnreadable, SymbolNotFound
from ..target.image_files import WantedImage
from .finding import Finding, about
from .scene import Scene
from .stubs import Stub, find_stub

__all__ = ["kernel_code_patched", "prologue_patched"]

_INSTRUCTIONS = 6
_COMPARED = 16  # bytes; further on the loader itself rewrites calls (import optimization)
_MOST_JUMPS = 4  # from thunk to thunk
_ALIGNMENT = 16  # of functions

_PADDING = re.compile(r"int3|nop.*|brk .*|udf .*")
_HOTPATCH = "_hotpatch"  # in the name of the image that a patched function jumps to (SOURCES 7.2)

# What a blinded kernel would have changed (SOURCES 7.1).
_KERNEL_FUNCTIONS = (
    "CmpCallCallBacksEx", "CmRegisterCallback", "CmRegisterCallbackEx", "CmUnRegisterCallback",
)  # fmt: skip

_TINY = "a genuine callback can be as short: compare it with the driver's own file"


class _Verdict(NamedTuple):
    """What is wrong with one function's start."""

    severity: str
    summary: str
    doubt: str | None


def prologue_patched(scene: Scene) -> Iterator[Finding]:
    """A callback that returns at once, or leads out of its driver."""
    for entry in scene.readable:
        function, owner = entry.callback.function, entry.owner
        if not function or owner.state != "loaded":
            continue
        for verdict, evidence in _judged(scene, function, owner):
            yield about(
                entry, "prologue-patched", verdict.severity, verdict.summary, evidence,
                verdict.doubt,
            )  # fmt: skip


def kernel_code_patched(scene: Scene) -> Iterator[Finding]:
    """The same of the kernel's functions that register, unregister and call the callbacks."""
    kernel = scene.drivers.owner(scene.target.nt_base)
    for name in _KERNEL_FUNCTIONS:
        try:
            function = scene.target.symbol(name)
        except SymbolNotFound:
            continue
        for verdict, evidence in _judged(scene, function, kernel):
            yield Finding(
                id="kernel-code-patched",
                severity=verdict.severity,
                callback=None,
                summary=f"nt!{name} {verdict.summary}",
                evidence=evidence,
                doubt=verdict.doubt,
                next=f"u nt!{name}",
            )


def _judged(
    scene: Scene, function: int, owner: Owner
) -> Iterator[tuple[_Verdict, dict[str, object]]]:
    """None or one."""
    try:
        instructions = disassemble(scene.target, function, _INSTRUCTIONS)
        found = scene.target.memory.read(function, _COMPARED)
    except MemoryUnreadable:
        return  # paged out: nothing is known
    expected = _expected(scene, function, owner)
    if expected == found:
        return
    verdict = _verdict(scene, instructions, owner, expected is not None)
    if verdict:
        yield (
            verdict,
            {
                "function": f"{function:#x}",
                "bytes": found.hex(),
                "expected": expected.hex() if expected else None,
                "instructions": [each.text for each in instructions],
            },
        )


def _expected(scene: Scene, function: int, owner: Owner) -> bytes | None:
    """The bytes of the driver's own file, None where it is not at hand."""
    if not (owner.name and owner.base and owner.size) or owner.time_date_stamp is None:
        return None
    wanted = WantedImage(owner.name, owner.base, owner.size, owner.time_date_stamp)
    return scene.files.code(wanted, function, _COMPARED)


def _verdict(
    scene: Scene, instructions: Sequence[Instruction], owner: Owner, differs: bool
) -> _Verdict | None:
    stub = find_stub(instructions)
    verdict = _of_stub(scene, stub, owner, _MOST_JUMPS) if stub else None
    if not differs:
        return verdict
    what = verdict.summary if verdict else "begins otherwise"
    hotpatched = verdict is not None and verdict.severity == "info" and _HOTPATCH in what
    return _Verdict(
        "info" if hotpatched else "high",
        f"{what}, its file begins with other code",
        verdict.doubt if hotpatched and verdict else None,
    )


def _of_stub(scene: Scene, stub: Stub, owner: Owner, jumps_left: int) -> _Verdict | None:
    if stub.kind == "traps":
        return _Verdict(
            "medium",
            "begins with a breakpoint",
            "a debugger's own breakpoint looks the same: bl shows them",
        )
    if stub.kind == "jumps":
        return _of_jump(scene, stub, owner, jumps_left)
    if _is_padded(scene, stub.end):
        return _Verdict("info", f"only returns ({stub.text})", _TINY)
    return _Verdict("high", f"returns at once ({stub.text}), and more code follows", _TINY)


def _of_jump(scene: Scene, stub: Stub, owner: Owner, jumps_left: int) -> _Verdict | None:
    """A jump inside the image is a linker's thunk, and what it leads to is judged instead."""
    destination = _destination(scene, stub)
    if destination is None:
        return _Verdict("high", "jumps to where a register or unreadable memory says", None)
    there = scene.drivers.owner(destination)
    if there.state == "loaded" and there.base == owner.base:
        try:
            further = find_stub(disassemble(scene.target, destination, _INSTRUCTIONS))
        except MemoryUnreadable:
            return None
        return _of_stub(scene, further, owner, jumps_left - 1) if further and jumps_left else None
    where = f"{destination:#x}, in {there.name or 'no loaded image'}"
    if there.state == "loaded" and _HOTPATCH in (there.name or "").lower():
        return _Verdict("info", f"jumps to {where}", "Windows hotpatches a driver in this way")
    if stub.pointer is not None and there.state == "loaded":
        return _Verdict(
            "low",
            f"jumps through a pointer to {where}",
            "the driver may have registered a function that it imports from there",
        )
    return _Verdict("high", f"jumps out of its image to {where}", None)


def _destination(scene: Scene, stub: Stub) -> int | None:
    if stub.pointer is None:
        return stub.destination
    try:
        return scene.target.memory.pointer(stub.pointer)
    except MemoryUnreadable:
        return None


def _is_padded(scene: Scene, end: int) -> bool:
    """Whether a linker's padding follows up to the next function, as behind a genuine one; behind
    a patch there is what it has left of the old code."""
    size = -end % _ALIGNMENT
    try:
        rest = disassemble(scene.target, end, size)
    except MemoryUnreadable:
        return False
    covered = 0
    for each in rest:
        if covered >= size or not _PADDING.fullmatch(each.text):
            break
        covered += len(each.code)
    return 0 < size <= covered
