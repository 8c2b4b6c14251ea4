"""What goes wrong in making a release."""

from __future__ import annotations

__all__ = ["ReleaseError"]


class ReleaseError(Exception):
    """A release cannot be made; ``str()`` says why."""
