"""Altitudes that Microsoft has allocated to somebody else."""

from __future__ import annotations

from collections.abc import Iterator

from ..kernel.altitude_order import altitude_key
from ..kernel.callback_block import LEGACY_ALTITUDE
from .altitudes import driver_file_name, find
from .companies import company_of, same_company
from .finding import Finding, Remark, about
from .scene import Scene

__all__ = ["altitude_foreign"]

_LEGACY = altitude_key(LEGACY_ALTITUDE)


def altitude_foreign(scene: Scene) -> Iterator[Finding | Remark]:
    """Microsoft has allocated the altitude to another driver: of another vendor's, or of the same,
    as most of Windows' own use one."""
    for entry in scene.readable:
        allocated = find(entry.block.altitude) if entry.block.altitude else ()
        owner = entry.owner.name
        if not allocated or not owner or altitude_key(entry.block.altitude or "") == _LEGACY:
            continue
        if any(driver_file_name(each) == owner.lower() for each in allocated):
            continue
        if entry.owner.base == scene.target.nt_base:
            continue  # the silo callback has wcifs.sys's altitude (SOURCES 2.3)
        first = allocated[0]
        company = company_of(scene.target.memory, entry.owner)
        summary = (
            f"altitude {entry.block.altitude} is allocated to {first.driver_file} "
            f"({first.company}), the callback is {owner}'s"
        )
        evidence = {
            "altitude": entry.block.altitude,
            "allocated": [each._asdict() for each in allocated],
            "company": company,
        }
        if company and any(same_company(company, each.company) for each in allocated):
            yield Remark(
                "altitude-foreign", entry.number, summary, evidence,
                f"both are {first.company}'s",
            )  # fmt: skip
        else:
            yield about(
                entry, "altitude-foreign", "info", summary, evidence,
                "the list is of file system minifilters: nothing makes a driver use its own "
                "altitude for the registry",
            )  # fmt: skip
