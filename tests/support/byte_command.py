"""Runs a command on a target that is not opened from a file."""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from pykd_ext.present.output import Output

if TYPE_CHECKING:
    from pykd_ext.target import Target


def run_command(command: ModuleType, target: Target, words: Sequence[str]) -> str:
    """What ``command`` prints about ``target``."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    stream = io.StringIO()
    assert command.run(target, parser.parse_args(list(words)), Output(stream)) == 0
    return stream.getvalue()
