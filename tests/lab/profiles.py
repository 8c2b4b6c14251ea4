"""The Windows builds that the lab can play: one row each."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PROFILES", "Profile", "profile_named"]

_MACHINES = {"x64": 0x8664, "x86": 0x14C, "arm64": 0xAA64}  # IMAGE_FILE_MACHINE_*


class Profile(NamedTuple):
    """One build of Windows. Addresses are VAs; ``offsets`` is its key in the offset table."""

    name: str
    architecture: str
    build: int
    version: tuple[int, int]
    offsets: str
    branch: str  # the tail of nt!NtBuildLab
    kernel_pdb: str
    nt_base: int
    driver_base: int
    nonpaged_pool: int
    paged_pool: int
    kernel_stack: int
    shared_data: int  # KUSER_SHARED_DATA

    @property
    def pointer_size(self) -> int:
        return 4 if self.architecture == "x86" else 8

    @property
    def machine(self) -> int:
        """IMAGE_FILE_MACHINE_*."""
        return _MACHINES[self.architecture]

    @property
    def has_vector(self) -> bool:
        """XP and Server 2003 keep a vector of callbacks, later builds a list."""
        return self.build < 6000

    @property
    def has_flags(self) -> bool:
        """From 1703 the dword behind PreCallListCount holds flags (FACTS 1.1); before, nothing."""
        return self.build >= 15063


# Bases as they look on such machines; every build randomises or chooses its own.
_X64_SHARED, _X86_SHARED = 0xFFFFF780_00000000, 0xFFDF0000

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("x64-19041", "x64", 19041, (10, 0), "10.0.19041.264",
                "1.amd64fre.vb_release.191206-1406", "ntkrnlmp.pdb",
                0xFFFFF804_12A00000, 0xFFFFF804_16A10000,
                0xFFFF9A8F_10000000, 0xFFFFE10A_20000000, 0xFFFFA580_0C000000, _X64_SHARED),
    )
}  # fmt: skip


def profile_named(name: str) -> Profile:
    """The profile called ``name``; raises ValueError that names those there are."""
    if name not in PROFILES:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]
