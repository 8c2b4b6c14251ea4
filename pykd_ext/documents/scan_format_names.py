"""The formats of a scan's lines, by name: :data:`.scan_formats.FORMATS` makes them."""

from typing import Literal

__all__ = ["EVENTS", "ScanFormat"]

ScanFormat = Literal["jsonl", "ecs", "ocsf", "timesketch", "csv"]

# In which a dump is known by its hash.
EVENTS: tuple[ScanFormat, ...] = ("ecs", "ocsf", "timesketch")
