"""``regcb key``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pykd_ext.commands import key
from pykd_ext.kernel.layouts import BLOCKS
from pykd_ext.target.errors import RegcbError
from tests.lab import PROFILES
from tests.support.byte_command import run_command
from tests.support.handle_tables import entry_of, write_table
from tests.support.regcb import MakeDump, Regcb
from tests.support.registry import Registry
from tests.support.registry_types import row
from tests.support.schemas import validate

PATH = "\\REGISTRY\\MACHINE\\System"
HANDLE = 0x2C


@pytest.fixture(params=["x64", "x86"])
def registry(request: pytest.FixtureRequest) -> Registry:
    return Registry(request.param, 19041)


@pytest.fixture
def opened(registry: Registry) -> int:
    """The address of a key object that HANDLE of process 420, a.exe, stands for."""
    block = registry.block("SYSTEM", FullKCBName=registry.string(PATH), Flags=4)
    body = row("_OBJECT_HEADER", registry.target.architecture, 19041)["Body"]
    padding = registry.data(bytes(body + 8))
    address = registry.key(block)
    size = row("_CM_KEY_BODY", registry.target.architecture, 19041)["SIZE"]
    moved = (padding + 15 & ~15) + body
    registry.target.write(moved, registry.target.read(address, size))
    contexts = moved + row("_CM_KEY_BODY", registry.target.architecture, 19041)["ContextListHead"]
    registry.link(contexts)
    table = write_table(registry, HANDLE, 0, entry_of(registry, moved - body))
    registry.link_processes(registry.process(4, "System"), registry.process(420, "a.exe", table))
    return moved


def text_of(registry: Registry, *words: str) -> str:
    return run_command(key, registry.target, words)


def json_of(registry: Registry, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text_of(registry, *words, "--json"))
    validate(document)
    return document


def add_context(registry: Registry, address: int) -> int:
    """A callback's object context for the key object at ``address``; the callback's block."""
    layout = BLOCKS.layout(registry.target)
    block = registry.data(bytes(layout.size))
    altitude = "320000".encode("utf-16-le")
    string = registry.unicode_string(12, 12, registry.data(altitude))
    registry.target.write(block + layout.function, registry.word(0x8B00_1000))
    registry.target.write(
        block + layout.altitude, registry.target.read(string, 2 * registry.pointer_size)
    )
    registry.target.symbols["A_Callback"] = 0x8B00_1000
    # CMcc: two LIST_ENTRYs, the cookie, the block, the key object, the context (SOURCES 1.5).
    fields = (registry.word(block), registry.word(address), registry.word(0x77))
    context = registry.data(
        bytes(4 * registry.pointer_size) + (5).to_bytes(8, "little") + b"".join(fields)
    )
    heads = row("_CM_KEY_BODY", registry.target.architecture, 19041)["ContextListHead"]
    registry.link(address + heads, context)
    return block


def test_a_key_at_an_address(registry: Registry, opened: int) -> None:
    lines = text_of(registry, hex(opened)).splitlines()
    assert lines[0] == f"path          {PATH}"
    assert "opened by     a.exe (process 420)" in lines
    assert "              flags 0x4 (KEY_HIVE_ENTRY), cell 0x20" in lines


def test_a_key_by_its_handle(registry: Registry, opened: int) -> None:
    for process in ("420", "0x1a4"):
        document = json_of(registry, f"{HANDLE:x}", "--process", process)
        assert (document["address"], document["path"]) == (hex(opened), PATH)
        assert document["process"]["name"] == "a.exe"


def test_a_handle_of_the_process_that_the_target_is_stopped_in(
    registry: Registry, opened: int
) -> None:
    with pytest.raises(RegcbError, match="as a handle it needs its process: --process PID"):
        text_of(registry, f"{HANDLE:x}")
    registry.target.fields["_ETHREAD", "Cid"] = 8
    registry.target.registers["$thread"] = registry.data(bytes(8) + registry.word(420) + bytes(8))
    # Symbols are asked once: a target whose symbols change is another.
    fresh = Registry(registry.target.architecture, 19041)
    fresh.target.pages, fresh.target.symbols = registry.target.pages, registry.target.symbols
    fresh.target.fields = registry.target.fields
    fresh.target.registers = registry.target.registers
    assert json_of(fresh, f"{HANDLE:x}")["address"] == hex(opened)


def test_a_kernel_handle_needs_no_process() -> None:
    registry = Registry("x64", 19041)
    registry.link_processes(registry.process(4, "System"))
    with pytest.raises(RegcbError, match="handle 0xffffffff80000010 of process 4: its handle tab"):
        text_of(registry, "ffffffff`80000010")


def test_what_callbacks_remember_of_it(registry: Registry, opened: int) -> None:
    block = add_context(registry, opened)
    (context,) = json_of(registry, hex(opened))["contexts"]
    assert context["callback"] == hex(block)
    assert (context["altitude"], context["context"], context["cookie"]) == ("320000", "0x77", "0x5")
    assert context["function"] == "0x8b001000"
    assert ", altitude 320000  context " in text_of(registry, hex(opened))


def test_a_deleted_key_from_its_names(registry: Registry) -> None:
    registry.link_processes()
    address = registry.key(registry.blocks(PATH.upper().replace("M", "\x1b", 1)))
    registry.link(address + row("_CM_KEY_BODY", registry.target.architecture, 19041)[
        "ContextListHead"
    ])  # fmt: skip
    output = text_of(registry, hex(address))
    assert "\x1b" not in output
    assert "\\REGISTRY\\\\x1bACHINE\\SYSTEM\n" in output
    assert "upper-cased" in output
    assert "opened by     process 420\n" in output
    assert "! its process: no process 420" in output


LAST_WRITE = "2025-11-23T09:47:52Z"  # tests/lab/c/keys.c


@pytest.mark.parametrize("profile", PROFILES)
def test_every_key_of_a_dump(profile: str, lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump(profile)
    for name, known in truth.keys.items():
        document = regcb.json(truth, "key", hex(known.address))
        validate(document)
        assert document["path"] == known.path, name
        block = document["control_block"]
        assert block["address"] == hex(known.key_control_block)
        assert (block["ref_count"], block["last_write"]) == (2, LAST_WRITE)
        assert document["process"]["id"] == known.process_id
        assert document["process"]["name"] in ("System", "services.exe", "regedit.exe")
        doubt = "the layout of keys on arm64 is derived: nobody looked at one"
        assert document["problems"] == [doubt] * (truth.architecture == "arm64")
        lower = truth.keys["Run"].path if name == "Container" else None
        assert document["lower_path"] == lower


def test_a_containers_key_lies_over_another(registry: Registry) -> None:
    registry.link_processes()
    lower = registry.instance("_CM_KCB_LAYER_INFO", b"", Kcb=registry.blocks(PATH))
    upper = registry.instance("_CM_KCB_LAYER_INFO", b"", LowerLayer=lower)
    block = registry.block("SILO", LayerHeight=1, LayerInfo=upper)
    document = json_of(registry, hex(registry.key(block)))
    assert (document["lower_path"], document["states"]) == (PATH, ["layer 1"])
    block = registry.block("SILO", LayerHeight=1, LayerInfo=registry.missing)
    output = text_of(registry, hex(registry.key(block)))
    assert "! the key that it lies over: memory at " in output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["zz"], "no address 'zz'"),
        (["4", "--process", "x"], "no process number 'x'"),
        (["4", "--process", "7"], "no process 7"),
        (["4", "--process", "420"], "handle 0x4 of process 420"),
    ],
    ids=["address", "number", "process", "handle"],
)
def test_one_line_for_what_cannot_be(
    registry: Registry, opened: int, words: list[str], error: str
) -> None:
    assert opened
    with pytest.raises(RegcbError, match=error):
        text_of(registry, *words)


def test_what_is_no_key_is_one_line(registry: Registry) -> None:
    with pytest.raises(RegcbError, match=r"no key object at .*: Type is 0x0, not 0x6b793032"):
        text_of(registry, hex(registry.data(bytes(0x80))))
    with pytest.raises(RegcbError, match="paged out or not mapped"):
        text_of(registry, hex(registry.missing))
