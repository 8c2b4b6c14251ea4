"""Files with a few numbers changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.fuzz.draw import Draw

__all__ = ["poked"]


def poked(
    raw: bytes,
    draw: Draw,
    place: Callable[[], int],
    known: Sequence[int] = (),
    widths: Sequence[int] = (1, 2, 4),
) -> bytearray:
    """``raw`` with numbers that ``draw`` gives, of some of the ``widths`` in bytes, where ``place``
    says; some are near one of ``known``."""
    changed = bytearray(raw)
    while draw.is_left:
        at = place()
        width = widths[draw.number() % len(widths)]
        value = draw.word(known) & ((1 << 8 * width) - 1)
        changed[at : at + width] = value.to_bytes(width, "little")[: len(raw) - at]
    return changed
