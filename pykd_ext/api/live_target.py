"""Whether a target can be followed while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..target.errors import BadArgument, TargetError

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget

__all__ = ["LONGEST", "live_target"]

LONGEST = 365 * 24 * 60 * 60  # seconds; select() takes 31 bits of them on Windows


def live_target(target: Target, what: str, seconds: float | None) -> LiveTarget:
    """``target``, which can be set going for ``seconds``; raises TargetError where it cannot, which
    names ``what`` is to be done, and BadArgument for a time that nobody can wait for."""
    if target.is_file:
        raise TargetError(
            f"nothing runs in a {target.kind.replace('-', ' ')}: {what} needs a live kernel (KD)"
        )
    if target.kind != "kernel":
        raise TargetError(
            f"a local kernel session cannot stop its own machine: {what} needs a second one (KD)"
        )
    if seconds is not None and not 0 < seconds <= LONGEST:
        raise BadArgument(
            f"a run takes more than 0 and at most {LONGEST} seconds (a year), not {seconds}"
        )
    return cast("LiveTarget", target)
