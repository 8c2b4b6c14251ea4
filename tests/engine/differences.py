"""Where two documents differ, for a test's failure to name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["differences"]


def differences(left: Any, right: Any, where: str = "") -> Iterator[str]:
    """A line for each value that is not equal: ``.callbacks[2].owner: 'a', 'b'``."""
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        for key in left:
            yield from differences(left[key], right[key], f"{where}.{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            yield from differences(one, other, f"{where}[{index}]")
    elif left != right:
        yield f"{where}: {left!r}, {right!r}"
