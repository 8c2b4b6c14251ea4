"""Everything that can be wrong with a dump, one small function each.

A damage is a function of the scene and an index; it returns the VA of what it damaged, or None. Its
name is the function's with hyphens, its description the first line of the docstring. On the command
line ``entry-loop@2`` gives the index, of a callback or, for a file, of a page; without it the
middle one is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple, Optional

from ..scene import Scene
from ..truth import DamageTruth
from . import blocks, code, files, links, paging

__all__ = ["DAMAGES", "Damage", "apply_damages", "parse_damages"]

DamageFunction = Callable[[Scene, int], Optional[int]]


class Damage(NamedTuple):
    """One kind of damage; ``after_writing`` when it is done to the file instead of the memory,
    ``of_pages`` when it needs every callback on a page of its own."""

    name: str
    description: str
    function: DamageFunction
    after_writing: bool
    of_pages: bool


class ChosenDamage(NamedTuple):
    """A damage and what it is done to; None is the middle one."""

    damage: Damage
    target: int | None


def _damages(
    functions: Sequence[DamageFunction], after_writing: bool = False, of_pages: bool = False
) -> list[Damage]:
    return [
        Damage(
            function.__name__.replace("_", "-"),
            (function.__doc__ or "").partition("\n")[0].rstrip("."),
            function,
            after_writing,
            of_pages,
        )
        for function in functions
    ]


DAMAGES = {
    damage.name: damage
    for damage in (
        *_damages(paging.DAMAGES, of_pages=True),
        *_damages(links.DAMAGES),
        *_damages(blocks.DAMAGES),
        *_damages(code.DAMAGES),
        *_damages(files.DAMAGES, after_writing=True),
    )
}


def parse_damages(names: Sequence[str]) -> list[ChosenDamage]:
    """``name`` or ``name@index`` each; raises ValueError for an unknown one."""
    chosen = []
    for text in names:
        name, _, index = text.partition("@")
        if name not in DAMAGES:
            raise ValueError(f"no damage {name!r}; `damages` lists them")
        if index and not index.isdigit():
            raise ValueError(f"{text!r}: {index!r} is no index")
        chosen.append(ChosenDamage(DAMAGES[name], int(index) if index else None))
    return chosen


def apply_damages(
    scene: Scene, chosen: Sequence[ChosenDamage], after_writing: bool
) -> list[DamageTruth]:
    """Does those that are due before, or after, the dump is written.

    Raises ValueError for a damage that the profile or the number of callbacks does not allow.
    """
    count = scene.pages if after_writing else len(scene.callbacks)
    done = []
    for damage, target in chosen:
        if damage.after_writing != after_writing:
            continue
        index = count // 2 if target is None else target
        if index >= count:
            raise ValueError(f"{damage.name}@{index}: there are {count}")
        done.append(DamageTruth(damage.name, index, damage.function(scene, index)))
    return done
