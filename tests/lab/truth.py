"""What was put into a dump, for tests to compare with what was read out of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["CallbackTruth", "DamageTruth", "KeyTruth", "Truth", "UnloadedTruth"]


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
    dump_type: int
    symbols: str  # the folder with the PDBs
    nt_base: int
    list_head: int  # CallbackListHead, CmpCallBackVector on XP
    module_list: int
    count: int  # CmpCallBackCount before damage
    last_cookie: int | None
    boot_time: int  # FILETIME
    callbacks: list[CallbackTruth] = field(default_factory=list)
    keys: dict[str, KeyTruth] = field(default_factory=dict)  # by their names in c/keys.c
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
        raw["unloaded"] = [UnloadedTruth(**each) for each in raw["unloaded"]]
        raw["damage"] = [DamageTruth(**each) for each in raw["damage"]]
        return cls(**raw)
