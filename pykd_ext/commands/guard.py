"""``regcb guard``: registry decisions from the debugger, without a driver of one's own."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .. import guard, read_policy
from ..command_line.command import LiveCommand
from ..command_line.live_run import (
    add_limits,
    nearest_paths,
    report_end,
    say_what_is_meant,
    say_what_passes,
)
from ..documents.text import counted
from ..kernel.listing import target_facts
from ..present.decision import decision_text, rules_text
from ..present.operation import callback_text
from ..present.output import Output

if TYPE_CHECKING:
    from .. import Decision, Policy, RegistryCallback
    from ..target.live import LiveTarget


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "policy",
        metavar="POLICY.toml",
        help="rules: [[rule]], action = ..., and what it is about (docs/live.md)",
    )
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
    decisions = guard(
        target,
        policy._replace(nearest=nearest),
        arguments.at,
        after=arguments.after,
        dry_run=arguments.dry_run,
        seconds=arguments.seconds,
    )
    facts = target_facts(target)
    counts = dict.fromkeys(policy.rules, 0)

    def report(decision: Decision) -> bool:
        counts[decision.rule] += 1
        output.write(decision_text(facts, decision))
        return bool(sum(counts.values()) == arguments.count)

    when = "after it has run" if arguments.after else "in place of its body"

    def say_where(callback: RegistryCallback, again: str = "") -> None:
        where = callback_text(callback, facts)
        output.write(f"guarding at {where}{again}, {when}{_dry(arguments.dry_run)}")
        say_what_passes(output, target, decisions.is_airtight)

    def changed(callback: RegistryCallback | None) -> None:
        if callback is None:
            where = callback_text(decisions.callback, facts)
            output.write(f"{where} was unregistered; waiting for it to be registered again")
        else:
            say_where(callback, " again")

    decisions.on_change = changed
    say_where(decisions.callback)
    why = decisions.run(report)
    output.write(rules_text(counts))
    if decisions.unfinished:
        output.write(
            f"! {_operations(decisions.unfinished)} under way: the callback will be told of an end "
            "whose beginning it has not seen"
        )
    status = report_end(output, target, why, _total(policy, sum(counts.values())))
    for each in nearest:
        each.end()
    return status


def _dry(is_dry_run: bool) -> str:
    return "; a dry run: nothing is changed" if is_dry_run else ""


def _operations(count: int) -> str:
    return f"{count} operation{'s are' if count != 1 else ' is'} still"


def _total(policy: Policy, count: int) -> str:
    return f"{counted(count, 'decision')} by {counted(len(policy.rules), 'rule')}"


COMMAND = LiveCommand(
    "decide registry operations by a policy, at an existing callback",
    group="live",
    add_arguments=add_arguments,
    run=run,
)
