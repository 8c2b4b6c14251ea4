"""``regcb guard``: registry decisions from the debugger, without a driver of one's own."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from ..command_line.command import LiveCommand
from ..command_line.live_run import (
    add_limits,
    nearest_paths,
    say_what_is_meant,
    say_what_passes,
    say_why,
)
from ..kernel.listing import Entry, read_listing, target_facts
from ..kernel.selection import select
from ..live.departure import wait_for_return
from ..live.guard import Decision, Guard
from ..live.policy import Policy
from ..live.policy_file import read_policy
from ..present.decision import decision_text, rules_text
from ..present.operation import callback_text
from ..present.output import Output
from ..target.errors import BadArgument, TargetError

if TYPE_CHECKING:
    from ..target import Target
    from ..target.live import LiveTarget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("policy", metavar="POLICY.toml", help="samples/policies has some")
    parser.add_argument(
        "--at",
        metavar="CALLBACK",
        help="whose verdicts are replaced: as in regcb show; without it the one called first",
    )
    parser.add_argument(
        "--after",
        action="store_true",
        help="let the callback's body run, then replace what it returns",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be decided")
    add_limits(parser, "decisions")


def run(target: LiveTarget, arguments: argparse.Namespace, output: Output) -> int:
    policy = read_policy(arguments.policy)
    say_what_is_meant(output, (each for rule in policy.rules for each in rule.keys or ()))
    nearest = tuple(nearest_paths(output, rule.keys or ()) for rule in policy.rules)
    policy = policy._replace(nearest=nearest)
    facts = target_facts(target)
    entry = _entry(target, arguments.at)
    counts = dict.fromkeys(policy.rules, 0)

    def report(decision: Decision) -> bool:
        counts[decision.rule] += 1
        output.write(decision_text(facts, decision))
        return bool(sum(counts.values()) == arguments.count)

    deadline = None if arguments.seconds is None else time.monotonic() + arguments.seconds
    again = ""
    while True:
        guard = Guard(target, policy, entry, report, arguments.after, arguments.dry_run)
        when = "after it has run" if arguments.after else "in place of its body"
        where = callback_text(entry, facts)
        output.write(f"guarding at {where}{again}, {when}{_dry(arguments.dry_run)}")
        say_what_passes(output, target, guard.is_airtight)
        why = guard.run(_left(deadline))
        if not guard.has_gone:
            break
        output.write(f"{where} was unregistered; waiting for it to be registered again")
        why, new = wait_for_return(target, entry, _left(deadline))
        if new is None:
            break
        entry, again = new, " again"
    output.write(rules_text(counts))
    if guard.unfinished:
        output.write(
            f"! {_operations(guard.unfinished)} under way: the callback will be told of an end "
            "whose beginning it has not seen"
        )
    status = say_why(output, target, why, _total(policy, sum(counts.values())))
    for each in nearest:
        each.end()
    return status


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(deadline - time.monotonic(), 0.01)


def _dry(is_dry_run: bool) -> str:
    return "; a dry run: nothing is changed" if is_dry_run else ""


def _operations(count: int) -> str:
    return f"{count} operation{'s are' if count != 1 else ' is'} still"


def _total(policy: Policy, count: int) -> str:
    rules = len(policy.rules)
    return f"{count} decision{'s' * (count != 1)} by {rules} rule{'s' * (rules != 1)}"


def _entry(target: Target, name: str | None) -> Entry:
    listing = read_listing(target)
    ordinary = [each for each in listing.entries if not each.callback.unregistering]
    if not ordinary:
        raise TargetError("no callbacks are registered: there is no place to decide at")
    if name is None:
        return ordinary[0]
    found = select(listing, name)
    if len(found) > 1:
        numbers = ", ".join(str(each.number) for each in found)
        raise BadArgument(f"{name!r} has several callbacks: name one of {numbers}")
    return found[0]


COMMAND = LiveCommand(
    "decide registry operations by a policy, at an existing callback",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
