"""Windows on five levels of page tables, ntkrla57.exe: addresses of 57 bits."""

from __future__ import annotations

import json

import pytest

from pykd_ext.kernel.callback_block import Problem
from pykd_ext.kernel.callback_list import walk_list
from pykd_ext.kernel.handles import object_of_handle
from pykd_ext.kernel.layouts import BLOCKS
from pykd_ext.kernel.processes import find_process
from pykd_ext.target.errors import MemoryUnreadable
from tests.lab.profiles import LA57
from tests.support.byte_target import ByteTarget
from tests.support.regcb import MakeDump, Regcb
from tests.support.targets import open_dump

pytestmark = pytest.mark.toolchain

ALL_KINDS = [1, 5, 6]


@pytest.mark.parametrize("dump_type", ALL_KINDS)
def test_every_callback_is_listed(dump_type: int, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(LA57.name, dump_type)
    assert truth.callbacks[0].address >> 48 == 0xFF1C  # four levels lead nowhere there
    document = regcb.json(truth, "list")
    read = [(each["address"], each["function"], each["altitude"])
            for each in document["callbacks"]]  # fmt: skip
    assert read == [
        (f"{each.address:#x}", f"{each.function:#x}", each.altitude) for each in truth.callbacks
    ]
    assert [each for each in document["problems"] if each["where"] != "layout"] == []


@pytest.mark.parametrize("damage", ["head-emptied", "entry-unlinked"])
def test_what_is_wrong_is_found(damage: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    def found(profile: str) -> list[str]:
        truth = lab_dump(profile, damage=(damage,))
        _, output, _ = regcb("-z", truth.path, "-y", truth.symbols, "check", "--json")
        return sorted(each["id"] for each in json.loads(output)["findings"])

    assert found(LA57.name) == found("x64-26100") != []


def test_without_symbols_the_code_leads_to_the_list(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(LA57.name)
    document = regcb.json(truth, "list", "--no-symbols")
    assert document["target"]["list_head"] == f"{truth.list_head:#x}"
    assert len(document["callbacks"]) == truth.count


def test_handles_have_addresses_of_57_bits(lab_dump: MakeDump) -> None:
    truth = lab_dump(LA57.name)
    with open_dump(truth) as target:
        for key in truth.keys.values():
            process = find_process(target, key.process_id)
            assert object_of_handle(target, process, key.handle) == key.address


@pytest.mark.parametrize(
    ("flink", "why"),
    [
        (0x00FE_1234_5678_0000, "points into user space"),
        (0x0100_0000_0000_0000, "is no address"),
        (0xFF00_0000_0000_1000, "memory at "),
    ],
)
def test_user_space_ends_at_56_bits(flink: int, why: str) -> None:
    target = ByteTarget("x64")
    head = 0xFFFFF804_12A08000
    target.write(head, flink.to_bytes(8, "little") + head.to_bytes(8, "little"))
    problems: list[Problem] = []
    row = BLOCKS.row("x64", 26100)
    assert row is not None
    found = walk_list(target.memory, head, row.value, 10, problems).callbacks
    said = [each.what for each in problems] + [one for each in found for one in each.problems]
    assert any(why in each for each in said)


@pytest.mark.parametrize(
    ("profile", "address"),
    [
        (LA57.name, 0x0100_0000_0000_0000),  # the first that no sign reaches
        (LA57.name, 0xFEFF_FFFF_FFFF_F000),
        ("x64-26100", 0x0000_8000_0000_0000),
        ("x64-26100", 0xFF1C_E10A_2000_0000),
    ],
)
def test_what_is_no_address_is_read_from_nowhere(
    profile: str, address: int, lab_dump: MakeDump
) -> None:
    with open_dump(lab_dump(profile)) as target, pytest.raises(MemoryUnreadable):
        target.read(address, 8)
