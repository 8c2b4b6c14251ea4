"""The live commands where nothing runs."""

from __future__ import annotations

from argparse import Namespace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pykd_ext.api.live_target import live_target
from pykd_ext.command_line.live_run import live_target_of, report_end, say_what_is_meant
from pykd_ext.kernel.doubts import note_doubt
from pykd_ext.live.globs import KeyGlob
from pykd_ext.present.output import Output
from pykd_ext.target.errors import BadArgument
from tests.support.regcb import MakeDump, Regcb

SAMPLE = Path(__file__).parents[3] / "samples" / "policies" / "protect_regprotect.toml"
COMMANDS = {
    "trace": ["trace"],
    "who-blocks": ["who-blocks", "HKLM\\SOFTWARE"],
    "guard": ["guard", str(SAMPLE)],
    "watch": ["watch"],
}


@pytest.mark.toolchain
@pytest.mark.parametrize("name", COMMANDS)
def test_a_dump_does_not_run(name: str, regcb: Regcb, lab_dump: MakeDump) -> None:
    truth = lab_dump()
    status, output, errors = regcb("-z", truth.path, "-y", truth.symbols, *COMMANDS[name])
    assert (status, output) == (2, "")
    assert errors == f"regcb: nothing runs in a crash dump: {name} needs a live kernel (KD)\n"


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e10])
def test_a_time_that_nobody_can_wait_for(seconds: float) -> None:
    """Windows' select takes 31 bits of seconds."""
    kernel: Any = SimpleNamespace(kind="kernel", is_file=False)
    with pytest.raises(BadArgument, match="--for is at most"):
        live_target_of(kernel, Namespace(command="watch", seconds=seconds, count=None))
    with pytest.raises(BadArgument, match="a run takes more than 0 and at most 31536000 seconds"):
        live_target(kernel, "watch", seconds)


@pytest.mark.parametrize(
    ("seconds", "boot", "means"),
    [(None, False, 600.0), (None, True, None), (0.0, False, None), (5.0, True, 5.0)],
)
def test_how_long(seconds: float | None, boot: bool, means: float | None) -> None:
    kernel: Any = SimpleNamespace(kind="kernel", is_file=False)
    arguments = Namespace(command="watch", seconds=seconds, count=None, boot=boot)
    live_target_of(kernel, arguments)
    assert arguments.seconds == means


def test_a_link_that_is_not_followed_is_said() -> None:
    stream = StringIO()
    globs = map(KeyGlob, ("HKLM\\SOFTWARE", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\X"))
    say_what_is_meant(Output(stream), globs)
    below, key = "\\REGISTRY\\MACHINE\\SYSTEM\\", "\\Services\\X"
    assert stream.getvalue() == (
        f"! {below}CurrentControlSet{key} stands for {below}ControlSet???{key}, too: "
        "where the target's CurrentControlSet leads is not looked up\n"
    )


class OurTarget:
    """One that goes on when the command has ended."""

    is_ours = True


def test_what_a_run_ends_with_acts_in_no_terminal() -> None:
    target: Any = OurTarget()
    note_doubt(target, "module \x1b[2J: it cannot be read")
    stream = StringIO()
    report_end(Output(stream), target, "time", "nothing of HKLM\\\x1b[2J")
    first, last = stream.getvalue().splitlines()
    assert first == "! module \\x1b[2J: it cannot be read"
    assert last.startswith("nothing of HKLM\\\\x1b[2J; the time is over")
