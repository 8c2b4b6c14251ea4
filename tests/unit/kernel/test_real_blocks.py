"""The layouts of callbacks, held against what real kernels had in memory and what a compiler says.

blocks.json: three kernels that were run, each with its registrations and the words of its pool.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pykd_ext.kernel.builds import DERIVED, REAL, Table
from pykd_ext.kernel.callback_block import Problem
from pykd_ext.kernel.callback_list import walk_list
from pykd_ext.kernel.callback_vector import walk_vector
from pykd_ext.kernel.layouts import BLOCKS, VECTORS, BlockLayout, VectorLayout
from tests.support.byte_target import ByteTarget
from tests.support.compilers import MSVC, Compiler, complaints

KERNELS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("blocks.json").read_text("utf-8")
)["kernels"]
LISTS = [each for each in KERNELS if "head" in each]
(VECTOR,) = (each for each in KERNELS if "slots" in each)
LEGACY = "425000"
COMPILERS = {"x64": MSVC[0], "arm64": MSVC[1], "x86": MSVC[2]}


def in_memory(kernel: dict[str, Any]) -> ByteTarget:
    target = ByteTarget(kernel["architecture"])
    for address, words in kernel["memory"].items():
        for number, word in enumerate(words):
            target.write(int(address, 16) + 4 * number, struct.pack("<I", int(word, 16)))
    return target


def numbers(registered: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(registered[name], 16) for name in ("function", "context", "cookie"))


@pytest.mark.parametrize("kernel", LISTS, ids=lambda kernel: str(kernel["build"]))
def test_a_real_list_is_read(kernel: dict[str, Any]) -> None:
    target, head = in_memory(kernel), int(kernel["head"], 16)
    order = [int(address, 16) for address in kernel["order"]]
    target.write(head, struct.pack("<II", order[0], order[-1]))
    row = BLOCKS.row("x86", kernel["build"])
    assert row is not None
    assert row.known == REAL
    problems: list[Problem] = []
    found = walk_list(target.memory, head, row.value, 100, problems).callbacks
    assert [each.address for each in found] == order
    assert (problems, [each.problems for each in found]) == ([], [()] * len(order))
    wanted = {numbers(each): each["altitude"] or LEGACY for each in kernel["registered"]}
    read = {(each.function, each.context, each.cookie): each.altitude for each in found}
    assert read == wanted
    assert {each.active_uses for each in found} == {None if kernel["build"] < 7600 else 0}
    assert {(each.unregistering, each.internal, each.object_contexts) for each in found} == {
        (False, False, 0)
    }


@pytest.mark.parametrize("kernel", LISTS, ids=lambda kernel: str(kernel["build"]))
def test_a_block_is_as_large_as_what_was_asked_of_the_pool(kernel: dict[str, Any]) -> None:
    row = BLOCKS.row("x86", kernel["build"])
    assert row is not None
    assert {4 * len(kernel["memory"][address]) for address in kernel["order"]} == {row.value.size}


def test_a_real_vector_is_read_and_its_mutexes_are_none_of_it() -> None:
    target = in_memory(VECTOR)
    row = VECTORS.row("x86", VECTOR["build"])
    assert row is not None
    assert row.known == REAL
    vector = min(int(slot, 16) for slot in VECTOR["slots"])
    target.write(vector, bytes(4 * row.value.slots))
    for slot, reference in VECTOR["slots"].items():
        target.write(int(slot, 16), struct.pack("<I", int(reference, 16)))
    found = [(each.function, each.context, each.cookie)
             for each in walk_vector(target.memory, vector, row.value)]  # fmt: skip
    assert found == [numbers(each) for each in VECTOR["registered"]]
    tagged = [address for address, tag in VECTOR["tags"].items() if tag == "CMcb"]
    assert len(tagged) == 2 * len(found)  # each has its mutex, under the same tag


class Claim(NamedTuple):
    """What C calls a field, and the table."""

    member: str
    field: str


COUNTED = "LIST_ENTRY Link; int Uses; int Flags;"
WITH_THREADS = "LIST_ENTRY Link; LIST_ENTRY Threads;"
REST = (
    "long long Cookie; void *Context; void *Function;"
    "struct { short Length, MaximumLength; void *Buffer; } Altitude;"
    "LIST_ENTRY Contexts;"
)
BLOCK: tuple[Claim, ...] = (
    Claim("Link", "link"), Claim("Cookie", "cookie"), Claim("Context", "caller_context"),
    Claim("Function", "function"), Claim("Altitude", "altitude"),
    Claim("Contexts", "object_contexts"),
)  # fmt: skip
LIST_ENTRY = "typedef struct { void *Flink, *Blink; } LIST_ENTRY;"


def said_by_the_compiler(
    compiler: Compiler, members: str, layout: Any, claims: tuple[Claim, ...], size: int
) -> str:
    lines = [LIST_ENTRY, f"struct BLOCK {{ {members} }};"]
    lines.append(f'_Static_assert(sizeof(struct BLOCK) == {size}, "size");')
    for claim in claims:
        offset = getattr(layout, claim.field)
        lines.append(
            f"_Static_assert(__builtin_offsetof(struct BLOCK, {claim.member}) == {offset}, "
            f'"{claim.field}");'
        )
    return complaints(compiler, [], lines)


def block_of(architecture: str, build: int) -> BlockLayout:
    row = BLOCKS.row(architecture, build)
    assert row is not None
    return row.value


@pytest.mark.toolchain
@pytest.mark.parametrize("architecture", COMPILERS)
@pytest.mark.parametrize("build", [6000, 6002, 7600, 9200, 15063, 26100])
def test_blocks_are_laid_out_as_a_compiler_does(architecture: str, build: int) -> None:
    if architecture == "arm64" and build < 15063:
        assert BLOCKS.row(architecture, build) is None
        return
    layout, claims = block_of(architecture, build), BLOCK
    assert (layout.active_uses is None) == (build < 7600)
    assert (layout.flags is None) == (build < 15063)
    if layout.active_uses is not None:
        claims += (Claim("Uses", "active_uses"),)
    if layout.flags is not None:
        claims += (Claim("Flags", "flags"),)
    members = WITH_THREADS + REST + "void *Mutex;" if build < 7600 else COUNTED + REST
    compiler = COMPILERS[architecture]
    assert said_by_the_compiler(compiler, members, layout, claims, layout.size) == ""


@pytest.mark.toolchain
@pytest.mark.parametrize("field", [claim.field for claim in BLOCK if claim.field != "link"])
def test_a_wrong_offset_is_refused(field: str) -> None:
    layout = block_of("x64", 6002)
    wrong = layout._replace(**{field: getattr(layout, field) + 8})
    members = WITH_THREADS + REST + "void *Mutex;"
    assert said_by_the_compiler(COMPILERS["x64"], members, wrong, BLOCK, layout.size)


@pytest.mark.toolchain
@pytest.mark.parametrize("architecture", ["x64", "x86"])
def test_a_vectors_blocks_are_laid_out_as_a_compiler_does(architecture: str) -> None:
    row = VECTORS.row(architecture, 3790)
    assert row is not None
    layout: VectorLayout = row.value
    compiler = COMPILERS[architecture]
    routine = (Claim("Function", "function"), Claim("Context", "context"))
    members = "void *Rundown; void *Function; void *Context;"
    assert said_by_the_compiler(compiler, members, layout, routine, layout.size) == ""
    block = (Claim("Cookie", "cookie"), Claim("Context", "caller_context"))
    members = "long long Cookie; LIST_ENTRY Link; void *Mutex; void *Context;"
    assert said_by_the_compiler(compiler, members, layout, block, layout.block_size) == ""


@pytest.mark.parametrize("table", [BLOCKS, VECTORS])
def test_what_nobody_has_shown_says_so(table: Table[Any]) -> None:
    """A derived row, and a build newer than all that were looked at, name the way to know."""
    newer = BLOCKS.provenance("x64", 99999).doubt
    assert newer is not None
    assert "regcb verify" in newer
    older = table.provenance("x64", 6000 if table is BLOCKS else 3790)
    assert older.known == DERIVED
    assert older.doubt is not None
