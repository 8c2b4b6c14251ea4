"""Binary search over sorted records that stay where they are: in a mapped file."""

from __future__ import annotations

from typing import Any, Callable

__all__ = ["count_up_to"]


def count_up_to(wanted: Any, count: int, key: Callable[[int], Any]) -> int:
    """How many of ``count`` records have a key at or below ``wanted``; ``key`` takes an index."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if key(middle) <= wanted:
            low = middle + 1
        else:
            high = middle
    return low
