"""Memory against a driver's file: what the loader rewrites, and what nobody may."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext.kernel.drivers import NO_OWNER, Owner
from pykd_ext.triage.altered_code import Difference, first_difference, length_of
from pykd_ext.triage.starts import Code
from tests.support.assembly import PLACE, assembled
from tests.support.byte_target import ByteTarget

pytestmark = pytest.mark.toolchain

START = PLACE["x64"]
OTHER, NOWHERE = START + 0x100000, START + 0x900000  # another driver, and no image
FILED = "sub rsp, 0x28; call [rip + 0x1000]; nop; xor eax, eax; add rsp, 0x28; ret"
# As import optimisation writes it: a direct call, and a nop for the sixth byte.
CALL = "sub rsp, 0x28; .byte 0xe8; .long {}; nop; nop; xor eax, eax; add rsp, 0x28; ret"
CHANGED = "sub rsp, 0x28; call [rip + 0x1000]; nop; mov al, 1; add rsp, 0x28; ret"


def owner(address: int) -> Owner:
    for base in (START & ~0xFFFF, OTHER):
        if 0 <= address - base < 0x10000:
            return Owner("loaded", base=base)
    return NO_OWNER


def difference(memory: str, folder: Path) -> Difference | None:
    filed = assembled("x64", FILED, folder)
    target = ByteTarget("x64")
    target.write(START, assembled("x64", memory, folder).ljust(64, b"\xcc"))
    target.write(START + 0x100A, OTHER.to_bytes(8, "little"))
    code = Code("x64", target.memory, START & ~0xFFFF, 0, owner)
    assert length_of(code, START, filed + bytes(64)) == len(filed)
    return first_difference(code, START, filed)


def call_of(destination: int) -> str:
    return CALL.format(destination - START - 9 & 0xFFFF_FFFF)


@pytest.mark.parametrize("memory", [FILED, call_of(OTHER)], ids=["as-filed", "import-optimised"])
def test_what_the_loader_makes_of_a_call_is_no_change(memory: str, tmp_path: Path) -> None:
    assert difference(memory, tmp_path) is None


@pytest.mark.parametrize(
    ("memory", "offset"), [(CHANGED, 11), (call_of(NOWHERE), 4)], ids=["changed", "leads-away"]
)
def test_the_first_byte_that_differs(memory: str, offset: int, tmp_path: Path) -> None:
    found = difference(memory, tmp_path)
    assert found and found.address == START + offset
    assert found.found[0] == assembled("x64", memory, tmp_path)[offset]
    assert found.expected[0] == assembled("x64", FILED, tmp_path)[offset]
