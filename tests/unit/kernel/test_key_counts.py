"""How many subkeys and values a key has: by the flags that say what the control block keeps."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.key_control_blocks import read_key_control_block
from pykd_ext.kernel.key_counts import KeyCounts, read_key_counts
from tests.support.registry import Registry
from tests.support.registry_types import BUILDS

BLOCK = "_CM_KEY_CONTROL_BLOCK"
NO_SUBKEY, ONE, HINT, SYM_LINK, INVALID = 1, 2, 4, 8, 0x40  # ReactOS's cm.h


@pytest.fixture
def registry() -> Registry:
    return Registry("x64", 19041)


def counts(registry: Registry, **values: int) -> KeyCounts:
    target = registry.target
    name = "ValueCache" if registry.has(BLOCK, "ValueCache") else "ValueList"  # since 1903
    block = registry.block("Key", **{name: 3}, **values)
    return read_key_counts(
        target.memory, read_key_control_block(target.memory, target.build, block)
    )


@pytest.mark.parametrize(("architecture", "build"), BUILDS)
def test_what_the_flags_say(architecture: str, build: int) -> None:
    registry = Registry(architecture, build)
    hint = registry.data((7).to_bytes(4, "little"))
    for flags, place, expected in (
        (0, 5, 5), (SYM_LINK, 5, 5), (NO_SUBKEY, 5, 0), (ONE, 5, 1), (HINT, hint, 7),
        (INVALID, 5, None), (INVALID | ONE, 5, None), (HINT, 0x10, None),
    ):  # fmt: skip
        assert counts(registry, ExtFlags=flags, SubKeyCount=place) == (expected, 3)


def test_a_transaction_sees_a_key_of_its_own(registry: Registry) -> None:
    assert counts(registry, SubKeyCount=5, KCBUoWListHead=0x1000) == (None, None)


def test_a_list_that_is_empty_leads_to_itself(registry: Registry) -> None:
    block = registry.block("Key", SubKeyCount=5)
    head = block + registry.offset(BLOCK, "KCBUoWListHead")
    registry.link(head)
    memory, build = registry.target.memory, registry.target.build
    assert read_key_counts(memory, read_key_control_block(memory, build, block)) == (5, 0)
