"""The drivers of the lab: what they are called, how they are built."""

from __future__ import annotations

from typing import NamedTuple

from .profiles import Profile

__all__ = ["DRIVERS", "Driver"]


class Driver(NamedTuple):
    """One driver image. ``altitude`` None: it registers with CmRegisterCallback."""

    stem: str
    source: str
    callback: str
    altitude: str | None
    has_pdb: bool = True
    private_pdb: bool = False  # with -g: functions are in module streams, static ones nowhere else

    @property
    def file_name(self) -> str:
        return f"{self.stem}.sys"

    def defines(self, profile: Profile) -> list[str]:
        """Compiler arguments for :attr:`source`."""
        linkage = "static" if self.private_pdb else ""
        arguments = [f"-DCALLBACK={self.callback}", f"-DLINKAGE={linkage}"]
        if self.altitude is not None and not profile.has_vector:
            arguments.append(f'-DALTITUDE=L"{self.altitude}"')
        return arguments


DRIVERS = (
    Driver("avfilter", "driver.c", "AvfRegistryCallback", "328010", private_pdb=True),
    Driver("netmon", "driver.c", "NetMonRegFilter", "385201"),
    Driver("oldfilt", "driver.c", "OldFiltRegistryCallback", None, has_pdb=False),
    Driver("regprotect", "driver.c", "RegisterCallback", "140000"),
    Driver("crowd", "crowd.c", "CrowdCallback00", "260000"),
)
