"""A kernel of a file in the live lab. None of Microsoft's can be published: here it is another of
the lab's, which registers and calls in the place of the one around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.build import build
from tests.lab.kd.scripts import DEFAULT_SCRIPT
from tests.lab.kd.structures import layouts
from tests.lab.profiles import PROFILES

pytestmark = pytest.mark.toolchain

FUNCTION = 0x1C  # of a callback's block on x86 (SOURCES 1.2)
DENIED = 0xC0000022


@pytest.mark.parametrize("profile", ["x86-6002", "x86-7601"])
def test_it_registers_and_calls(profile: str) -> None:
    from tests.lab.kd.lab import build_live_lab  # Windows' Python has no unicorn
    from tests.lab.kd.started_kernel import load_real_kernel

    real = load_real_kernel(build(PROFILES[profile], runs=True).image("ntoskrnl.exe"))
    lab = build_live_lab(DEFAULT_SCRIPT, real=real)
    unsigned, image = lab.machine.memory.unsigned, real.image
    assert lab.world.profile.name == profile
    assert real.head in range(image.base, image.base + image.size)
    found: list[int] = []
    block = unsigned(real.head, 4)
    while block != real.head:
        assert len(found) < len(lab.callbacks)
        found.append(unsigned(block + FUNCTION, 4))
        block = unsigned(block, 4)
    assert found == [each.function for each in lab.callbacks] != []
    (operations,) = lab.operations
    at, last = layouts(4).operation.at, operations.addresses[-1]
    while unsigned(last + at["Count"], 4) == 0:
        event = lab.machine.run()
        assert not hasattr(event, "code"), event  # Raised
    assert unsigned(last + at["Status"], 4) == DENIED


def test_a_file_that_is_no_kernel(tmp_path: Path) -> None:
    from tests.lab.kd.started_kernel import load_real_kernel

    path = tmp_path / "kernel.exe"
    path.write_bytes(b"MZ")
    with pytest.raises(ValueError, match=r"kernel\.exe"):
        load_real_kernel(path)
    with pytest.raises(ValueError, match="a kernel of x64 19041, and none of a build of x86"):
        load_real_kernel(build(PROFILES["x64-19041"]).image("ntoskrnl.exe"))
