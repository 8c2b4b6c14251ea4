"""The machine's memory: page frames, allocated one by one in two runs."""

from __future__ import annotations

__all__ = ["PAGE", "PhysicalMemory"]

PAGE = 0x1000

# Where the boot loader of Windows 10 puts the first page tables, and where volatility3 looks for
# them: the first frame that is asked for.
_FIRST_FRAME = 0x1AD
_HOLE = range(0x1C0, 0x200)  # the firmware's own
_TOGETHER = range(_FIRST_FRAME, 0x240)  # taken in order, as by what the boot loader loads
_SCATTER = 0x9E3779B1  # odd, so that multiples of it visit every frame of a power of two


class PhysicalMemory:
    """Page frames by number; only those that were allocated hold anything.

    Without ``size`` (bytes) the machine has as much memory as is allocated, in two runs. With it,
    later frames are scattered over all of it, as on a machine that has been up for a while.
    """

    def __init__(self, size: int | None = None) -> None:
        """Raises ValueError for a size that is not a power of two of at least 16 MiB."""
        if size is not None and (size < 1 << 24 or size & (size - 1)):
            raise ValueError(f"a size of {size:#x} bytes: it has to be a power of two from 16 MiB")
        self.frames: dict[int, bytearray] = {}
        self._total = None if size is None else size // PAGE
        self._count = 0

    def allocate(self) -> int:
        """The number of a new frame of zeros."""
        frame = self._next_frame()
        self.frames[frame] = bytearray(PAGE)
        return frame

    def _next_frame(self) -> int:
        while True:
            frame = _FIRST_FRAME + self._count
            if self._total is not None and frame not in _TOGETHER:
                frame = self._count * _SCATTER % self._total
            self._count += 1
            if frame and frame not in _HOLE and frame not in self.frames:
                return frame

    def runs(self) -> list[tuple[int, int]]:
        """The memory that there is, as (first frame, count), ascending; frame 0 is none of it."""
        if self._total is not None:
            return [(1, _HOLE.start - 1), (_HOLE.stop, self._total - _HOLE.stop)]
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
