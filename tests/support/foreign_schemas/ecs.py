"""Whether an event is one of the Elastic Common Schema's, by the extract ecs.json of its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["faults_in_ecs"]

_ECS = json.loads(Path(__file__).with_name("ecs.json").read_text("utf-8"))

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def faults_in_ecs(event: dict[str, Any], own: str) -> list[str]:
    """What of an event ECS would not have; ``own`` is the object whose fields are not ECS's."""
    faults = []
    for name, value in _leaves({key: each for key, each in event.items() if key != own}):
        field = _ECS["fields"].get(name)
        values = value if isinstance(value, list) else [value]
        if field is None:
            faults.append(f"{name} is no field")
            continue
        if field["array"] != isinstance(value, list):
            faults.append(f"{name} is {'' if field['array'] else 'no '}array: {value!r}")
        if not all(_is_of(field["type"], each) for each in values):
            faults.append(f"{name} is a {field['type']}: {value!r}")
        if not set(values) <= set(_ECS["allowed"].get(name, values)):
            faults.append(f"{name} may not be {value!r}")
    for category in event["event"]["category"]:
        if not set(event["event"]["type"]) <= set(_ECS["event_types"].get(category, ())):
            faults.append(f"event.type of {category} may not be {event['event']['type']}")
    return faults


def _leaves(fields: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _is_of(type_: str, value: Any) -> bool:
    if type_ == "long":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
    is_text = isinstance(value, str) and value != ""
    return is_text and (type_ != "date" or _DATE.fullmatch(value) is not None)
