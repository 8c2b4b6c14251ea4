"""What volatility3 shows of each dump of the table in pykd_ext/triage/README.md.

``python -m tests.bench.techniques`` writes techniques.json, from which
tests/unit/triage/test_check.py makes the table's last column.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.lab import Truth, make_dump
from tests.support.techniques import CLEAN, TECHNIQUES

from .rivals import volatility

__all__ = ["SHOWN"]

SHOWN = Path(__file__).with_name("techniques.json")
_CALLBACKS = 4


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = make_dump(folder / "sound.dmp", callbacks=_CALLBACKS)
        command = volatility(sound, folder)
        known = _callbacks(command, sound)
        assert known is not None and len(known) == _CALLBACKS
        shown = {}
        for damage in [*TECHNIQUES, *CLEAN]:
            truth = make_dump(folder / "a.dmp", callbacks=_CALLBACKS, damage=(damage,))
            shown[damage] = _compared(known, _callbacks(command, truth))
    SHOWN.write_text(json.dumps(shown, indent=2) + "\n", "utf-8")


def _callbacks(command: list[str], truth: Truth) -> list[Any] | None:
    """What it says of each registry callback; None when it fails."""
    own = [truth.path if word.endswith("sound.dmp") else word for word in command]
    done = subprocess.run(
        [own[0], "-r", "json", *own[1:]], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        return None
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return [
        (row["Callback"], row["Module"], row["Symbol"], row["Detail"])
        for row in rows
        if row["Type"].startswith("CmRegisterCallback")
    ]


def _compared(known: list[Any], shown: list[Any] | None) -> str:
    if shown is None:
        return "fails"
    if shown == known:
        return "the list, as if nothing were"
    if not shown:
        return "no callback"
    if len(shown) < len(known):
        return f"{len(shown)} of {len(known)} callbacks"
    if len(shown) > len(known):
        return f"{len(shown)} callbacks instead of {len(known)}"
    return "the list, with the changed callback as it is"


if __name__ == "__main__":
    main()
