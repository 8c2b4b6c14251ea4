"""What decoding costs, in target requests: over KD each is a round trip."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pykd_ext.kernel.requestor import read_requestor
from pykd_ext.notify.notification_call import read_notification_call
from pykd_ext.target.memory import PAGE, Memory
from tests.support.byte_target import ByteTarget
from tests.support.registry import Registry

PATH = "\\REGISTRY\\MACHINE\\System\\Select"

# What a PDB would say: Cid and the rest on two pages, as in a thread that crosses one.
TYPES = {
    ("_KTHREAD", "Process"): 0x20,
    ("_KTHREAD", "PreviousMode"): 0x32,
    ("_ETHREAD", "Cid"): PAGE,
    ("_EPROCESS", "ImageFileName"): 0x5A8,
}


class Counting(ByteTarget):
    """Counts the requests that would reach a debugger's engine, by kind."""

    def __init__(self, other: ByteTarget) -> None:
        super().__init__(other.architecture)
        self.__dict__.update(other.__dict__)
        self.memory = Memory(self)
        self.requests: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in ("read", "symbol", "nearest_symbol", "field_offset", "current_thread"):
            self.requests[name] += 1
        return super().__getattribute__(name)


class Spread(Registry):
    """Everything on a page of its own: the worst that can be."""

    def data(self, data: bytes) -> int:
        self._next = (self._next | PAGE - 1) + 1
        return super().data(data)


@pytest.fixture(params=["x64", "x86"])
def registry(request: pytest.FixtureRequest) -> Registry:
    return Spread(request.param, 19041)


def set_value(registry: Registry) -> int:
    return registry.structure(
        "REG_SET_VALUE_KEY_INFORMATION",
        Object=registry.key(registry.block("SELECT", FullKCBName=registry.string(PATH))),
        ValueName=registry.string("Current"),
        Type=4,
        Data=registry.number(1),
        DataSize=4,
    )


def test_a_set_value_with_all_that_is_known_about_it(registry: Registry) -> None:
    address = set_value(registry)
    process = registry.process(420, "a.exe")
    client_id = registry.word(420) + registry.word(428)
    thread = registry.data(bytes(PAGE) + client_id)
    registry.target.write(thread + 0x20, registry.word(process))
    registry.target.registers["$thread"] = thread
    registry.target.fields = TYPES
    target = Counting(registry.target)
    for types_to_ask in (5, 0):  # symbols are asked once
        target.requests.clear()
        target.memory.invalidate()
        found = read_notification_call(target, 1, address, requestor=read_requestor(target))
        assert found.problems == ()
        assert found.notification.keys[0].path == PATH
        assert target.requests.pop("field_offset", 0) == types_to_ask
        assert sum(target.requests.values()) <= 14, target.requests


def test_a_key_is_read_once_however_often_it_is_named(registry: Registry) -> None:
    address = set_value(registry)
    post = registry.structure(
        "REG_POST_OPERATION_INFORMATION",
        Object=int.from_bytes(registry.target.read(address, registry.pointer_size), "little"),
        PreInformation=address,
    )
    target = Counting(registry.target)
    read_notification_call(target, 16, post)
    first = target.requests["read"]
    read_notification_call(target, 16, post)
    assert target.requests["read"] == first  # until it runs again
    assert first <= 9
