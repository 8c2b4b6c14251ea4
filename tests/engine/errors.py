"""What can go wrong with the rig itself."""

from __future__ import annotations

__all__ = ["EngineError"]


class EngineError(Exception):
    """The engine cannot be installed or run; ``str()`` is one line that says what to do."""
