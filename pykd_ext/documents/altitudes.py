"""``regcb.altitudes/1``: to whom Microsoft has allocated an altitude."""

from collections.abc import Sequence
from typing import Optional, TypedDict

from ..triage.altitudes import Allocation, Group

__all__ = ["AllocationDocument", "AltitudesDocument", "allocation_document", "altitudes_document"]


class GroupDocument(TypedDict):
    """A load order group, from its lowest altitude to its highest."""

    name: str
    low: int
    high: int


class AllocationDocument(TypedDict):
    """One altitude of one driver."""

    altitude: str
    driver_file: str
    company: str
    group: str


class AltitudesDocument(TypedDict):
    """What was asked for, the load order group that it lies in, and the allocations."""

    schema: str
    asked: str
    group: Optional[GroupDocument]
    allocations: list[AllocationDocument]


def altitudes_document(
    asked: str, found: Sequence[Allocation], group: Optional[Group]
) -> AltitudesDocument:
    """What ``altitude --json`` prints."""
    return {
        "schema": "regcb.altitudes/1",
        "asked": asked,
        "group": {"name": group.name, "low": group.low, "high": group.high} if group else None,
        "allocations": [allocation_document(each) for each in found],
    }


def allocation_document(allocation: Allocation) -> AllocationDocument:
    """One row of Microsoft's list."""
    return {
        "altitude": allocation.altitude,
        "driver_file": allocation.driver_file,
        "company": allocation.company,
        "group": allocation.group,
    }
