"""Memory that LeechCore reads: of a PCIe device, WinPmem, DumpIt, LiveCloudKd, a Hyper-V state.

Through leechcorepyc, an extra (GPL), and the native library in it, which says in no error what is
wrong: it is told as it is asked for. Read page by page, since a page that a device does not give is
no page of zeros.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from .errors import TargetError
from .fields import unsigned
from .locations import device_of
from .needles import places
from .physical import PAGE, Hints, Progress, silent

if TYPE_CHECKING:
    from .protocol import Container

__all__ = ["open_device"]

_TOGETHER = 16  # pages, where one is asked for
_AT_ONCE = 1024  # pages, in a search
_CACHED = 1 << 14  # pages


def open_device(path: str) -> Container:
    """What ``leechcore:DEVICE`` names; raises TargetError where it cannot be opened."""
    try:
        import leechcorepyc  # noqa: PLC0415 - an extra
    except (ImportError, OSError):
        raise TargetError(f"{path}: needs LeechCore: pip install 'regcb[leechcore]'") from None
    try:
        device = leechcorepyc.LeechCore(device_of(path))
    except Exception:  # TypeError, whatever it is
        raise TargetError(
            f"{path}: LeechCore opens no such device: is it named as in LeechCore's own pages, "
            "there, and its driver installed? (a file has 16 MiB at least)"
        ) from None
    return LeechCoreMemory(path, device, _hints(device, leechcorepyc))


def _hints(device: Any, constants: Any) -> Hints:
    """What it knows of the machine: of a dump the top page table."""
    try:
        return Hints((device.get_option(constants.LC_OPT_MEMORYINFO_OS_DTB),))
    except RuntimeError:
        return Hints()


class LeechCoreMemory:
    """Fulfils :class:`.protocol.Container`."""

    kind = "LeechCore device"

    def __init__(self, path: str, device: Any, hints: Hints) -> None:
        """``device``: a leechcorepyc.LeechCore. Raises TargetError where it has no memory."""
        self.path = path
        self.hints = hints
        self.problems: list[str] = []
        self._device = device
        self._pages: OrderedDict[int, bytes | None] = OrderedDict()
        runs = [(run["base"], run["size"]) for run in device.memmap] or [(0, device.maxaddr)]
        self._runs = sorted((base // PAGE, (base + size) // PAGE) for base, size in runs)
        if self.top <= 0:
            device.close()
            raise TargetError(f"{path}: LeechCore gives no memory of this device")

    @property
    def runs(self) -> list[tuple[int, int]]:
        return [(first, behind - first) for first, behind in self._runs]

    @property
    def top(self) -> int:
        behind: int = self._runs[-1][1]
        return behind

    def page(self, frame: int) -> bytes | None:
        if not self._in_map(frame):
            return None
        if frame in self._pages:
            return self._pages[frame]
        first = frame - frame % _TOGETHER
        return self._known(range(first, first + _TOGETHER)).get(frame)

    def pages(self, frame: int, most: int) -> bytes:
        wanted = range(frame, frame + min(most, _AT_ONCE))
        known = self._known(wanted)
        return b"".join(takewhile(bool, (known.get(each) or b"" for each in wanted)))

    def word(self, address: int, size: int) -> int | None:
        page = self.page(address >> 12)
        return None if page is None else unsigned(page, address & (PAGE - 1), size)

    def find(
        self, needle: bytes, progress: Progress = silent, step: int = 1, first: int = 0
    ) -> Iterator[int]:
        total = sum(behind - first for first, behind in self._runs) * PAGE
        done = 0
        for low, behind in self._runs:
            for start in range(low, behind, _AT_ONCE):
                frames = range(start, min(start + _AT_ONCE, behind))
                for frame, page in self._read(frames).items():
                    yield from (frame * PAGE + at for at in places(page, needle, step, first))
                done += len(frames) * PAGE
                progress(done, total)

    def close(self) -> None:
        self._pages.clear()
        self._device.close()

    def _in_map(self, frame: int) -> bool:
        """Whether the machine has such memory; else no device is asked for it."""
        index = bisect_right(self._runs, (frame, self.top))
        return index > 0 and frame < self._runs[index - 1][1]

    def _known(self, frames: range) -> dict[int, bytes | None]:
        """Those of them that are in the map, read where they were not; what was read first is
        let go of."""
        known = {frame: self._pages[frame] for frame in frames if frame in self._pages}
        missing = [frame for frame in frames if frame not in known and self._in_map(frame)]
        if missing:
            read = self._read(missing)
            new = {frame: read.get(frame) for frame in missing}
            self._pages.update(new)
            known.update(new)
        while len(self._pages) > _CACHED:
            self._pages.popitem(last=False)
        return known

    def _read(self, frames: Iterable[int]) -> dict[int, bytes]:
        """The pages that it gives, by their numbers."""
        wanted = [frame * PAGE for frame in frames]
        try:
            answers = self._device.read_scatter(wanted)
        except RuntimeError:
            answers = []
        if len(answers) < len(wanted) and not self.problems:
            self.problems.append("LeechCore does not give all pages that its map of memory has")
        return {each["addr"] // PAGE: each["data"] for each in answers}
