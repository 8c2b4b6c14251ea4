"""Targets in a ``with`` block."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["ClosedAtEnd"]

_Self = TypeVar("_Self", bound="ClosedAtEnd")


class ClosedAtEnd:
    """A context manager that is closed when its block is left."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of what it holds."""
        raise NotImplementedError
