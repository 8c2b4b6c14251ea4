"""What placements of breakpoints cost: the table in pykd_ext/live/__init__.py.

``python -m tests.engine.placements`` prints it anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.lab.kd.script import PROTECTED_KEY, Actor, Operation, Script, Work
from tests.lab.kd.scripts import DEFAULT_SCRIPT, SCRIPTS

from .engine import INSIDE, Engine
from .live import live_target
from .measured import OPERATIONS, TIMES

__all__ = ["MEASURED", "requests_per_operation", "script"]

_EXAMPLE = "\\REGISTRY\\MACHINE\\SOFTWARE\\Example"
_SET = Operation("set-value", _EXAMPLE, "Volume", bytes(4))
_WORK = (Work("regedit.exe", 0x1A3C, 0x1A40, (_SET,)),)
_SCRIPTS: dict[int, Script] = {
    1: DEFAULT_SCRIPT._replace(work=_WORK, drivers=("regprotect.sys",)),
    4: DEFAULT_SCRIPT._replace(work=_WORK),
    16: SCRIPTS["crowd"]._replace(work=_WORK),
    64: SCRIPTS["crowd"]._replace(
        work=_WORK, actors=tuple(Actor(str(200000 + 10 * number)) for number in range(60))
    ),
}
MEASURED = {
    "gc": 'breakpoints with "gc" at each callback, returns unseen',
    "entries": "at each callback, and where it returns to",
    "entries-once": "at each callback, and for once where it returns to",
    "pair": "a pair around the call",
    "pair-hardware": "the same pair, hardware",
    "behind": "one behind the call",
    "behind-hardware": "the same one, hardware",
    "trace-each": "`regcb trace --each`: one behind the call, all that it reads",
    "stop": "`regcb who-blocks --stop`, one that nobody refuses",
    "trace": "`regcb trace`: where it forks and ends, all that it reads",
    "own-class": "`regcb trace --class`, one of the class",
    "other-key": "`regcb trace --key`, one of another key",
    "other-process": "`regcb trace --process`, one of another process",
    "other-thread": "`regcb trace --thread`, one of another thread",
    "other-class": "`regcb trace --class`, one of another class",
    "refused": "`regcb trace --only-blocked`, an operation that is refused",
    "nobody-refuses": "`regcb who-blocks`, one that nobody refuses",
}
_REFUSED = Operation("set-value", PROTECTED_KEY, "Answer", bytes(4))
# Of what passes by: what ends the run.
_ASKED_FOR = {
    "stop": _REFUSED,
    "other-key": _SET._replace(key=f"{_EXAMPLE}\\Settings"),
    "other-process": _SET,
    "other-thread": _SET,
    "other-class": Operation("query-key", _EXAMPLE),
    "nobody-refuses": _REFUSED,
}


def script(callbacks: int) -> Script:
    """A machine with 1, 4, 16 or 64 callbacks in which one value is set again and again."""
    return _SCRIPTS[callbacks]


def requests_per_operation(
    engine: Engine, variant: str, callbacks: int, processors: int = 1
) -> float:
    """KD requests for one operation that all callbacks hear of before and after."""
    chosen = script(callbacks)._replace(processors=processors)
    if variant == "refused":
        chosen = chosen._replace(work=(_WORK[0]._replace(operations=(_REFUSED,)),))
    if variant in _ASKED_FOR:
        every = 1 if variant == "stop" else OPERATIONS  # 11,393 requests for one
        chosen = chosen._replace(work=(*_WORK, _now_and_then(_ASKED_FOR[variant], every)))
    with live_target(chosen) as target:
        done = target.run(engine, INSIDE / "placements.py", variant)
    if done.returncode:
        raise RuntimeError(f"status {done.returncode}: {done.stdout}{done.stderr}")
    found: float = json.loads(done.stdout.splitlines()[-1])
    return found


def _now_and_then(operation: Operation, every: int) -> Work:
    """Another process, whose turn is after each operation of the first one. It does nothing that a
    callback hears of until there were as many of those as a run takes."""
    turns = [
        each
        for times in TIMES
        for each in (*[Operation("print", name="not yet")] * times * every, operation)
    ]
    return Work("services.exe", 0x2AC, 0x2B0, tuple(turns))


def _table(engine: Engine) -> str:
    lines = ["| breakpoints | 1 callback | 4 | 16 | 64 | 16, on two processors |", "|---" * 6 + "|"]
    for variant, what in MEASURED.items():
        cells = []
        for callbacks, processors in (*((each, 1) for each in _SCRIPTS), (16, 2)):
            requests = requests_per_operation(engine, variant, callbacks, processors)
            cells.append(f"{abs(requests):.1f} ({abs(requests) / (2 * callbacks):.1f})")
        lines.append(f"| {what} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[2])
    with Engine.running() as running:
        print(_table(running))
