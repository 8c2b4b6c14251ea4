"""The formats of a scan's lines, by name: :data:`.scan_formats.FORMATS` makes them."""

from typing import Literal

__all__ = ["BEGINNINGS", "EVENTS", "ScanFormat"]

ScanFormat = Literal["jsonl", "ecs", "ocsf", "timesketch", "csv"]

# In which a dump is known by its hash.
EVENTS: tuple[ScanFormat, ...] = ("ecs", "ocsf", "timesketch")

# What a file of that form begins with, and one of another form does not.
BEGINNINGS: dict[ScanFormat, str] = {
    "jsonl": '{"schema": "regcb.scan/',
    "ecs": '{"@timestamp": ',
    "ocsf": '{"time": ',
    "timesketch": '{"message": ',
    "csv": "path,state,error,",
}
