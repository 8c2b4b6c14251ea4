"""The machine's memory: page frames, allocated one by one in two runs."""

from __future__ import annotations

__all__ = ["PAGE", "PhysicalMemory"]

PAGE = 0x1000

_FIRST_FRAME = 1
_LEGACY_HOLE = range(0x9F, 0x100)  # the PC's adapter area below 1 MB is no memory


class PhysicalMemory:
    """Page frames by number; a frame is there once it was allocated."""

    def __init__(self) -> None:
        self.frames: dict[int, bytearray] = {}
        self._next = _FIRST_FRAME

    def allocate(self) -> int:
        """The number of a new frame of zeros."""
        frame = self._next
        self.frames[frame] = bytearray(PAGE)
        self._next += 1
        if self._next in _LEGACY_HOLE:
            self._next = _LEGACY_HOLE.stop
        return frame

    def runs(self) -> list[tuple[int, int]]:
        """Consecutive frames as (first frame, count), ascending."""
        runs: list[tuple[int, int]] = []
        for frame in sorted(self.frames):
            if runs and sum(runs[-1]) == frame:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((frame, 1))
        return runs

    def read_word(self, frame: int, offset: int, size: int) -> int:
        return int.from_bytes(self.frames[frame][offset : offset + size], "little")

    def write_word(self, frame: int, offset: int, size: int, value: int) -> None:
        self.frames[frame][offset : offset + size] = value.to_bytes(size, "little")
