"""Key objects: the full path, and what is wrong with a key."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.key_layouts import HCELL_NIL
from pykd_ext.kernel.key_objects import KeyObject, NotAKey, read_key_object
from tests.support.byte_target import CountingByteTarget
from tests.support.registry import Registry
from tests.support.registry_types import BUILDS

UPPER, PATH = "\\REGISTRY\\MACHINE\\SYSTEM", "\\REGISTRY\\MACHINE\\System"
HIVE_ENTRY, VIRT_TARGET = 4, 0x100

WITH_LAYERS = [("x64", 14393), ("x64", 19041), ("x86", 19041)]

every_build = pytest.mark.parametrize(("architecture", "build"), BUILDS)


@pytest.fixture
def registry() -> Registry:
    return Registry("x64", 19041)


def read(registry: Registry, key: int) -> KeyObject:
    return read_key_object(registry.target, key)


@every_build
def test_name_blocks_give_the_path(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    block = registry.blocks(UPPER)
    key = read(registry, registry.key(block))
    assert (key.path, key.is_upper_cased) == (UPPER, True)
    assert (key.key_control_block, key.process_id) == (block, 0x1A4)
    assert (key.states, key.problems) == ((), ())


@every_build
def test_the_cached_name_has_the_true_case(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    if not registry.has("_CM_KEY_CONTROL_BLOCK", "FullKCBName"):
        assert build < 6000
        return
    block = registry.block("SYSTEM", FullKCBName=registry.string(PATH))
    key = read(registry, registry.key(block))
    assert (key.path, key.is_upper_cased) == (PATH, False)


@every_build
def test_a_hives_root_has_a_name_of_its_own_since_1607(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    root = registry.block("ROOT", registry.blocks(UPPER), Flags=HIVE_ENTRY)
    key = registry.key(registry.block("SELECT", root))
    skipped = build >= 14393
    assert read(registry, key).path == UPPER + ("" if skipped else "\\ROOT") + "\\SELECT"


def test_the_first_key_of_all_is_a_hives_root_and_has_a_name(registry: Registry) -> None:
    block = registry.block("REGISTRY", Flags=HIVE_ENTRY)
    assert read(registry, registry.key(block)).path == "\\REGISTRY"


def test_wide_names(registry: Registry) -> None:
    path = "\\REGISTRY\\USER\\\u0416\u6f22\U0001f511\ud800"
    assert read(registry, registry.key(registry.blocks(path))).path == path


@pytest.mark.parametrize(
    ("cached", "path"),
    [
        (PATH, PATH),  # renamed and back, or only marked: the names agree
        ("\\REGISTRY\\MACHINE\\Old", UPPER),
    ],
    ids=["agrees", "old"],
)
def test_a_stale_cached_name_is_held_against_the_name_blocks(
    registry: Registry, cached: str, path: str
) -> None:
    parent = registry.blocks("\\REGISTRY\\MACHINE")
    block = registry.block("SYSTEM", parent, FullKCBName=registry.string(cached) | 1)
    assert read(registry, registry.key(block)).path == path


def test_a_stale_name_is_better_than_none(registry: Registry) -> None:
    block = registry.block("A", registry.missing, FullKCBName=registry.string(PATH) | 1)
    key = read(registry, registry.key(block))
    assert key.path == PATH
    assert key.problems[0].startswith("a name from before a rename")


def test_an_unreadable_cached_name_costs_only_the_case(registry: Registry) -> None:
    parent = registry.blocks("\\REGISTRY\\MACHINE")
    block = registry.block("SYSTEM", parent, FullKCBName=registry.missing)
    assert read(registry, registry.key(block)).path == UPPER


@pytest.mark.parametrize(
    ("architecture", "build", "bits", "states"),
    [
        ("x86", 2600, 1 << 9, ("deleted",)),
        ("x64", 7601, 1 << 17 | 1 << 18, ("deleted", "hive unloaded")),
        ("x64", 14393, 1 << 17, ("deleted",)),
        ("x64", 19041, 1 << 16 | 1 << 19, ("freed", "decommissioned")),
        ("x86", 19041, 1 << 17, ("deleted",)),
    ],
)
def test_states_of_a_control_block(
    architecture: str, build: int, bits: int, states: tuple[str, ...]
) -> None:
    registry = Registry(architecture, build)
    block = registry.block("A", ExtFlags=bits)
    assert read(registry, registry.key(block)).states == states


def test_more_states(registry: Registry) -> None:
    block = registry.block("A", KeyCell=HCELL_NIL, LayerHeight=2, Flags=VIRT_TARGET)
    states = read(registry, registry.key(block | 1, Flags=0b1001)).states
    assert states == (
        "in no hive", "layer 2", "virtualised", "being created", "hive unloaded", "deleted",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "build"), [("x64", 14393), ("x64", 19041), ("x86", 19041)]
)
def test_a_key_that_a_container_has_deleted(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    block = registry.block("A", LayerHeight=1, LayerSemantics=1)
    assert read(registry, registry.key(block)).states == ("layer 1", "tombstone")


def test_what_is_no_key(registry: Registry) -> None:
    key = registry.key(registry.blocks(UPPER), Type=0x6B793031)
    with pytest.raises(NotAKey, match="Type is 0x6b793031, not 0x6b793032"):
        read(registry, key)
    with pytest.raises(NotAKey, match="paged out or not mapped"):
        read(registry, registry.missing)


def test_a_loop_of_parents_is_told(registry: Registry) -> None:
    child = registry.block("A")
    parent = registry.block("B", child)
    offsets = {"x64": 0x48}
    registry.target.write(child + offsets["x64"], registry.word(parent))
    key = read(registry, registry.key(child))
    assert key.path is None
    assert "form a loop" in key.problems[0]


def test_more_parents_than_a_key_can_have(registry: Registry) -> None:
    block = 0
    for _ in range(1100):
        block = registry.block("A", block)
    key = read(registry, registry.key(block))
    assert (key.path, len(key.problems)) == (None, 1)


def test_names_longer_than_a_path_can_be(registry: Registry) -> None:
    block = 0
    for _ in range(40):
        block = registry.block("A" * 2000, block)
    key = read(registry, registry.key(block))
    assert "too long" in key.problems[0]


def test_a_missing_control_block_costs_the_path(registry: Registry) -> None:
    key = read(registry, registry.key(registry.missing))
    assert (key.path, key.process_id) == (None, 0x1A4)
    assert key.problems[0].startswith("its key control block: memory at ")


def test_a_cached_name_takes_few_requests(registry: Registry) -> None:
    block = registry.block("SYSTEM", FullKCBName=registry.string(PATH))
    key = registry.key(block)
    target = CountingByteTarget("x64")
    target.pages = registry.target.pages
    assert read_key_object(target, key).path == PATH
    assert target.reads <= 4
