"""The machine's memory: page frames, allocated one by one in two runs."""

from __future__ import annotations

__all__ = ["PAGE", "PhysicalMemory"]

PAGE = 0x1000

_FIRST_FRAME = 1
_LEGACY_HOLE = range(0x9F, 0x100)  # the PC's adapter area below 1 MB is no memory
_SCATTER = 0x9E3779B1  # odd, so that multiples of it visit every frame of a power of two


class PhysicalMemory:
    """Page frames by number; only those that were allocated hold anything.

    Without ``size`` (bytes) the machine has as much memory as is allocated, in two runs. With it,
    frames are scattered over all of it, as on a machine that has been up for a while.
    """

    def __init__(self, size: int | None = None) -> None:
        """Raises ValueError for a size that is not a power of two of at least 16 MiB."""
        if size is not None and (size < 1 << 24 or size & (size - 1)):
            raise ValueError(f"a size of {size:#x} bytes: it has to be a power of two from 16 MiB")
        self.frames: dict[int, bytearray] = {}
        self._total = None if size is None else size // PAGE
        self._count = 0

    def allocate(self, frame: int | None = None) -> int:
        """The number of a new frame of zeros, ``frame`` itself if that is given and still free."""
        if frame is None:
            frame = self._next_frame()
        self.frames[frame] = bytearray(PAGE)
        return frame

    def _next_frame(self) -> int:
        while True:
            self._count += 1
            frame = self._count
            if self._total is not None:
                frame = self._count * _SCATTER % self._total
            elif frame >= _LEGACY_HOLE.start:
                frame += len(_LEGACY_HOLE)
            taken = frame in self.frames or frame in _LEGACY_HOLE
            if frame >= _FIRST_FRAME and not taken:
                return frame

    def runs(self) -> list[tuple[int, int]]:
        """The memory that there is, as (first frame, count), ascending."""
        if self._total is not None:
            low = _LEGACY_HOLE.start - _FIRST_FRAME
            return [(_FIRST_FRAME, low), (_LEGACY_HOLE.stop, self._total - _LEGACY_HOLE.stop)]
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
