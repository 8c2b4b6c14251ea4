"""``regcb watch``: callbacks as they are registered and removed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import findings, watch
from ..command_line.command import LiveCommand
from ..command_line.live_run import add_boot, add_limits, report_end, require_initial_break
from ..kernel.doubts import note_doubt
from ..kernel.listing import target_facts
from ..present.output import Output
from ..present.registration import registration_text
from ..target.errors import RegcbError

if TYPE_CHECKING:
    from .. import Finding, Registration
    from ..target import Target
    from ..target.live import LiveTarget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_boot(parser)
    add_limits(parser, "registrations and removals")


def run(target: LiveTarget, arguments: argparse.Namespace, output: Output) -> int:
    facts = target_facts(target)
    count = 0

    def report(registration: Registration) -> bool:
        nonlocal count
        count += 1
        output.write(registration_text(facts, registration, _findings(target, registration)))
        return bool(count == arguments.count)

    registrations = watch(target, seconds=arguments.seconds)
    if arguments.boot:
        require_initial_break(registrations.listing)
    why = registrations.run(report)
    return report_end(output, target, why, f"{count} registered or removed")


def _findings(target: Target, registration: Registration) -> list[Finding]:
    """What ``check`` has against the callback, or against the list since it is gone."""
    address = registration.callback.block.address if registration.callback else None
    try:
        found = findings(target, carve=False)
    except RegcbError as error:
        note_doubt(target, f"what check has against a callback could not be told: {error}")
        return []
    numbers = {each.number for each in found.listing if each.block.address == address}
    if registration.kind == "unregister":
        numbers = set()
    return [each for each in found if each.callback is None or each.callback in numbers]


COMMAND = LiveCommand(
    "callbacks as they are registered and removed",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
