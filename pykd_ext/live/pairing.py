"""What replacing a callback's verdict does to the post-notification that goes with it.

The kernel tells a callback of the end of an operation whose beginning it let through, with the
CallContext that it left there, and tells it of none that it refused or did itself (SOURCES 3.3). A
callback allocates and takes references before, and gives them back after: told of one without the
other, it leaks, or uses what it never had. So whoever replaces a verdict has to keep both in pair:

=================  ==============================  ==========================  =====================
the body returned  the rule allows                 denies                      bypasses
=================  ==============================  ==========================  =====================
(it was not run)   STATUS_SUCCESS, its post is     denied, there is no post    bypassed, there is
                   withheld                                                    no post
a success          it stands, with its post        denied, its post is owed:   bypassed, its post
                                                   given with the denial       is owed: given with
                                                                               STATUS_SUCCESS
a failure          STATUS_SUCCESS, its post is     denied with the rule's      bypassed, there is
                   withheld                        status, there is no post    no post
STATUS_CALLBACK_   it stands, and that is said     it stands, and that is      it stands
BYPASS                                             said
=================  ==============================  ==========================  =====================

*Withheld*: the callback's body does not run for it, and it answers STATUS_SUCCESS. *Owed*: the body
is run for it at once, before the verdict goes to the kernel; what it says then is not asked. A
callback that has done the operation itself has filled in what the caller gets: nobody can take that
back, and a success in its place would have the kernel do it again. Whatever is returned for a
closed handle (RegNtPreKeyHandleClose) the kernel takes for a success: there the body's own stands.
A rule that only logs, and a dry run, change nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from ..notify.classes import notify_class
from .operations import is_failure
from .policy import STATUS_CALLBACK_BYPASS

__all__ = ["GIVEN", "KERNELS", "NONE", "WITHHELD", "Outcome", "outcome"]

KERNELS, WITHHELD, GIVEN, NONE = "kernel's", "withheld", "given", "none"  # the post-notification

_SUCCESS = 0


class Outcome(NamedTuple):
    """What the kernel is told: ``status``, or the body's own where that is None; and what becomes
    of the callback's post-notification. ``stands_against`` is True where the body's own verdict
    could not be replaced though the rule wants another one."""

    status: int | None
    post: str
    stands_against: bool = False


def outcome(own: int | None, wanted: int, number: int) -> Outcome:
    """For the pre class ``number``: the body has returned ``own`` (None: it was not run), the rule
    wants ``wanted``."""
    refuses = is_failure(wanted)
    if own is None:
        return Outcome(wanted, NONE if refuses else WITHHELD)
    if notify_class(number).ignores_status:
        return Outcome(None, KERNELS)
    if own == STATUS_CALLBACK_BYPASS:
        return Outcome(None, NONE, stands_against=wanted != own)
    if is_failure(own):
        return Outcome(wanted, NONE if refuses else WITHHELD)
    return Outcome(wanted, GIVEN) if refuses else Outcome(None, KERNELS)


def status_of_post(wanted: int) -> int:
    """Status and ReturnStatus in the post-notification of an operation that a rule refuses: as the
    kernel has it for the callbacks above (SOURCES 3.3)."""
    return _SUCCESS if wanted == STATUS_CALLBACK_BYPASS else wanted
