"""``python -m tests.lab kd``, as a person starts it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.kd.questions import ask_target

pytestmark = pytest.mark.toolchain

CHECKOUT = Path(__file__).parents[3]


def test_it_says_where_it_is_and_ends_with_the_debugger() -> None:
    command = [sys.executable, "-m", "tests.lab", "kd", "--script", "crowd"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        hello = json.loads(process.stdout.readline())
        assert len(hello["callbacks"]) == 16
        assert (Path(hello["symbols"]) / "ntkrnlmp.pdb").is_file()
        assert ask_target(hello["control"], "counts") == {}
        (operations,) = ask_target(hello["control"], "state")["operations"]
        assert operations == [{"kind": "set-value", "status": 0, "count": 0}]
        socket.create_connection(("127.0.0.1", hello["port"])).close()
        assert process.wait(timeout=600) == 0


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "tests.lab", "kd", "--port", port]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout.startswith("lab: ")
    assert done.stderr == ""


def test_a_profile_that_cannot_be_run() -> None:
    command = [sys.executable, "-m", "tests.lab", "kd", "--profile", "x86-2600"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout.startswith("lab: x86-2600 cannot be run; x64-19041, ")
    assert done.stderr == ""
