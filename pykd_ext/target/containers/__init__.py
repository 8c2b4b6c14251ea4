"""Images of a machine's physical memory, as the tools that take them write them.

One file for each kind, with two functions: ``detect`` looks at a file's first bytes and its name,
``open_container`` reads where each page lies. A new kind is a file here and its name in ``_KINDS``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import TargetError

if TYPE_CHECKING:
    from ..protocol import Container

__all__ = ["HEAD", "find_container"]

# In the order in which they are asked; raw has no magic, and is known by its name alone.
_KINDS = ("gzip_file", "lime", "elf_core", "hibernation", "vmware", "raw")

HEAD = 64  # bytes that tell a kind


def find_container(path: str) -> Container | None:
    """The image at ``path``; None where no kind is like it. Raises TargetError for one that is
    damaged, or cannot be read."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise TargetError(f"{path}: cannot be opened: {error.strerror or error}") from None
    for kind in _KINDS:
        module = import_module(f".{kind}", __name__)
        if module.detect(head, path):
            found: Container = module.open_container(path)
            return found
    return None
