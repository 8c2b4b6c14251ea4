"""Shapes that real kernels give the code which calls the callbacks, and clang does not by itself.

The C says what is meant (c/call_callbacks.c); here are the compiler's options for it, and what is
done to the compiler's assembly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from .profiles import Profile

__all__ = ["SHAPES", "Shape", "shape_of"]

# Bytes between a function and its cold parts: in a real kernel, and where branches do not reach so
# far.
_FAR = {"x64": 0x1AC000, "x86": 0x1AC000, "arm64": 0x4000}
_MARK = "lab cold"  # LAB_COLD in the C
_GUARD = ("-Xclang", "-cfguard")  # MSVC's /guard:cf


class Shape(NamedTuple):
    """Options for the whole kernel, and what is done to the assembly of c/call_callbacks.c."""

    options: tuple[str, ...] = ()
    rewrite: Callable[[str, Profile], str] | None = None


def shape_of(profile: Profile, name: str) -> Shape:
    """``plain`` is what compilers make of the code, with what the profile's build is known for.
    Raises ValueError for a shape that does not exist."""
    if name == "plain" and profile.build >= 26100:
        name = "devirtualised"
    if name not in SHAPES:
        raise ValueError(f"no code shape {name!r}; there are {', '.join(SHAPES)}")
    return SHAPES[name]


def _call_dispatch(assembly: str, profile: Profile) -> str:
    """Guarded calls go to the dispatch itself, and not through the pointer to it; other processors
    have none."""
    if profile.architecture != "x64":
        return assembly
    through, direct = "*__guard_dispatch_icall_fptr(%rip)", "_guard_dispatch_icall_no_overrides"
    if assembly.count(through) < 2:  # one before an operation and one after it
        raise ValueError("the assembly does not call callbacks through the guard's dispatch")
    return assembly.replace(through, direct)


class _Block(NamedTuple):
    """A basic block of assembly, without its label; ``after`` is the label of what follows it."""

    label: str
    lines: list[str]
    after: str = ""

    @property
    def is_cold(self) -> bool:
        return any(_MARK in line for line in self.lines)

    @property
    def falls_through(self) -> bool:
        code = [line for line in self.lines if re.match(r"\t[a-z]", line)]
        return not code or not re.match(r"\t(jmp|ret[ql]?|b|br|int3|ud2)(\s|$)", code[-1])


def _move_cold_parts(assembly: str, profile: Profile) -> str:
    """The function's marked blocks leave it, and lie far away in a section of their own."""
    lines = assembly.splitlines()
    start, end = _function(lines, profile.dispatcher)
    blocks = _blocks(lines[start + 1 : end])
    hot = [each for each in blocks if not each.is_cold]
    cold = [each for each in blocks if each.is_cold]
    if not cold:
        raise ValueError("no block of the assembly is cold")
    jump = "b" if profile.architecture == "arm64" else "jmp"
    far = [
        '\t.section\tPAGECOLD,"xr"',
        f"\t.fill\t{_FAR[profile.architecture]:#x}, 1, 0xcc",
        *_unwound(_laid_out(cold, jump), lines[start:end], profile),
    ]
    return "\n".join([*lines[: start + 1], *_laid_out(hot, jump), *lines[end:], *far, ""])


def _function(lines: list[str], name: str) -> tuple[int, int]:
    """The line of the function's label, and the one behind its last instruction."""
    label = re.compile(rf"_?{name}(@\d+)?:")
    start = next(at for at, line in enumerate(lines) if label.match(line))
    is_end = re.compile(r"\t\.(seh_endproc|section|def)\b|\.?Lfunc_end|.* -- End function")
    end = next(at for at in range(start + 1, len(lines)) if is_end.match(lines[at]))
    return start, end


def _blocks(lines: list[str]) -> list[_Block]:
    """What the compiler's labels and comments divide; each block but the first gets a label.

    The labels become symbols: ARM64's relocations of others forget where in a section they lie.
    """
    blocks = [_Block("", [])]
    for raw in lines:
        line = re.sub(r"\.?LBB(\d+_\d+)", r"lab_block_\1", raw)
        label = re.match(r"(lab_block_\w+):", line)
        if label or re.match(r"\W+ %bb\.[1-9]", line):
            blocks.append(_Block(label[1] if label else f"lab_block_{len(blocks)}", []))
        else:
            blocks[-1].lines.append(line)
    labels = [*(each.label for each in blocks[1:]), ""]
    return [each._replace(after=label) for each, label in zip(blocks, labels)]


def _laid_out(blocks: list[_Block], jump: str) -> list[str]:
    """Their lines, with a jump where one fell into a block that does not follow any more."""
    lines: list[str] = []
    following = [*(each.label for each in blocks[1:]), ""]
    for block, label in zip(blocks, following):
        lines += [f"{block.label}:"] if block.label else []
        lines += block.lines
        if block.falls_through and block.after != label:
            lines.append(f"\t{jump}\t{block.after}")
    return lines


def _unwound(cold: list[str], function: list[str], profile: Profile) -> list[str]:
    """The cold parts with the function's frame: on x64 they unwind as the function does."""
    directives = [line for line in function if line.startswith("\t.seh_")]
    if profile.architecture != "x64" or not directives:
        return cold
    name = f"{profile.dispatcher}$cold"
    return [f"{name}:", f".seh_proc {name}", *directives, *cold, "\t.seh_endproc"]


SHAPES = {
    "plain": Shape(),
    "guarded": Shape(_GUARD),
    "devirtualised": Shape(("-DLAB_DEVIRTUALISED", *_GUARD), _call_dispatch),
    "cold": Shape(("-DLAB_COLD_PARTS",), _move_cold_parts),
}
