"""A registration or a removal, as lines."""

from __future__ import annotations

from collections.abc import Iterable

from ..documents.callback_fields import owner_text
from ..documents.text import address_text, printable
from ..kernel.listing import TargetFacts
from ..kernel.requestor import NO_REQUESTOR
from ..live.operations import is_failure
from ..live.registrations import Registration
from ..notify.ntstatus import status_text
from ..triage.finding import Finding
from .notification import requestor_text
from .operation import callback_text, clock_text, frame_text
from .text import link

__all__ = ["registration_text"]


def registration_text(
    facts: TargetFacts, registration: Registration, findings: Iterable[Finding] = ()
) -> str:
    """What happened, to which callback, from where; then what ``check`` has against it."""
    each, architecture = registration, facts.architecture
    name = printable(each.function_symbol, address_text(each.function, architecture))
    if each.callback is not None and each.kind == "register":
        name = link(name, f"regcb show {each.callback.block.address:#x}")
    owner = f" ({owner_text(each.owner)})" if each.owner else ""
    lines = [
        f"{clock_text(each.time)}  {_what(each)}: {name}{owner}",
        f"  altitude {printable(each.altitude)}  context {address_text(each.context, architecture)}"
        f"  cookie {address_text(each.cookie, 'x64')}",
        f"  by {requestor_text(each.requestor)}",
        *(f"    {frame_text(frame)}" for frame in each.stack[1:]),
        *(
            f"  altitude {printable(holder.block.altitude)} is taken by "
            f"{callback_text(holder, facts)}"
            for holder in each.holders
        ),
    ]
    lines += (f"  ! {printable(each)}" for each in _problems(registration))
    lines += (f"  ! {each.severity} {each.id}: {printable(each.summary)}" for each in findings)
    return "\n".join(lines)


def _problems(registration: Registration) -> tuple[str, ...]:
    requestor = registration.requestor
    return (NO_REQUESTOR,) if requestor is None else requestor.problems


def _what(registration: Registration) -> str:
    verb = {"register": "registered", "unregister": "unregistered"}[registration.kind]
    if is_failure(registration.status):
        return f"not {verb}, {status_text(registration.status)}"
    return verb
