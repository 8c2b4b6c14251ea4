"""The lab's kernels register as real ones did: Vista SP2 and 7 SP1 alike, and XP SP3."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.callback_list import read_block
from pykd_ext.kernel.callback_vector import walk_vector
from pykd_ext.kernel.layouts import BLOCKS, VECTORS
from tests.lab import PROFILES

pytestmark = pytest.mark.toolchain

SUCCESS, COLLISION, INVALID_PARAMETER = 0, 0xC01C0011, 0xC000000D
# In the order of the calls; None: CmRegisterCallback. A cookie is used up in any case.
ASKED = [
    ("328010", SUCCESS),
    ("385201", SUCCESS),
    ("140000", SUCCESS),
    ("0385200.50", SUCCESS),
    ("140000", COLLISION),
    (None, SUCCESS),
    (None, SUCCESS),
    ("385200.5", COLLISION),
    ("9", SUCCESS),
    ("10000000", SUCCESS),
]
ORDER = [9, 5, 6, 1, 3, 2, 8]  # by their places above, the first of them unregistered
LEGACY = "425000"

LISTS = [name for name, profile in PROFILES.items() if not profile.has_vector]
OF_VECTORS = [name for name, profile in PROFILES.items() if profile.has_vector]


@pytest.mark.parametrize("profile", LISTS)
def test_a_list(profile: str) -> None:
    from tests.lab.world import BOOT_TIME
    from tests.support.lab_kernel import LabKernel

    kernel = LabKernel(profile)
    functions = [kernel.stub(3, lambda *_: 0) for _ in ASKED]
    statuses, cookies = [], []
    for number, (altitude, _) in enumerate(ASKED):
        status, cookie = kernel.register(functions[number], altitude, 0x9000 + number)
        statuses.append(status)
        cookies.append(cookie)
    assert statuses == [status for _, status in ASKED]
    used = [BOOT_TIME + number for number in range(1, len(ASKED) + 1)]
    assert [cookie for cookie, status in zip(cookies, statuses) if status == SUCCESS] == [
        number for number, status in zip(used, statuses) if status == SUCCESS
    ]
    assert [kernel.unregister(cookies[0]) for _ in range(2)] == [SUCCESS, INVALID_PARAMETER]
    row = BLOCKS.row(kernel.architecture, kernel.profile.build)
    assert row is not None
    found = [read_block(kernel.memory, row.value, block) for block in kernel.blocks()]
    assert [functions.index(each.function or 0) for each in found] == ORDER
    assert [each.altitude for each in found] == [ASKED[number][0] or LEGACY for number in ORDER]
    assert [each.cookie for each in found] == [used[number] for number in ORDER]
    assert [each.context for each in found] == [0x9000 + number for number in ORDER]


@pytest.mark.parametrize("profile", OF_VECTORS)
def test_a_vector(profile: str) -> None:
    """The cookie is the system time, and nothing else: who registers at one moment gets one."""
    from tests.lab.world import BOOT_TIME
    from tests.support.lab_kernel import LabKernel

    kernel = LabKernel(profile)
    functions = [kernel.stub(3, lambda *_: 0) for _ in range(3)]
    contexts = [0x9000, 0x9001, 0x9002]
    made = [kernel.register(each, None, context) for each, context in zip(functions, contexts)]
    assert made == [(SUCCESS, BOOT_TIME)] * 3
    vector = kernel.world.nt("CmpCallBackVector")
    row = VECTORS.row(kernel.architecture, kernel.profile.build)
    assert row is not None
    found = list(walk_vector(kernel.memory, vector, row.value))
    assert [(each.function, each.context) for each in found] == list(zip(functions, contexts))
    assert {each.cookie for each in found} == {BOOT_TIME}
    assert kernel.unregister(BOOT_TIME) == SUCCESS
    kernel.memory.invalidate()
    found = list(walk_vector(kernel.memory, vector, row.value))
    assert [each.function for each in found] == functions[1:]
