"""The bill of materials: every package in the Windows bundle with its version, licence and hash, in
CycloneDX 1.6's JSON (https://cyclonedx.org/docs/1.6/json)."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterable
from email.message import Message
from pathlib import Path
from typing import Any

from .requirements import metadata_of
from .sources import Sources

__all__ = ["bill_of_materials", "licence_of"]

# What the METADATA of a package says in words, or not at all, by its own LICENSE file.
_LICENCES = {
    "capstone": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "dissect.cstruct": "Apache-2.0",
    "pykd": "MIT AND LicenseRef-Microsoft-Debugging-Tools",  # dbgeng and its company
}


def bill_of_materials(sources: Sources, wheel: Path, packages: Iterable[Path]) -> str:
    """The document, the same text of the same sources and packages."""
    parts = [_component(each) for each in packages]
    product = _component(wheel)
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(sources.time))
    named = " ".join(each["hashes"][0]["content"] for each in [product, *parts])
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, named).urn,
        "version": 1,
        "metadata": {
            "timestamp": made,
            "component": {
                **product,
                "properties": [{"name": "regcb:commit", "value": sources.commit}],
            },
        },
        "components": parts,
        "dependencies": [
            {"ref": product["bom-ref"], "dependsOn": [each["bom-ref"] for each in parts]}
        ],
    }
    return json.dumps(bill, indent=2) + "\n"


def licence_of(metadata: Message) -> str:
    """An SPDX expression (https://spdx.org/licenses)."""
    known = _LICENCES.get(metadata["Name"].lower())
    return known or metadata["License-Expression"] or metadata["License"]


def _component(wheel: Path) -> dict[str, Any]:
    metadata = metadata_of(wheel)
    name, version = metadata["Name"].lower(), metadata["Version"]
    url = f"pkg:pypi/{name.replace('_', '-')}@{version}?file_name={wheel.name}"
    return {
        "type": "application" if name == "regcb" else "library",
        "bom-ref": url,
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
        "licenses": [{"expression": licence_of(metadata)}],
        "purl": url,
    }
