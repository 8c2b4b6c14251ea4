"""Where code forks over what a callback has said: other compilers' ways than the lab's kernel has,
at the kernel's addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pykd_ext.live.call_site import CallSite
from pykd_ext.live.control_flow import flow_of
from pykd_ext.live.data_flow import Location
from pykd_ext.live.junctions import Junctions, find_junctions
from tests.support.assembly import PLACE, assembled
from tests.support.kernel_code import KernelCode

pytestmark = pytest.mark.toolchain


class Shape(NamedTuple):
    """Code whose call of a callback is its first instruction, and what is found behind it: the
    junction's distance from that call, and the status's place there."""

    architecture: str
    text: str
    kind: str
    distance: int
    status: Location


PRE = {
    # As 7 does: the status lies on the stack.
    "stack": Shape(
        "x86", "call eax; mov [ebp - 8], eax; cmp dword ptr [ebp - 8], 0; jge 1f; nop; 1: ret",
        "refusals", 11, Location("eax"),
    ),
    "far": Shape(
        "x64", "call rax; mov esi, eax; test esi, esi; js 1f; ret; .skip 0x200, 0xcc; 1: ret",
        "refusals", 0x20D, Location("rax"),
    ),
    # Closing a handle cannot be refused: one arm forgets the status.
    "one-arm": Shape(
        "x64", "call rax; cmp ebx, 14; jne 1f; xor eax, eax; 1: test eax, eax; jns 2f; nop; 2: ret",
        "refusals", 13, Location("rax"),
    ),
    "sign-bit": Shape(
        "arm64", "blr x9; mov w19, w0; tbnz w19, #31, 1f; ret; 1: nop; ret",
        "refusals", 16, Location("x0"),
    ),
    "bypass": Shape(
        "x64", "call rax; cmp eax, 0xC0000503; jne 1f; nop; 1: ret", "overrulings", 9,
        Location("rax"),
    ),
}  # fmt: skip


def found(shape: Shape, folder: Path) -> Junctions:
    code: Any = KernelCode(shape.architecture, assembled(shape.architecture, shape.text, folder))
    start = PLACE[shape.architecture]
    back = start + (4 if shape.architecture == "arm64" else 2)
    places = [Location(name) for name in ("rbx", "rdi", "r14")]
    site = CallSite(start, back, *places)
    return find_junctions(flow_of(code, start), [site], shape.architecture)


@pytest.mark.parametrize("name", PRE)
def test_where_it_forks(name: str, tmp_path: Path) -> None:
    shape = PRE[name]
    (junction,) = getattr(found(shape, tmp_path), shape.kind)
    assert junction.address - PLACE[shape.architecture] == shape.distance
    assert junction.status == shape.status


def test_a_place_that_is_overwritten_leads_nowhere(tmp_path: Path) -> None:
    text = "call rax; mov rdi, rcx; test eax, eax; js 1f; ret; 1: ret"
    shape = Shape("x64", text, "refusals", 0, Location("rax"))
    (junction,) = found(shape, tmp_path).refusals
    assert (junction.block, junction.notify_class) == (Location("rbx"), None)
    assert not found(shape, tmp_path).is_complete


def test_where_a_loop_is_left(tmp_path: Path) -> None:
    """Not where it gives up for good."""
    text = (
        "1: call rax; cmp eax, 0xC0000503; jne 2f; nop; 2: test rsi, rsi; jne 3f; mov ecx, 3; "
        "int 0x29; 3: dec ebp; jne 1b; mov eax, ecx; ret"
    )
    (end,) = found(Shape("x64", text, "ends", 0, Location("rax")), tmp_path).ends
    assert end.address - PLACE["x64"] == 26
    assert end.information == Location("r14")


@pytest.mark.parametrize(("behind", "information"), [
    ("", Location("ebp", -0x24)),
    ("mov [ebp - 0x24], eax;", None),
], ids=["kept", "overwritten"])  # fmt: skip
def test_what_the_loop_loads_from_a_slot_is_still_there(
    behind: str, information: Location | None, tmp_path: Path
) -> None:
    """As 7 SP1 has the structure of the post-notification, in a register that it uses again."""
    text = (
        "xor ecx, ecx; 1: mov esi, [ebp - 0x24]; push esi; call eax; cmp eax, 0xC0000503; jne 2f; "
        f"nop; 2: {behind} xor esi, esi; test ecx, ecx; jne 1b; cmp byte ptr [ebp - 0x19], 1; ret"
    )
    code: Any = KernelCode("x86", assembled("x86", text, tmp_path))
    call = PLACE["x86"] + 6
    site = CallSite(call, call + 2, Location("ebx"), Location("ebp", 0x14), Location("esi"))
    (end,) = find_junctions(flow_of(code, PLACE["x86"]), [site], "x86").ends
    assert end.notify_class == Location("ebp", 0x14)
    assert end.information == information
