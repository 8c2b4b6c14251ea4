"""Scripts to play with, and to test against: ``python -m tests.lab kd --script NAME``."""

from __future__ import annotations

from .recorded import recorded_script
from .script import (
    KEY_READ,
    KEY_SET_VALUE,
    LAB_DRIVERS,
    PROTECTED_KEY,
    Act,
    Actor,
    Operation,
    Script,
    Work,
)

__all__ = ["DEFAULT_SCRIPT", "SCRIPTS"]

_PRE_SET, _POST_SET, _PRE_CREATE = 1, 16, 26  # REG_NOTIFY_CLASS
_SOFTWARE = "\\REGISTRY\\MACHINE\\SOFTWARE"
_EXAMPLE = f"{_SOFTWARE}\\Example"
_STAGE = (*LAB_DRIVERS, "stage.sys")

_CREATE = Operation("create", _SOFTWARE, "Example\\Settings", access=KEY_SET_VALUE)
_SET_VOLUME = Operation("set-value", _EXAMPLE, "Volume", b"\x2a\0\0\0")
_SET_ANSWER = Operation("set-value", PROTECTED_KEY, "Answer", b"\x2a\0\0\0")


def _regedit(*operations: Operation) -> Work:
    return Work("regedit.exe", 0x1A3C, 0x1A40, operations)


def _service(*operations: Operation, processor: int = 0) -> Work:
    return Work("services.exe", 0x2AC, 0x2B0, operations, processor=processor)


DEFAULT_SCRIPT = Script(
    (
        _regedit(
            _CREATE,
            _SET_VOLUME,
            Operation("open", _SOFTWARE, "RegProtect", access=KEY_READ),
            Operation("open", _SOFTWARE, "RegProtect", access=KEY_SET_VALUE),
            _SET_ANSWER,
        ),
    )
)

# 16 callbacks for every operation: the four of the other drivers, and 12 that do nothing.
_CROWD = Script(
    (_regedit(_SET_VOLUME),),
    _STAGE,
    tuple(Actor(str(200000 + 10 * number)) for number in range(12)),
)

# Two processes on two processors, each of them waiting in the same callback.
_PROCESSORS = Script(
    (_regedit(_SET_VOLUME), _service(_CREATE, processor=1)),
    _STAGE,
    (Actor("200000", (Act("yield", _PRE_SET), Act("yield", _PRE_CREATE))),),
    processors=2,
)

# Two processors, and what one does while the other takes a step for the debugger.
_RUNNING_ON = Script((_regedit(_SET_VOLUME), _service(_SET_VOLUME, processor=1)), processors=2,
                     runs_on=True)  # fmt: skip

# A callback that asks the registry itself, one below it that does so too, and an APC.
_NESTED = Script(
    (_regedit(_SET_VOLUME),),
    _STAGE,
    (
        Actor("200020", (Act("perform", _PRE_SET, operations=(_CREATE,)),)),
        Actor("200010", (Act("perform", _PRE_CREATE, operations=(_SET_VOLUME,)),)),
        Actor("200000", (Act("apc", _PRE_SET, operations=(_CREATE,)),)),
    ),
)

# regprotect refuses, and a callback above it turns the refusal into success.
_OVERRULED = Script(
    (_regedit(_SET_ANSWER),), _STAGE, (Actor("200000", (Act("overrule", _POST_SET),)),)
)

# Callbacks come and go between operations, and a driver with them.
_COMING_AND_GOING = Script(
    (
        _regedit(
            _SET_VOLUME,
            Operation("register-callback", actor=1),
            _SET_VOLUME,
            Operation("unregister-callback", actor=1),
            Operation("unload-driver", name="netmon.sys"),
            _SET_VOLUME,
            Operation("load-driver", name="netmon.sys"),
        ),
    ),
    _STAGE,
    (Actor("200000"), Actor("200010", at_load=False)),
)

# The first thread ends in the callback that it is in; the second goes on.
_DYING = Script(
    (_regedit(_SET_VOLUME), _service(_SET_VOLUME)),
    _STAGE,
    (Actor("200000", (Act("end-thread", _PRE_SET, times=1),)),),
)

SCRIPTS = {
    "default": DEFAULT_SCRIPT,
    "crowd": _CROWD,
    "processors": _PROCESSORS,
    "running-on": _RUNNING_ON,
    "nested": _NESTED,
    "overruled": _OVERRULED,
    "coming-and-going": _COMING_AND_GOING,
    "dying": _DYING,
    "guarded": DEFAULT_SCRIPT._replace(shape="guarded"),
    "devirtualised": DEFAULT_SCRIPT._replace(shape="devirtualised"),
    "cold": DEFAULT_SCRIPT._replace(shape="cold"),
    "recorded": recorded_script(),
}
