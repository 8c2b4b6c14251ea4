"""The lab's registry: what C laid out is what regcb reads, on every build."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext.kernel.handles import BadHandle, object_of_handle
from pykd_ext.kernel.key_objects import read_key_object
from pykd_ext.kernel.processes import find_process
from tests.lab import PROFILES, KeyTruth, Truth
from tests.support.regcb import MakeDump
from tests.support.targets import open_dump

every_build = pytest.mark.parametrize("profile", PROFILES)

VISTA = 6000  # nobody has published which bit Delete is in


def states(key: KeyTruth, build: int) -> set[str]:
    """The key's states as regcb calls them."""
    told = {
        "in no hive" if VISTA <= build < 7600 else "deleted": key.deleted,
        "hive unloaded": key.hive_unloaded,
        "virtualised": key.virtualised,
        f"layer {key.layer}": bool(key.layer),
    }
    return {state for state, is_so in told.items() if is_so}


@every_build
def test_every_key_object(profile: str, lab_dump: MakeDump) -> None:
    truth = lab_dump(profile)
    with open_dump(truth) as target:
        for name, expected in truth.keys.items():
            key = read_key_object(target, expected.address)
            assert (key.path, key.is_upper_cased) == (expected.path, expected.is_upper_cased), name
            assert key.key_control_block == expected.key_control_block, name
            assert key.process_id == expected.process_id, name
            assert set(key.states) == states(expected, truth.build), name
            assert key.problems == (), name


@every_build
def test_which_keys_there_are(profile: str, lab_dump: MakeDump) -> None:
    truth = lab_dump(profile)
    assert ("Unloaded" in truth.keys) == (truth.build >= 7600)
    assert ("Container" in truth.keys) == (truth.build >= 14393)
    assert truth.keys["Run"].is_upper_cased == (truth.build < VISTA)
    assert "\u6f22" in truth.keys["Wide"].path


@every_build
def test_every_handle(profile: str, lab_dump: MakeDump) -> None:
    truth = lab_dump(profile)
    assert len({(key.process_id, key.handle) for key in truth.keys.values()}) == len(truth.keys)
    with open_dump(truth) as target:
        for key in truth.keys.values():
            process = find_process(target, key.process_id)
            assert object_of_handle(target, process, key.handle) == key.address
            with pytest.raises(BadHandle):
                object_of_handle(target, process, key.handle + 0x200)


def test_truth_keeps_the_keys(lab_dump: MakeDump) -> None:
    truth = lab_dump()
    path = truth.path + ".json"
    truth.write(Path(path))
    assert Truth.read(Path(path)).keys == truth.keys
