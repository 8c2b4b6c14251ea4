"""``regcb watch``: callbacks as they are registered and removed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..command_line.command import LiveCommand
from ..command_line.live_run import add_limits, say_why
from ..command_line.targets import symbol_path_of
from ..kernel.listing import target_facts
from ..live.registrations import Registration, RegistrationWatch
from ..present.output import Output
from ..present.registration import registration_text
from ..target.errors import RegcbError
from ..target.image_files import ImageFiles
from ..target.symbol_path import SymbolPath
from ..triage.check import check
from ..triage.finding import Finding

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_limits(parser, "registrations and removals")


def run(target: LiveTarget, arguments: argparse.Namespace, output: Output) -> int:
    facts = target_facts(target)
    files = ImageFiles(SymbolPath(symbol_path_of(arguments)))
    count = 0

    def report(registration: Registration) -> bool:
        nonlocal count
        count += 1
        output.write(registration_text(facts, registration, _findings(target, files, registration)))
        return bool(count == arguments.count)

    why = RegistrationWatch(target, report).run(arguments.seconds)
    return say_why(output, target, why, f"{count} registered or removed")


def _findings(target: Target, files: ImageFiles, registration: Registration) -> list[Finding]:
    """What ``check`` has against the callback, or against the list since it is gone."""
    address = registration.entry.callback.address if registration.entry else None
    try:
        triage = check(target, files, None)
    except RegcbError:
        return []
    numbers = {each.number for each in triage.listing.entries if each.callback.address == address}
    if registration.kind == "unregister":
        numbers = set()
    return [each for each in triage.findings if each.callback is None or each.callback in numbers]


COMMAND = LiveCommand(
    "callbacks as they are registered and removed",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
