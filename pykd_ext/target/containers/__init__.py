"""Images of a machine's physical memory, as the tools that take them write them.

One file for each kind, with two functions: ``detect`` looks at a file's first bytes and its name,
``open_container`` reads where each page lies. A new kind is a file here and its name in ``_KINDS``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..protocol import Container, FileBytes

__all__ = ["HEAD", "find_container"]

# In the order in which they are asked; raw has no magic, and is known by its name alone.
_KINDS = ("evidence", "lime", "elf_core", "hibernation", "vmware", "raw")

HEAD = 64  # bytes that tell a kind


def find_container(data: FileBytes) -> Container | None:
    """The image in ``data``, which it closes with itself; None where no kind is like it. Raises
    TargetError for one that is damaged."""
    head = data[:HEAD]
    for kind in _KINDS:
        module = import_module(f".{kind}", __name__)
        if module.detect(head, data.name):
            found: Container = module.open_container(data)
            return found
    return None
