"""One small Windows in memory: what every part of it needs to write itself down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .address_space import AddressSpace
from .build import Build
from .drivers import drivers
from .kernel_types import field_size, kernel_offsets
from .page_tables import page_tables
from .pe_image import PeImage
from .physical_memory import PAGE, PhysicalMemory
from .pool import Pool
from .profiles import Profile
from .real_kernel import HOST, STAND_IN, Imports, RealKernel
from .registrations import KERNEL, Registration
from .registry import load_registry

__all__ = ["BOOT_TIME", "BUGCHECK", "DUMP_TIME", "LoadedImage", "World"]

# FILETIMEs: 5 March 2024, 08:15:30.5 UTC, and three hours later.
BOOT_TIME = (1709626530 + 11644473600) * 10_000_000 + 5_128_449
DUMP_TIME = BOOT_TIME + 3 * 3600 * 10_000_000

BUGCHECK = 0xE2  # MANUALLY_INITIATED_CRASH
_DRIVER_STRIDE = 0x20000
_HOST = 0x100000  # behind the first driver


class LoadedImage(NamedTuple):
    """An image at its place, and its symbols' VAs by name.

    ``context`` is the variable that its callback gets the address of; the kernel's get none.
    """

    file_name: str
    image: PeImage
    symbols: dict[str, int]
    context: str

    @property
    def base(self) -> int:
        return self.image.base


class World:
    """The address space with its images and pools. Addresses are VAs.

    ``registrations`` decide which drivers are loaded; ``size`` is the machine's memory in bytes,
    None for as much as is needed. ``runs``: drivers have yet to start, so all of them is there.
    ``bug_check``: the code and the parameters that a dump's header gives. ``real``: the kernel in
    whose place the lab's own is a driver.
    """

    def __init__(
        self,
        profile: Profile,
        built: Build,
        registrations: Sequence[Registration],
        size: int | None = None,
        runs: bool = False,
        real: RealKernel | None = None,
    ) -> None:
        self.profile = profile
        self.bug_check: tuple[int, ...] = (BUGCHECK, 0, 0, 0, 0)
        self._runs, self._real = runs, real
        self.offsets = kernel_offsets(profile)
        memory = PhysicalMemory(size)
        tables = page_tables(memory, profile)
        self.space = AddressSpace(memory, tables, profile.pointer_size)
        self.nonpaged = Pool(self.space, profile.nonpaged_pool, False, profile.build)
        self.paged = Pool(self.space, profile.paged_pool, True, profile.build)
        self.images = self._load_images(built, {each.owner for each in registrations})
        self.registry = load_registry(profile, built)

    @property
    def kernel(self) -> LoadedImage:
        return self.images[KERNEL]

    def nt(self, symbol: str) -> int:
        """The VA of a symbol of the lab's kernel."""
        return self.images[HOST if self._real else KERNEL].symbols[symbol]

    def set_pointer(self, symbol: str, value: int) -> None:
        """Writes a pointer-sized variable of the kernel."""
        self.space.write_pointer(self.nt(symbol), value)

    def set_ulong(self, symbol: str, value: int) -> None:
        """Writes a ULONG variable of the kernel."""
        self.space.write_unsigned(self.nt(symbol), 4, value)

    def field(self, address: int, type_name: str, field: str) -> int:
        """The VA of a field of the structure at ``address``."""
        return address + self.offsets.field(type_name, field)

    def fill(self, address: int, type_name: str, **fields: int | bytes) -> None:
        """Writes fields of a structure; those that the build lacks are left out."""
        for name, value in fields.items():
            if not self.offsets.has(type_name, name):
                continue
            place = self.field(address, type_name, name)
            if isinstance(value, bytes):
                self.space.write(place, value)
            else:
                size = field_size(self.profile, type_name, name)
                self.space.write_unsigned(place, size, value)

    def _load_images(self, built: Build, owners: set[str]) -> dict[str, LoadedImage]:
        base = self.profile.nt_base
        if self._real is None:
            images = {KERNEL: self._load(built, KERNEL, base, {})}
        else:
            images = self._load_real(built, self._real)
        exports: dict[str, int] = {}
        for kernel in reversed(images.values()):
            exports.update(kernel.image.exports())
        for index, driver in enumerate(drivers(self.profile, self._runs)):
            if driver.only_if_used and driver.file_name not in owners:
                continue
            base = self.profile.driver_base + index * _DRIVER_STRIDE
            image = self._load(built, driver.file_name, base, exports)
            images[driver.file_name] = image._replace(context=driver.context)
        return images

    def _load_real(self, built: Build, real: RealKernel) -> dict[str, LoadedImage]:
        """The real kernel, and the lab's as a driver."""
        base = self.profile.driver_base + _HOST
        host = self._load(built, KERNEL, base, {})._replace(file_name=HOST)
        host.symbols["CallbackListHead"] = real.head
        stand_in = base - PAGE
        self.space.map(stand_in, PAGE, executable=True)
        self.space.write(stand_in, STAND_IN)
        real.image.bind(Imports(stand_in))
        self._put(real.image)
        for address, data in {**real.writes, **real.patches(host.symbols)}.items():
            self.space.write(address, data)
        return {KERNEL: LoadedImage(KERNEL, real.image, real.image.exports(), ""), HOST: host}

    def _put(self, image: PeImage) -> None:
        for address, page, executable in image.pages(discardable=self._runs):
            self.space.map(address, PAGE, executable)
            self.space.write(address, page)

    def _load(self, built: Build, name: str, base: int, exports: dict[str, int]) -> LoadedImage:
        image = PeImage(built.image(name))
        image.relocate(base)
        image.bind(exports)
        self._put(image)
        rvas = built.symbol_rvas(name)
        return LoadedImage(name, image, {symbol: base + rva for symbol, rva in rvas.items()}, "")
