"""Inputs that are kept in the repository: ``corpus/NAME``, a line of base64 each.

They are the few of all that a long run has come to which reach most of the features (libFuzzer's:
an edge, and how often it was taken) that all reach together.
"""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["changed", "chosen", "kept_inputs", "write_inputs"]

_FOLDER = Path(__file__).with_name("corpus")
_ROOM = 3_000  # characters of a fuzzer's file


def kept_inputs(name: str) -> list[bytes]:
    """Those of the fuzzer ``name``, none of a new one."""
    path = _FOLDER / name
    return [b64decode(each) for each in path.read_text().split()] if path.exists() else []


def write_inputs(name: str, inputs: list[bytes]) -> None:
    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / name).write_text("".join(f"{_line(each)}\n" for each in sorted(inputs)))


def chosen(features: Mapping[bytes, set[int]]) -> list[bytes]:
    """Of inputs and what each reaches, those that reach most and together fit in a file: each is
    the one that adds most for its length."""
    left = {each: set(reached) for each, reached in sorted(features.items())}
    found: list[bytes] = []
    room = _ROOM
    while left:
        best = max(left, key=lambda each: len(left[each]) / len(_line(each)))
        reached = left.pop(best)
        if len(_line(best)) < room and reached:
            room -= len(_line(best)) + 1
            found.append(best)
            left = {each: others - reached for each, others in left.items()}
    return found


def changed(inputs: Sequence[bytes], count: int) -> list[bytes]:
    """``count`` inputs like those of ``inputs``; the same ones of the same."""
    source = random.Random(14)
    return [_changed(source, inputs) for _ in range(count)]


def _changed(source: random.Random, inputs: Sequence[bytes]) -> bytes:
    """One of them with a byte changed, or a part of another one put into it, some times."""
    data = bytearray(source.choice(inputs))
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(data) + 1)
        other = source.choice(inputs)
        part = other[source.randrange(len(other) + 1) :][: source.randint(1, 16)]
        data[at : at + source.randint(0, len(part))] = source.choice((source.randbytes(1), part))
    return bytes(data)


def _line(data: bytes) -> str:
    return b64encode(data).decode()
