"""Long work in sight: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

__all__ = ["bytes_bar", "progress_bar"]


class _NoBar:
    """Takes what a bar is told."""

    n = 0
    total: int | None = None

    def update(self, n: int = 1) -> None:
        self.n += n

    def close(self) -> None:
        pass


def progress_bar(**options: Any) -> Any:
    """A bar of tqdm's, with its options, on a terminal alone and where tqdm is installed."""
    try:
        from tqdm import tqdm  # noqa: PLC0415 - 40 ms that only long work needs
    except ImportError:  # an optional extra
        return _NoBar()

    # Its thread would outlive the interpreter that WinDbg runs this in, and so end the debugger.
    tqdm.monitor_interval = 0
    return tqdm(disable=None, **options)


@contextmanager
def bytes_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """What to tell the bytes so far and in all; the bar goes when the work is done."""
    bar = progress_bar(desc=title, unit="B", unit_scale=True, leave=False)

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        bar.close()
