"""Long work in sight: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

__all__ = ["bytes_bar"]


@contextmanager
def bytes_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """What to tell the bytes so far and in all; the bar goes when the work is done."""
    from tqdm import tqdm  # noqa: PLC0415 - 40 ms that only long work needs

    bar = tqdm(desc=title, unit="B", unit_scale=True, leave=False, disable=None)

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        bar.close()
