"""The live lab without a debugger: it boots, and its kernel calls the callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.kd.lab import LiveLab

pytestmark = pytest.mark.toolchain

REGPROTECT_DENIES = 0xC0000022
STATUSES = [0, 0, 0, REGPROTECT_DENIES, REGPROTECT_DENIES]


@pytest.fixture
def lab() -> LiveLab:
    from tests.lab.kd.lab import build_live_lab  # Windows' Python has no unicorn
    from tests.lab.kd.script import DEFAULT_SCRIPT

    return build_live_lab(DEFAULT_SCRIPT)


def test_drivers_have_registered(lab: LiveLab) -> None:
    memory, nt = lab.machine.memory, lab.world.nt
    assert memory.unsigned(nt("CmpCallBackCount"), 4) == 4
    functions = []
    head = nt("CallbackListHead")
    block = memory.unsigned(head, 8)
    while block != head:
        functions.append(memory.unsigned(block + 0x28, 8))
        block = memory.unsigned(block, 8)
    symbols = {
        address: name
        for image in lab.world.images.values()
        for name, address in image.symbols.items()
    }
    assert [symbols[each] for each in functions] == [
        "OldFiltRegistryCallback", "NetMonRegFilter", "AvfRegistryCallback", "RegisterCallback",
    ]  # fmt: skip


def test_regprotect_refuses_what_it_protects(lab: LiveLab) -> None:
    (operations,) = lab.operations
    while lab.machine.memory.unsigned(operations.addresses[-1] + 0x34, 4) == 0:
        lab.machine.run()
    statuses = [lab.machine.memory.unsigned(each + 0x30, 4) for each in operations.addresses]
    assert statuses == STATUSES
