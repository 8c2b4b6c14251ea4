"""What a file of ``commands/`` holds as ``COMMAND``.

Its class says what the command needs, and so what ``run`` is given: :class:`Command` nothing,
:class:`TargetCommand` a target, :class:`LiveCommand` one that can be set going.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Callable

from ..present.output import Output

if TYPE_CHECKING:
    from typing import Literal

    from ..target import Target
    from ..target.live import LiveTarget

    Group = Literal["look", "decode", "live", "triage", "setup"]

__all__ = ["GROUPS", "Command", "LiveCommand", "TargetCommand"]

AddArguments = Callable[[argparse.ArgumentParser], None]

# In the order in which the help has them.
GROUPS: dict[Group, str] = {
    "look": "look at what is registered",
    "decode": "decode what callbacks are told",
    "live": "follow a live kernel",
    "triage": "find what is wrong",
    "setup": "set regcb up",
}


class Command:
    """One command. ``summary`` is its line in the help, ``group`` where that stands.

    ``add_arguments`` adds its options, beside the common ones; ``run`` joins a question with a
    presenter, and returns the exit status.
    """

    def __init__(
        self,
        summary: str,
        group: Group,
        add_arguments: AddArguments,
        run: Callable[[argparse.Namespace, Output], int],
    ) -> None:
        self.summary, self.group, self.add_arguments = summary, group, add_arguments
        self._run = run

    def start(self, arguments: argparse.Namespace, output: Output) -> int:
        """Runs it; raises RegcbError."""
        return self._run(arguments, output)


class TargetCommand(Command):
    """A command about the session, or the dump, that the command line means."""

    def __init__(
        self,
        summary: str,
        group: Group,
        add_arguments: AddArguments,
        run: Callable[[Target, argparse.Namespace, Output], int],
    ) -> None:
        def on_target(arguments: argparse.Namespace, output: Output) -> int:
            from .targets import target_of  # noqa: PLC0415 - other commands need none

            with target_of(arguments) as target:
                return run(target, arguments, output)

        super().__init__(summary, group, add_arguments, on_target)


class LiveCommand(TargetCommand):
    """A command that sets its target going: it needs a kernel that another machine debugs, and its
    options have limits (:func:`.live_run.add_limits`)."""

    def __init__(
        self,
        summary: str,
        group: Group,
        add_arguments: AddArguments,
        run: Callable[[LiveTarget, argparse.Namespace, Output], int],
    ) -> None:
        def on_live_target(target: Target, arguments: argparse.Namespace, output: Output) -> int:
            from .live_run import give_up, live_target_of  # noqa: PLC0415 - others need none

            live = live_target_of(target, arguments)
            live.on_silence = partial(give_up, output)
            return run(live, arguments, output)

        super().__init__(summary, group, add_arguments, on_live_target)
