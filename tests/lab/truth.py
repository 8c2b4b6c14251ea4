"""What was put into a dump, for tests to compare with what was read out of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "CallbackTruth",
    "DamageTruth",
    "KeyTruth",
    "MemberTruth",
    "NotificationTruth",
    "StopTruth",
    "Truth",
    "UnloadedTruth",
]


@dataclass(frozen=True)
class CallbackTruth:
    """One callback as the kernel had it before any damage. Addresses are VAs."""

    address: int
    altitude: str | None  # None: XP has none
    altitude_buffer: int
    function: int
    function_name: str
    owner: str  # the file name
    owner_path: str
    owner_base: int
    owner_size: int
    context: int
    cookie: int
    registration: int  # ordinal since boot
    active_uses: int
    internal: bool
    object_contexts: int
    slot: int | None  # in CmpCallBackVector


@dataclass(frozen=True)
class KeyTruth:
    """One key object. Addresses are VAs; ``address`` is the CM_KEY_BODY's.

    ``path`` is the one to be shown: upper-cased where the kernel has name blocks alone.
    """

    address: int
    key_control_block: int
    path: str
    is_upper_cased: bool
    process_id: int
    deleted: bool
    hive_unloaded: bool
    virtualised: bool  # UAC's copy of another key
    layer: int  # LayerHeight
    handle: int = 0  # of the process ``process_id``


@dataclass(frozen=True)
class MemberTruth:
    """A member that C gave a value; ``text`` is a UNICODE_STRING's. Offset and size in bytes."""

    name: str
    offset: int
    size: int
    value: int  # unsigned
    text: str | None


@dataclass(frozen=True)
class NotificationTruth:
    """A REG_*_INFORMATION at the VA ``address``; members that are not named are 0.

    ``data`` is a set value's, in hexadecimal; ``pre`` what PreInformation leads to.
    """

    name: str
    number: int
    structure: str
    address: int
    members: list[MemberTruth]
    data: str | None
    pre: NotificationTruth | None

    @classmethod
    def of(cls, raw: dict[str, Any]) -> NotificationTruth:
        """From what :func:`asdict` makes of it."""
        members = [MemberTruth(**each) for each in raw["members"]]
        pre = cls.of(raw["pre"]) if raw["pre"] else None
        return cls(**{**raw, "members": members, "pre": pre})


@dataclass(frozen=True)
class StopTruth:
    """The call that the current thread is stopped in.

    ``callback`` is the index of the one that was called, ``argument`` its Argument2: the
    notification's address, or the extended argument's for an internal callback.
    """

    notification: NotificationTruth
    callback: int
    argument: int
    process_id: int
    thread_id: int


@dataclass(frozen=True)
class UnloadedTruth:
    """One driver in MmUnloadedDrivers."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class DamageTruth:
    """One damage: its name, and the callback (by index) or VA that it was done to."""

    name: str
    index: int | None = None
    address: int | None = None


@dataclass(frozen=True)
class Truth:
    """Everything about one dump. ``callbacks`` is in calling order."""

    path: str
    profile: str
    architecture: str
    build: int
    dump_type: int | str
    symbols: str  # the folder with the PDBs
    nt_base: int
    list_head: int  # CallbackListHead, CmpCallBackVector on XP
    module_list: int
    count: int  # CmpCallBackCount before damage
    last_cookie: int | None
    boot_time: int  # FILETIME
    callbacks: list[CallbackTruth] = field(default_factory=list)
    keys: dict[str, KeyTruth] = field(default_factory=dict)  # by their names in c/keys.c
    stop: StopTruth | None = None
    unloaded: list[UnloadedTruth] = field(default_factory=list)
    damage: list[DamageTruth] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Writes it as JSON; numbers stay numbers."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Truth:
        """What :meth:`write` wrote."""
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        raw["callbacks"] = [CallbackTruth(**each) for each in raw["callbacks"]]
        raw["keys"] = {name: KeyTruth(**each) for name, each in raw["keys"].items()}
        if raw["stop"]:
            notification = NotificationTruth.of(raw["stop"]["notification"])
            raw["stop"] = StopTruth(**{**raw["stop"], "notification": notification})
        raw["unloaded"] = [UnloadedTruth(**each) for each in raw["unloaded"]]
        raw["damage"] = [DamageTruth(**each) for each in raw["damage"]]
        return cls(**raw)
