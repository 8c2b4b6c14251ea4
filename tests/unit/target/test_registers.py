"""The registers in a dump's header, held to C compilers and to kdmp-parser."""

from __future__ import annotations

import kdmp_parser
import pytest

from pykd_ext.target.architecture import ARCHITECTURES
from pykd_ext.target.errors import RegisterUnavailable
from pykd_ext.target.registers import CONTEXTS, register
from tests.support.compilers import MINGW, Compiler, complaints
from tests.support.regcb import MakeDump
from tests.support.targets import open_dump

# mingw-w64's winnt.h has the CONTEXT of ARM64 too, for which Debian has no gcc.
ARM64 = Compiler(
    "mingw-arm64",
    ("clang", "-target", "aarch64-w64-mingw32", "-isystem", "/usr/share/mingw-w64/include"),
    8,
)
COMPILERS = dict(zip(("x64", "x86", "arm64"), (*MINGW, ARM64)))
MARKS = {"x64": "CONTEXT_AMD64", "x86": "CONTEXT_i386", "arm64": "CONTEXT_ARM64"}


@pytest.mark.toolchain
@pytest.mark.parametrize("architecture", CONTEXTS)
def test_offsets_are_those_of_winnt_h(architecture: str) -> None:
    context = CONTEXTS[architecture]
    places = {"ContextFlags": context.flags}
    places.update((name.capitalize(), place) for name, place in context.registers.items())
    claims = [
        f'_Static_assert(offsetof(CONTEXT, {name}) == {place:#x}, "{name}");'
        for name, place in places.items()
    ]
    size = ARCHITECTURES[architecture].pointer_size
    claims += [
        f'_Static_assert(sizeof(((CONTEXT *)0)->{name.capitalize()}) == {size}, "{name}");'
        for name in context.registers
    ]
    claims.append(f'_Static_assert({MARKS[architecture]} == {context.mark:#x}, "mark");')
    headers = ["stddef.h", "windef.h", "winnt.h"]
    assert complaints(COMPILERS[architecture], headers, claims) == ""


@pytest.mark.parametrize("dump_type", [1, 5])
def test_the_same_registers_as_kdmp_parser(dump_type: int, lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041", dump_type)
    context = kdmp_parser.KernelDumpParser(truth.path).context
    with open_dump(truth) as target:
        found = {name: target.register(name) for name in CONTEXTS["x64"].registers}
    assert found == {name: getattr(context, name.capitalize()) for name in found}
    assert found["rip"] and found["rsp"]


@pytest.mark.parametrize("profile", ["x64-7601", "x86-2600", "x86-7601", "arm64-22621"])
def test_a_crash_is_in_the_kernel(profile: str, lab_dump: MakeDump) -> None:
    with open_dump(lab_dump(profile)) as target:
        name = {"x64": "rip", "x86": "eip", "arm64": "pc"}[target.architecture]
        assert target.register(name) == target.symbol("KeBugCheckEx")


@pytest.mark.parametrize("architecture", CONTEXTS)
def test_a_header_without_a_context(architecture: str) -> None:
    name = next(iter(CONTEXTS[architecture].registers))
    with pytest.raises(RegisterUnavailable, match="holds no processor context"):
        register(architecture, b"PAGE" * 0x100, name)
    with pytest.raises(RegisterUnavailable, match="holds no processor context"):
        register(architecture, bytes(0x400), name)


def test_a_register_that_the_table_has_not(lab_dump: MakeDump) -> None:
    with open_dump(lab_dump()) as target, pytest.raises(RegisterUnavailable, match="xmm0"):
        target.register("xmm0")
