"""The drivers of the lab: what they are called, how they are built."""

from __future__ import annotations

from typing import NamedTuple

from .profiles import Profile

__all__ = ["Driver", "drivers"]


class Driver(NamedTuple):
    """One driver image, from ``source``, or from the project's example driver where that is None.

    ``altitude`` None: it registers with CmRegisterCallback. ``context`` is the variable whose
    address is its CallerContext.
    """

    stem: str
    source: str | None
    callback: str
    altitude: str | None
    context: str = "g_ProtectedKeys"
    has_pdb: bool = True
    private_pdb: bool = False  # with -g: functions are in module streams, static ones nowhere else
    only_if_used: bool = False  # loaded when it has a callback

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


_OLDEST_EXAMPLE = 9200  # samples/regprotect needs Windows 8
_EXAMPLE = Driver("regprotect", None, "RegisterCallback", "140000", context="RegHook")
_STAND_IN = _EXAMPLE._replace(source="driver.c", context="g_ProtectedKeys")
_OTHERS = (
    Driver("avfilter", "driver.c", "AvfRegistryCallback", "328010", private_pdb=True),
    Driver("netmon", "driver.c", "NetMonRegFilter", "385201"),
    Driver("oldfilt", "driver.c", "OldFiltRegistryCallback", None, has_pdb=False),
    Driver("crowd", "crowd.c", "CrowdCallback00", "260000", only_if_used=True),
)


# Of kernels that run: its callbacks do what a script says.
_STAGE = Driver("stage", "../kd/stage.c", "StageCallback0", None, context="g_Actors")


def drivers(profile: Profile, runs: bool = False) -> list[Driver]:
    """The profile's drivers in load order; ``runs``: those of a kernel that can be run."""
    example = _EXAMPLE if profile.build >= _OLDEST_EXAMPLE else _STAND_IN
    return [*_OTHERS, example, *([_STAGE] if runs else [])]
