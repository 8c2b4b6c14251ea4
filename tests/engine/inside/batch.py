"""``batch.py COMMANDS.json``: many regcb commands in one process.

The file holds a list of command lines, each a list of words. Prints the list of what they came to,
each as status, standard output and standard error.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from pykd_ext.command_line.main import main


def run(words: list[str]) -> tuple[int, str, str]:
    """One command."""
    stdout, stderr = StringIO(), StringIO()
    with redirect_stdout(stdout), redirect_stderr(stderr):
        status = main(words)
    return status, stdout.getvalue(), stderr.getvalue()


if __name__ == "__main__":
    commands = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps([run(words) for words in commands]))
