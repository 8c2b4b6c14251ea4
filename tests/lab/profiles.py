"""The Windows builds that the lab can play: one row each."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LA57", "OTHER_TABLES", "PROFILES", "WITHOUT_PAE", "Profile", "profile_named"]

_MACHINES = {"x64": 0x8664, "x86": 0x14C, "arm64": 0xAA64}  # IMAGE_FILE_MACHINE_*


Members = tuple[tuple[str, str], ...]  # a C type and a name each

# A callback's block (SOURCES 1.1 to 1.3), from which the kernel's C and callback_blocks.py have it.
_REST: Members = (
    ("CM_COOKIE", "Cookie"), ("PVOID", "CallerContext"), ("PEX_CALLBACK_FUNCTION", "Function"),
    ("UNICODE_STRING", "Altitude"), ("LIST_ENTRY", "ObjectContextListHead"),
)  # fmt: skip
_LINK: Members = (("LIST_ENTRY", "CallbackListEntry"),)
# Of the threads that are in the callback: none is counted.
_VISTA: Members = (*_LINK, ("LIST_ENTRY", "ThreadListHead"), *_REST, ("PVOID", "Mutex"))
_SEVEN: Members = (*_LINK, ("LONG", "PreCallListCount"), ("ULONG", "Flags"), *_REST)


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
    five_levels: bool = False  # of page tables
    is_without_pae: bool = False

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
    def dispatcher(self) -> str:
        """The kernel's function that calls the callbacks (SOURCES 3.1)."""
        return "CmpCallCallBacksEx" if self.build >= 15063 else "CmpCallCallBacks"

    @property
    def is_vista(self) -> bool:
        """Vista's callback block differs from all later ones (SOURCES 1.2, 1.3)."""
        return 6000 <= self.build < 7600

    @property
    def block(self) -> Members:
        """The members of a callback's block, in their order."""
        return _VISTA if self.is_vista else _SEVEN

    @property
    def has_flags(self) -> bool:
        """From 1703 the dword behind PreCallListCount holds flags (SOURCES 1.1), not before."""
        return self.build >= 15063


# Bases as they look on such machines; every build randomises or chooses its own.
_X64_7 = (0xFFFFF800_02A00000, 0xFFFFF880_03A10000, 0xFFFFFA80_10000000, 0xFFFFF8A0_20000000,
          0xFFFFF880_05C00000, 0xFFFFF780_00000000)  # fmt: skip
_X64_10586 = (0xFFFFF801_5AA00000, 0xFFFFF800_16A10000, 0xFFFFE000_10000000, 0xFFFFC001_20000000,
              0xFFFFD000_0C000000, 0xFFFFF780_00000000)  # fmt: skip
_X64_10 = (0xFFFFF804_12A00000, 0xFFFFF804_16A10000, 0xFFFF9A8F_10000000, 0xFFFFE10A_20000000,
           0xFFFFA580_0C000000, 0xFFFFF780_00000000)  # fmt: skip
# Pools that four levels of page tables cannot reach.
_X64_LA57 = (0xFFFFF804_12A00000, 0xFFFFF804_16A10000, 0xFF319A8F_10000000, 0xFF1CE10A_20000000,
             0xFF57A580_0C000000, 0xFFFFF780_00000000)  # fmt: skip
_X86_XP = (0x804D7000, 0xF7A10000, 0x81D00000, 0xE1200000, 0xF7C00000, 0xFFDF0000)
_X86_7 = (0x82800000, 0x8BA10000, 0x85100000, 0x95200000, 0x8DC00000, 0xFFDF0000)
_X86_10 = (0x81A00000, 0x8FA10000, 0x88100000, 0xA5200000, 0x9DC00000, 0xFFDF0000)

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("x64-3790", "x64", 3790, (5, 2), "5.2.3790.3959",
                "srv03_sp2_rtm.070216-1710", "ntkrnlmp.pdb", *_X64_7),
        Profile("x64-6000", "x64", 6000, (6, 0), "6.0.6000.16386",
                "16386.amd64fre.vista_rtm.061101-2205", "ntkrnlmp.pdb", *_X64_7),
        Profile("x64-7601", "x64", 7601, (6, 1), "6.1.7601.17514",
                "17514.amd64fre.win7sp1_rtm.101119-1850", "ntkrnlmp.pdb", *_X64_7),
        Profile("x64-10586", "x64", 10586, (10, 0), "10.0.10586.0",
                "0.amd64fre.th2_release.151029-1700", "ntkrnlmp.pdb", *_X64_10586),
        Profile("x64-19041", "x64", 19041, (10, 0), "10.0.19041.264",
                "1.amd64fre.vb_release.191206-1406", "ntkrnlmp.pdb", *_X64_10),
        Profile("x64-22621", "x64", 22621, (10, 0), "10.0.22621.382",
                "1.amd64fre.ni_release.220506-1250", "ntkrnlmp.pdb", *_X64_10),
        Profile("x64-26100", "x64", 26100, (10, 0), "10.0.26100.1",
                "1.amd64fre.ge_release.240331-1435", "ntkrnlmp.pdb", *_X64_10),
        Profile("x86-2600", "x86", 2600, (5, 1), "5.1.2600.5512",
                "xpsp.080413-2111", "ntkrpamp.pdb", *_X86_XP),
        Profile("x86-6002", "x86", 6002, (6, 0), "6.0.6002.18005",
                "18005.x86fre.lh_sp2rtm.090410-1830", "ntkrpamp.pdb", *_X86_7),
        Profile("x86-7601", "x86", 7601, (6, 1), "6.1.7601.17514",
                "17514.x86fre.win7sp1_rtm.101119-1850", "ntkrpamp.pdb", *_X86_7),
        Profile("x86-19041", "x86", 19041, (10, 0), "10.0.19041.264",
                "1.x86fre.vb_release.191206-1406", "ntkrpamp.pdb", *_X86_10),
        Profile("arm64-22621", "arm64", 22621, (10, 0), "10.0.22621.382",
                "1.arm64fre.ni_release.220506-1250", "ntkrnlmp.pdb", *_X64_10),
    )
}  # fmt: skip


# Apart from the others, since neither kdmp-parser nor volatility3 walks five levels.
LA57 = PROFILES["x64-26100"]._replace(
    name="x64-26100-la57",
    kernel_pdb="ntkrla57.pdb",
    five_levels=True,
    **dict(zip(Profile._fields[Profile._fields.index("nt_base") :], _X64_LA57)),  # type: ignore[arg-type]
)
# What XP starts where a processor has no PAE, or no NX.
WITHOUT_PAE = PROFILES["x86-2600"]._replace(
    name="x86-2600-nopae", kernel_pdb="ntkrnlmp.pdb", is_without_pae=True
)
OTHER_TABLES = {each.name: each for each in (LA57, WITHOUT_PAE)}


def profile_named(name: str) -> Profile:
    """The profile called ``name``; raises ValueError that names those there are."""
    found = PROFILES.get(name) or OTHER_TABLES.get(name)
    if found is None:
        raise ValueError(f"no profile {name!r}; there are {', '.join(PROFILES)}")
    return found
