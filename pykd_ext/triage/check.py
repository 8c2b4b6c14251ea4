"""All checks over one target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Union

from ..kernel.doubts import doubts
from ..kernel.drivers import Drivers
from ..kernel.listing import Listing, read_listing, with_unlisted
from ..target.image_files import ImageFiles
from . import (
    blocks,
    cookies,
    counts,
    crash,
    foreign_altitudes,
    function_starts,
    links,
    order,
    orphans,
    owners,
    prologues,
    silent_drivers,
)
from .carve import Carving, carve
from .finding import SEVERITIES, Finding, Remark
from .scene import Orphan, Scene

if TYPE_CHECKING:
    from ..target import Target
    from ..target.physical import Progress

__all__ = ["CHECKS", "Triage", "check"]

_PAGES_NAMED = 4

Check = Callable[[Scene], Iterable[Union[Finding, Remark]]]

# Each yields findings, or remarks, of the id that its name spells.
CHECKS: tuple[Check, ...] = (
    links.head_links_disagree,
    links.list_broken,
    counts.callbacks_disabled,
    counts.count_mismatch,
    order.order_broken,
    order.altitude_malformed,
    order.altitude_duplicate,
    foreign_altitudes.altitude_foreign,
    cookies.cookie_out_of_range,
    cookies.cookie_duplicate,
    cookies.cookie_gap,
    owners.function_null,
    owners.owner_none,
    owners.owner_unloaded,
    owners.owner_kernel,
    owners.function_section,
    function_starts.function_inside,
    owners.function_shared,
    owners.context_foreign,
    prologues.prologue_patched,
    prologues.kernel_code_patched,
    blocks.flags_forged,
    blocks.unregister_pending,
    blocks.uses_odd,
    blocks.object_contexts_broken,
    silent_drivers.driver_silent,
    crash.callback_crashed,
    crash.crash_parameter,
    orphans.entry_orphaned,
)


# A small dump has no list: what can be asked there is whose the functions are, and of the crash.
SMALL_CHECKS: tuple[Check, ...] = (
    owners.owner_none,
    owners.owner_unloaded,
    crash.callback_crashed,
    crash.crash_parameter,
)


class Triage:
    """What was found, the gravest first: a sequence of :class:`Finding`.

    ``remarks`` is what is only mentioned, ``listing`` the list that it was found in, with orphans
    last. ``problems`` are those of the search and of the files that were compared with; the listing
    has its own, and so has each callback.
    """

    def __init__(
        self,
        listing: Listing,
        findings: tuple[Finding, ...],
        remarks: tuple[Remark, ...],
        problems: tuple[str, ...],
    ) -> None:
        self.listing, self.findings = listing, findings
        self.remarks, self.problems = remarks, problems

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, index: int) -> Finding:
        return self.findings[index]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is above ``info``."""
        return all(finding.severity == "info" for finding in self.findings)


def check(target: Target, files: ImageFiles, progress: Progress | None) -> Triage:
    """Everything that is wrong with the callbacks of ``target``.

    ``files`` are the drivers' own images, where they are at hand. With ``progress``, which is told
    the bytes so far and in all, callbacks are searched for that the list does not lead to. Raises
    TargetError when there is no list that can be read.
    """
    listing = read_listing(target)
    searched = progress and not target.small_dump
    carving = carve(target, listing, progress) if searched and progress else Carving((), ())
    found = [each.callback for each in carving.blocks]
    everything = with_unlisted(target, listing, found) if found else listing
    unlisted = everything.entries[len(listing.entries) :]
    strays = tuple(Orphan(entry, each.state) for entry, each in zip(unlisted, carving.blocks))
    scene = Scene(target, listing, Drivers(target), files, [], strays)
    checks = SMALL_CHECKS if target.small_dump else CHECKS
    target.memory.missed.clear()
    seen = [each for look in checks for each in look(scene)]
    findings = [each for each in seen if isinstance(each, Finding)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    remarks = tuple(each for each in seen if isinstance(each, Remark))
    missed = _not_judged(list(target.memory.missed))
    problems = [
        *carving.problems, *files.problems, *scene.problems, *missed, *doubts(target),
        *_of_files_since(target, listing),
    ]  # fmt: skip
    return Triage(everything, tuple(findings), remarks, tuple(dict.fromkeys(problems)))


def _of_files_since(target: Target, listing: Listing) -> Iterator[str]:
    """What was wrong with the target's file and its symbols' that ``listing`` does not tell: it was
    met in the search, or by a check."""
    told = {what for _, what in listing.problems}
    return (what for what in target.symbol_problems() if what not in told)


def _not_judged(pages: Sequence[int]) -> Iterator[str]:
    if pages:
        named = ", ".join(f"{page:#x}" for page in pages[:_PAGES_NAMED])
        more = f" and {len(pages) - _PAGES_NAMED} more" if len(pages) > _PAGES_NAMED else ""
        yield f"not judged, since it is paged out or not mapped: what lies in {named}{more} (pages)"
