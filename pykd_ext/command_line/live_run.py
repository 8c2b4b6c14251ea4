"""A run of a live target as a command does it: its limits, what is said before, its last line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Callable

from ..api.live_target import LONGEST, live_target
from ..documents.text import counted, printable
from ..kernel.doubts import doubts
from ..live.globs import KeyGlob
from ..live.nearest_paths import NearestPaths
from ..present.output import Output
from ..target.errors import BadArgument, RegcbError
from ..target.fields import unsigned
from .arguments import count_argument
from .exit_statuses import BUG_CHECK, EXCEPTION, GONE, MODULE, REBOOT

if TYPE_CHECKING:
    from .. import Listing, Trace
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = [
    "add_boot",
    "add_duration",
    "add_limits",
    "give_up",
    "live_target_of",
    "nearest_paths",
    "nearest_said",
    "report_end",
    "require_initial_break",
    "say_what_is_meant",
    "say_what_is_missed",
    "say_what_passes",
]

_USUAL = 600.0  # seconds, where Ctrl+Break may not be heard and nobody is there to press it again

_WHY = {
    "hit": "that was enough",
    "time": "the time is over (--for)",
    "debugger": "you stopped it",
    "breakpoint": "a breakpoint of yours stopped it",
    "reboot": "the target has rebooted (--boot follows it from here on)",
}
# The command's exit status then, whatever it has seen.
_STATUS = {"exception": EXCEPTION, "bug-check": BUG_CHECK, "module": MODULE, "reboot": REBOOT}


def add_limits(parser: argparse.ArgumentParser, counted: str) -> None:
    """``--count`` and ``--for``."""
    parser.add_argument("--count", type=count_argument, metavar="N", help=f"stop after N {counted}")
    add_duration(parser)


def add_duration(parser: argparse.ArgumentParser) -> None:
    """``--for``."""
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        metavar="SECONDS",
        help=f"stop then; 0: never ({_USUAL:.0f}; never with --boot)",
    )


def add_boot(parser: argparse.ArgumentParser) -> None:
    """``--boot``."""
    parser.add_argument(
        "--boot",
        action="store_true",
        help="from the initial break on (kd -b; sxe ibp and .reboot), when nothing is registered",
    )


def live_target_of(target: Target, arguments: argparse.Namespace) -> LiveTarget:
    """``target``, which can be set going; raises TargetError where it cannot, and BadArgument for
    a time that makes no sense. ``arguments.seconds`` is None then for no end."""
    arguments.seconds = _seconds(arguments)
    return live_target(target, arguments.command, arguments.seconds)


def _seconds(arguments: argparse.Namespace) -> float | None:
    wanted: float | None = arguments.seconds
    if wanted is None:
        return None if getattr(arguments, "boot", False) else _USUAL
    if not 0 <= wanted <= LONGEST:
        raise BadArgument(f"--for is at most {LONGEST} (a year) and not negative: {wanted}")
    return wanted or None


def require_initial_break(listing: Listing) -> None:
    """For ``--boot``; raises BadArgument where callbacks are registered already."""
    count = len(listing.entries)
    if count:
        raise BadArgument(
            f"--boot starts at the initial break, and this kernel has "
            f"{counted(count, 'callback')} already: sxe ibp; .reboot leads there, or kd -b"
        )


def give_up(output: Output, seconds: float) -> None:
    """Of a target that has not answered for so long. Nothing ends the engine's wait for it: a
    process of our own is ended, a debugger is the user's."""
    how = "; the debugger waits for it until the session is ended" if output.is_debugger else ""
    output.error(
        f"regcb: the target has not answered for {seconds:.0f} s: its connection is lost, or it "
        f"hangs, and regcb's breakpoints may still be in it{how}"
    )
    if not output.is_debugger:
        os._exit(GONE)


def say_what_is_missed(output: Output, operations: Trace, boots: bool) -> Callable[[], None]:
    """What nobody will see of what happens, before it does; ``boots`` is whether that is due to
    the target's beginning, which the user knows of. Comes back with what says the rest, as far as
    that is known once the target has run."""
    said: list[str] | None = None

    def say() -> None:
        nonlocal said
        if operations.problems == said:
            return
        for problem in operations.problems:
            output.write(f"! {printable(problem)}")
        said = operations.problems
        say_what_passes(output, operations.target, operations.is_airtight)

    say()
    if not operations.listing and not boots:
        output.write("! no callbacks are registered: nothing will be seen until there are some")
    return say


def say_what_is_meant(output: Output, globs: Iterable[KeyGlob]) -> None:
    """Of keys whose path leads over a link of the target's that is not followed here."""
    for glob in globs:
        for each in glob.control_sets:
            output.write(
                f"! {printable(glob.text)} stands for {printable(each)}, too: where the target's "
                "CurrentControlSet leads is not looked up"
            )


def nearest_said(output: Output, keys: Sequence[str]) -> Callable[[list[str]], None]:
    """What says, of ``keys`` that nothing has fitted, which were asked for in their place."""

    def say(nearest: list[str]) -> None:
        meant = ", ".join(printable(KeyGlob(key).text) for key in keys)
        output.write(f"! nothing yet for {meant}; the nearest keys were:")
        for path in nearest:
            output.write(f"!   {printable(path)}")

    return say


def nearest_paths(output: Output, globs: tuple[KeyGlob, ...]) -> NearestPaths:
    """The same for keys of a policy."""
    return NearestPaths(globs, nearest_said(output, [glob.text for glob in globs]))


def say_what_passes(output: Output, target: LiveTarget, is_airtight: bool) -> None:
    """Where a debugger takes breakpoints out to go on from them, on more than one processor."""
    if not is_airtight and _processors(target) > 1:
        output.write(
            "! nothing is airtight here: while one processor goes on from a stop, others may pass"
        )


def _processors(target: LiveTarget) -> int:
    """Of the target; two where that is not known."""
    try:
        return unsigned(target.read(target.symbol("KeNumberProcessors"), 1))
    except RegcbError:
        return 2


def report_end(output: Output, target: LiveTarget, why: str, what: str) -> int:
    """The line at the end: what was seen, why it ended, and how the target is left.

    Comes back with the exit status that the end alone has: 0 for one that is none of the target's.
    """
    for each in doubts(target):
        output.write(f"! {printable(each)}")
    reason = _WHY.get(why) or f"the target stopped by itself: {printable(target.last_event)}"
    left = "goes on" if target.is_ours else "is stopped (g: go on)"
    output.write(
        f"{printable(what)}; {reason}. regcb's breakpoints are gone, and the target {left}"
    )
    return _STATUS.get(why, 0)
