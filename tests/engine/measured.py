"""How long a placement of breakpoints is measured: for both sides, here and in the engine."""

from __future__ import annotations

__all__ = ["OPERATIONS", "TIMES"]

OPERATIONS = 6
# Of so many operations: at first, when what is read once a run is read; then few, then many.
TIMES = (1, 1, 3)
