"""Whether an event is one of OCSF's, by the extract ocsf.json of its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["faults_in_ocsf"]

_OBJECTS = json.loads(Path(__file__).with_name("ocsf.json").read_text("utf-8"))["objects"]
_CLASSES = {each["class_uid"]: name for name, each in _OBJECTS.items() if "class_uid" in each}
_TYPES = {
    "integer_t": int, "long_t": int, "timestamp_t": int, "string_t": str, "file_name_t": str,
    "hostname_t": str, "file_hash_t": str, "json_t": object, "object": dict,
}  # fmt: skip


def faults_in_ocsf(event: dict[str, Any]) -> list[str]:
    """What of an event its class would not have."""
    name = _CLASSES[event["class_uid"]]
    faults = list(_faults(name, event, set(event["metadata"].get("profiles", ()))))
    if event["category_uid"] != _OBJECTS[name]["category_uid"]:
        faults.append(f"{name} is not of category {event['category_uid']}")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        faults.append(f"type_uid {event['type_uid']}")
    return faults


def _faults(name: str, value: dict[str, Any], profiles: set[str]) -> Iterator[str]:
    schema = _OBJECTS[name]
    attributes = schema["attributes"]
    for attribute, each in attributes.items():
        if each.get("required") and attribute not in value:
            yield f"{name} without {attribute}"
    if "at_least_one" in schema and not set(schema["at_least_one"]) & set(value):
        yield f"{name} without any of {schema['at_least_one']}"
    for attribute, given in value.items():
        where = f"{name}.{attribute}"
        rule = attributes.get(attribute)
        if rule is None:
            yield f"{where} is no attribute"
            continue
        if rule.get("profile", "") not in {"", *profiles}:
            yield f"{where} is of the profile {rule['profile']}"
        if rule.get("array", False) != isinstance(given, list) and rule["type"] != "json_t":
            yield f"{where} is {'an' if rule.get('array') else 'no'} array"
        for one in given if isinstance(given, list) else [given]:
            yield from _faults_of_value(where, rule, one, profiles)


def _faults_of_value(
    where: str, rule: dict[str, Any], value: Any, profiles: set[str]
) -> Iterator[str]:
    if rule["type"] in _OBJECTS:
        yield from _faults(rule["type"], value, profiles)
    elif not isinstance(value, _TYPES[rule["type"]]) or isinstance(value, bool) or value == "":
        yield f"{where} is a {rule['type']}: {value!r}"
    elif value not in rule.get("enum", [value]):
        yield f"{where} may not be {value}"
