"""The live commands where nothing runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import MakeDump, Regcb

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
