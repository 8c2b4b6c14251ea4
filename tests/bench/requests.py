"""Issues 2, 3, 4 and 10: what is asked of a target, counted; seconds have no part in it."""

from __future__ import annotations

import json
from pathlib import Path

from pykd_ext.kernel.listing import read_listing
from pykd_ext.kernel.requestor import read_requestor
from pykd_ext.kernel.stopped_callback import read_stop
from pykd_ext.notify.notification_call import read_notification_call
from tests.engine.engine import Engine
from tests.engine.errors import EngineError
from tests.engine.live import live_target
from tests.engine.placements import MEASURED, requests_per_operation, script
from tests.lab import make_dump
from tests.support.targets import CountingTarget, open_dump

from .rows import Row, not_measured

__all__ = ["requests"]

_CALLBACKS = 16
# What of tests.engine.placements, and the most that an issue wants.
_OPERATIONS = {
    "nobody-refuses": 0, "refused": 25, "trace": 20, "other-process": 5, "other-thread": 4,
    "other-key": 12, "other-class": 0,
}  # fmt: skip
_PLAIN = Path(__file__).with_name("scripts") / "pykd_list.py"
_UNIT = "requests"


def requests(folder: Path) -> list[Row]:
    rows = [_listing(folder), _decoding(folder)]
    try:
        with Engine.running() as engine:
            return [*rows, *_operations(engine), *_verdicts(engine), *_plain(engine)]
    except (EngineError, RuntimeError) as error:
        return [*rows, not_measured(10, "requests over KD", str(error) or "the engine failed")]


def _listing(folder: Path) -> Row:
    dump = make_dump(folder / "listed.dmp", callbacks=64)
    with open_dump(dump) as opened:
        target = CountingTarget(opened)
        read_listing(target)
    count = sum(target.requests.values())
    return Row(2, "list of 64 callbacks, of a target", count, 2 * 64 + 30, _UNIT)


def _decoding(folder: Path) -> Row:
    dump = make_dump(folder / "stopped.dmp", stopped_in="RegNtPreSetValueKey")
    with open_dump(dump) as opened:
        target = CountingTarget(opened)
        stop = read_stop(target)
        target.requests.clear()
        target.memory.invalidate()
        read_notification_call(
            target, stop.notify_class, stop.information, callback=stop.callback,
            requestor=read_requestor(target),
        )  # fmt: skip
    count = sum(target.requests.values())
    return Row(3, "decoding a set value with its path, at a stop", count, 14, _UNIT)


def _operations(engine: Engine) -> list[Row]:
    return [
        Row(10, f"{MEASURED[what]}; 16 callbacks, over KD",
            round(requests_per_operation(engine, what, _CALLBACKS), 2) + 0.0, most, _UNIT)
        for what, most in _OPERATIONS.items()
    ]  # fmt: skip


def _verdicts(engine: Engine) -> list[Row]:
    each = requests_per_operation(engine, "trace-each", _CALLBACKS) / (2 * _CALLBACKS)
    ours, gc = (requests_per_operation(engine, what, 4) for what in ("trace-each", "gc"))
    return [
        Row(4, "trace --each, a verdict of 16 callbacks, over KD", each, 25, _UNIT),
        Row(4, 'trace --each of 4 callbacks, to breakpoints with "gc"', ours / gc, 1),
    ]


def _plain(engine: Engine) -> list[Row]:
    """`list`, and a plain script of pykd's, in one session."""
    rows = []
    for callbacks in (4, 64):
        with live_target(script(callbacks)) as target:
            done = target.run(engine, _PLAIN)
        if done.returncode:
            return [not_measured(14, "list over KD, to a plain pykd script", done.stderr[-200:])]
        counts = json.loads(done.stdout.splitlines()[-1])
        rows.append(
            Row(14, f"list of {callbacks} callbacks over KD, to a plain pykd typedVarList script",
                counts["regcb"] / counts["plain"],
                why=f"{counts['regcb']} to {counts['plain']} requests"),
        )  # fmt: skip
    return rows
