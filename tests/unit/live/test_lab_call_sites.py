"""What the finder says of the lab's kernels, held against what is there when a callback is back.

Every kernel and every shape of its code runs at kernel addresses; each return of a callback must
be at a site that was found, and each place there must hold what that callback was told.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest
from unicorn import arm64_const, x86_const

from pykd_ext.live.call_site import find_call_sites
from tests.lab import PROFILES
from tests.lab.code_shapes import SHAPES

if TYPE_CHECKING:
    from pykd_ext.live.call_site import CallSite
    from pykd_ext.live.data_flow import Location
    from tests.support.lab_kernel import LabKernel

pytestmark = pytest.mark.toolchain

# Those that are found without CmpCallbackFillObjectContext.
FOUND = [
    ("x64-7601", "plain"), ("x64-7601", "guarded"), ("x64-7601", "cold"),
    ("x64-10586", "plain"), ("x64-10586", "guarded"), ("x64-10586", "cold"),
    ("x64-19041", "plain"), ("x64-19041", "guarded"),
    ("x64-22621", "plain"), ("x64-22621", "guarded"),
    ("x86-6002", "plain"), ("x86-7601", "plain"), ("x86-7601", "cold"),
    ("arm64-22621", "plain"),
]  # fmt: skip
PRE, POST, DENIED = 1, 16, 0xC0000022


class Told(NamedTuple):
    """Block, class and information of one call."""

    block: int
    number: int
    information: int


class Watched:
    """Three callbacks, the highest of them internal, and what is found when each is back."""

    def __init__(self, kernel: LabKernel) -> None:
        self.kernel = kernel
        self.verdicts = [0, 0, 0]
        self.told: list[Told] = []
        self.found: list[Told] = []
        self._names = arm64_const if kernel.architecture == "arm64" else x86_const
        for index in range(3):
            function = kernel.stub(3, partial(self._called, index))
            internal = index == 0 and kernel.profile.has_flags
            status, _ = kernel.register(function, str(300 - index), 0, internal)
            assert status == 0
        self.blocks = kernel.blocks()
        self.sites = find_call_sites(
            kernel,  # type: ignore[arg-type] # code and an architecture are all that it asks for
            kernel.world.nt(kernel.profile.dispatcher),
        )
        for site in self.sites:
            kernel.on_code(site.back, site.back, partial(self._back, site))

    def operation(self, extended: bool) -> None:
        kernel, size = self.kernel, self.kernel.pointer_size
        head, pre, post, structure = (kernel.scratch + 0x100 * each for each in range(4))
        kernel.write_pointers(head, head, head)
        kernel.write_pointers(structure, pre)
        status = kernel.tell(PRE, pre, True, POST, head, structure if extended else 0)
        if not status & 0x8000_0000:
            kernel.write(post, bytes(8 * size))
            kernel.write_pointers(structure, post)
            kernel.tell(POST, post, False, POST, head, structure if extended else 0)

    def _called(self, index: int, _context: int, number: int, argument: int) -> int:
        kernel = self.kernel
        is_extended = index == 0 and not argument & 0xFF and argument == kernel.scratch + 0x300
        information = kernel.pointer(argument) if is_extended else argument
        self.told.append(Told(self.blocks[index], number & 0xFFFF_FFFF, information))
        return self.verdicts[index] if number == PRE else 0

    def _back(self, site: CallSite, _address: int) -> None:
        block, number, information = map(
            self._value, (site.block, site.notify_class, site.information)
        )
        self.found.append(Told(block, number & 0xFFFF_FFFF, information))

    def _value(self, place: Location | None) -> int:
        if place is None:
            return self.kernel.thread_blocks()[0]
        prefix = "UC_ARM64_REG_" if self.kernel.architecture == "arm64" else "UC_X86_REG_"
        register = getattr(self._names, prefix + place.register.upper())
        value = self.kernel.register_value(register)
        return value if place.offset is None else self.kernel.pointer(value + place.offset)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "profile", [name for name, each in PROFILES.items() if not each.has_vector]
)
def test_every_return_is_seen(profile: str, shape: str) -> None:
    see_all(profile, shape)


@pytest.mark.parametrize(("profile", "shape"), FOUND)
def test_every_return_is_seen_without_the_symbol(profile: str, shape: str) -> None:
    see_all(profile, shape, "CmpCallbackFillObjectContext")


def see_all(profile: str, shape: str, *hidden: str) -> None:
    from tests.support.lab_kernel import LabKernel

    kernel = LabKernel(profile, shape)
    kernel.hidden.update(hidden)
    watched = Watched(kernel)
    assert len(watched.sites) >= 2
    watched.operation(extended=False)
    assert len(watched.told) == 6
    for index in (2, 0):
        watched.verdicts[index] = DENIED
        watched.operation(extended=False)
    assert len(watched.told) == 6 + 5 + 1
    watched.verdicts = [0, 0, 0]
    if watched.kernel.profile.has_flags:
        watched.operation(extended=True)
        assert len(watched.told) == 6 + 5 + 1 + 6
    assert watched.found == watched.told
