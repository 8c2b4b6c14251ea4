"""Issue 13: images of memory, small and large, sparse and full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import capstone

from tests.lab import make_dump

from .measure import measure
from .rivals import regcb, volatility
from .rows import Row, at_least

__all__ = ["images"]

_GIB = 1 << 30
_PAGE = 4096
_EMPTY = bytes(_PAGE)
_FULL = _GIB  # bytes, of which none are zero
_FEW = _GIB // 16
_NO_WINDOWS = 2  # exit status
_STRETCH = 256  # pages


def images(folder: Path) -> list[Row]:
    return [*_sparse(folder), *_searched(folder), *_carved(folder)]


def _sparse(folder: Path) -> list[Row]:
    """Of 16 GiB, in one run with volatility3, once: it takes minutes."""
    small = make_dump(folder / "small.raw", dump_type="raw", callbacks=64)
    large = make_dump(folder / "large.raw", dump_type="raw", callbacks=64, size=16 * _GIB)
    few, many = measure([regcb(small), regcb(large)], rounds=9)
    (theirs,) = measure([volatility(large, folder)], rounds=1, warm=False)
    return [
        Row(13, "list of a raw image of 16 GiB", many.processor, 0.3, "s"),
        at_least(13, "vol windows.callbacks on it, to list", theirs.processor / many.processor, 50),
        Row(13, "its memory above that of the smallest image", _mib(many.peak - few.peak), 50,
            "MiB"),
    ]  # fmt: skip


def _searched(folder: Path) -> list[Row]:
    """The first place to look is the low memory, the last is all of it: where no Windows is, it
    comes to that."""
    sizes = (_FEW, _FULL)
    paths = [_full(folder / f"other-{size}.raw", size) for size in sizes]
    any_dump = make_dump(folder / "any.dmp")
    truths = [replace(any_dump, path=str(path)) for path in paths]
    few, all_of_it = measure([regcb(each) for each in truths], rounds=5, status=_NO_WINDOWS)
    rate = (_FULL - _FEW) / 1e9 / (all_of_it.processor - few.processor)
    return [
        at_least(13, "finding the machine where all memory is searched", rate, 1, "GB/s"),
        Row(13, "its memory above that for a sixteenth", _mib(all_of_it.peak - few.peak), 50,
            "MiB"),
    ]  # fmt: skip


def _carved(folder: Path) -> list[Row]:
    """The lab's machine in a GiB that is full."""
    full = make_dump(folder / "full.raw", dump_type="raw", callbacks=64, size=_FULL)
    _fill(Path(full.path))
    commands = [regcb(full, "check", "--no-carve"), regcb(full, "check")]
    without, carved = measure(commands, rounds=5)
    rate = _FULL / 1e9 / (carved.processor - without.processor)
    return [
        at_least(13, "carving a full image", rate, 1.3, "GB/s"),
        Row(13, "its memory above that without carving", _mib(carved.peak - without.peak), 50,
            "MiB"),
    ]  # fmt: skip


def _mib(size: int) -> float:
    return size / (1 << 20)


def _code() -> bytes:
    """Code and tables as memory has them: a library's."""
    (library,) = Path(capstone.__file__).parent.rglob("libcapstone.so*")
    data = library.read_bytes()
    pages = [data[at : at + _PAGE] for at in range(_PAGE, len(data) - _PAGE, _PAGE)]
    return b"".join(page for page in pages if page != _EMPTY)


def _full(path: Path, size: int) -> Path:
    """A file of ``size`` bytes with no Windows in it; the first page says nothing of its kind."""
    path.write_bytes(bytes(size))
    _fill(path)
    return path


def _fill(path: Path) -> None:
    """Puts code into all of its empty pages but the first."""
    code, at = _code(), 0
    length = _STRETCH * _PAGE
    with path.open("r+b") as file:
        for start in range(0, path.stat().st_size, length):
            file.seek(start)
            stretch = bytearray(file.read(length))
            for offset in range(_PAGE if start == 0 else 0, len(stretch), _PAGE):
                if stretch[offset : offset + _PAGE] == _EMPTY:
                    stretch[offset : offset + _PAGE] = code[at : at + _PAGE]
                    at = (at + _PAGE) % len(code)
            file.seek(start)
            file.write(stretch)
