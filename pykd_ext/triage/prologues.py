"""Whether somebody has written over a callback's code, or over the kernel's own functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..kernel.drivers import Owner
from ..target.errors import MemoryUnreadable, SymbolNotFound
from ..target.image_files import WantedImage
from .altered_code import MOST_COMPARED, Difference, first_difference, length_of
from .finding import Finding, about
from .hotpatch import is_hotpatch_of
from .scene import Scene
from .starts import Code, Verdict, instructions_at, judge_start

__all__ = ["kernel_code_patched", "prologue_patched"]

_INSTRUCTIONS = 6
_SHOWN = 16  # bytes
_TRAP = b"\xcc"

# What a blinded kernel would have changed (SOURCES 7.1).
_KERNEL_FUNCTIONS = (
    "CmpCallCallBacksEx", "CmpCallCallBacks", "CmRegisterCallback", "CmRegisterCallbackEx",
    "CmUnRegisterCallback",
)  # fmt: skip


def prologue_patched(scene: Scene) -> Iterator[Finding]:
    """A callback that returns at once, leads out of its driver, or is not what its file has."""
    for entry in scene.readable:
        function, owner = entry.block.function, entry.owner
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
            # None of them is as short as a callback may be.
            is_tiny = verdict.severity == "info" and verdict.destination is None
            yield Finding(
                id="kernel-code-patched",
                severity="high" if is_tiny else verdict.severity,
                callback=None,
                summary=f"nt!{name} {verdict.summary}",
                evidence=evidence,
                doubt=None if is_tiny else verdict.doubt,
                next=f"u {function:#x}",
            )


def _judged(scene: Scene, function: int, owner: Owner) -> Iterator[tuple[Verdict, dict[str, Any]]]:
    """None or one."""
    if owner.base is None:
        return
    target = scene.target
    code = Code(target.architecture, target.memory, owner.base, target.nt_base, scene.drivers.owner)
    try:
        verdict = judge_start(code, function)
        instructions = instructions_at(code, function, _INSTRUCTIONS)
    except MemoryUnreadable:
        return  # paged out: nothing is known
    filed = _filed(scene, code, function, owner)
    difference = first_difference(code, function, filed) if filed else None
    if filed and difference is None:
        return  # as its own file has it
    if verdict and _is_hotpatch(scene, verdict, owner):
        verdict = verdict._replace(severity="info", doubt="Windows hotpatches a driver in this way")
    elif difference is not None:
        verdict = _of_difference(difference, function, verdict)
    if verdict is None:
        return
    begins = b"".join(each.code for each in instructions)[:_SHOWN]
    yield (
        verdict,
        {
            "function": f"{function:#x}",
            "bytes": begins.hex(),
            "instructions": [each.text for each in instructions],
            "differs_at": f"{difference.address:#x}" if difference else None,
            "found": difference.found.hex() if difference else None,
            "expected": difference.expected.hex() if difference else None,
        },
    )


def _of_difference(difference: Difference, function: int, verdict: Verdict | None) -> Verdict:
    offset = difference.address - function
    where = (
        f"{difference.found[:1].hex()} at +{offset:#x}, where its file has "
        f"{difference.expected[:1].hex()} (bytes that differ: {difference.bytes_changed})"
    )
    what = f"{verdict.summary}, and its file has other code: " if verdict else "was changed: "
    if difference.bytes_changed == 1 and difference.found[:1] == _TRAP:
        return Verdict("medium", what + where, "a debugger's own breakpoint looks the same: bl")
    return Verdict("high", what + where, None, verdict.destination if verdict else None)


def _is_hotpatch(scene: Scene, verdict: Verdict, owner: Owner) -> bool:
    if verdict.destination is None:
        return False
    there = scene.drivers.owner(verdict.destination)
    target = scene.target
    return there.state == "loaded" and is_hotpatch_of(target.memory, target.build, there, owner)


def _filed(scene: Scene, code: Code, function: int, owner: Owner) -> bytes | None:
    """The whole function as the driver's own file has it, None where that is not at hand."""
    if not (owner.name and owner.base and owner.size) or owner.time_date_stamp is None:
        return None
    wanted = WantedImage(owner.name, owner.base, owner.size, owner.time_date_stamp)
    filed = scene.files.code(wanted, function, MOST_COMPARED)
    return filed[: length_of(code, function, filed)] if filed else None
