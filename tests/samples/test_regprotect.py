"""The example driver: it builds, and the code that was built does what its README says.

The driver's own objects run in a process under Wine that plays the kernel (regprotect/).
Memory that the driver has no business touching is unreadable there, so a stray access fails a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.samples.regprotect.process import SUCCESS, Harness
from tests.samples.regprotect.toolchain import (
    DRIVER,
    clang_driver,
    compile_driver,
    link_driver,
    link_harness,
    run,
    tool,
)
from tests.support.key_spellings import SPELLINGS, Spelling

pytestmark = pytest.mark.toolchain

# NTSTATUS values: ntstatus.h.
DENIED = "0xc0000022"
SHARING_VIOLATION = "0xc0000043"
INVALID_PARAMETER = "0xc000000d"
PATH_SYNTAX_BAD = "0xc000003b"
INSUFFICIENT_RESOURCES = "0xc000009a"
NAME_TOO_LONG = "0xc0000106"
KEY_DELETED = "0xc000017c"
ALREADY_REGISTERED = "0xc0000718"
ALTITUDE_COLLISION = "0xc01c0011"
BYPASS = "0xc0000503"
NOT_FOUND = "0xc0000225"
PENDING = "0x00000103"

# REG_NOTIFY_CLASS: wdm.h.
DELETE_KEY, SET_VALUE, DELETE_VALUE, RENAME = 0, 1, 2, 4
CREATE, OPEN, LOAD, UNLOAD, SET_SECURITY, RESTORE, REPLACE = 26, 28, 32, 34, 38, 41, 45
CLASSES = range(51)
GUARDED = {
    DELETE_KEY,
    SET_VALUE,
    DELETE_VALUE,
    RENAME,
    CREATE,
    OPEN,
    LOAD,
    UNLOAD,
    SET_SECURITY,
    RESTORE,
    REPLACE,
}

# Access rights: winnt.h.
WRITE_RIGHTS = {
    "KEY_SET_VALUE": 0x2,
    "KEY_CREATE_SUB_KEY": 0x4,
    "KEY_CREATE_LINK": 0x20,
    "DELETE": 0x10000,
    "WRITE_DAC": 0x40000,
    "WRITE_OWNER": 0x80000,
    "MAXIMUM_ALLOWED": 0x02000000,
    "GENERIC_ALL": 0x10000000,
    "GENERIC_WRITE": 0x40000000,
    "KEY_READ and KEY_SET_VALUE": 0x20019 | 0x2,
}
READ_RIGHTS = {
    "none": 0,
    "KEY_READ": 0x20019,
    "KEY_NOTIFY": 0x10,
    "KEY_WOW64_64KEY": 0x100,
    "KEY_WOW64_32KEY": 0x200,
    "SYNCHRONIZE": 0x100000,
    "ACCESS_SYSTEM_SECURITY": 0x01000000,
    "GENERIC_EXECUTE": 0x20000000,
    "GENERIC_READ": 0x80000000,
}

MACHINE = "\\REGISTRY\\MACHINE"
RUN = MACHINE + "\\SOFTWARE\\Run"
IMPORTS = {
    "CmCallbackGetKeyObjectIDEx",
    "CmCallbackReleaseKeyObjectIDEx",
    "CmRegisterCallbackEx",
    "CmUnRegisterCallback",
    "DbgPrintEx",
    "ExAllocatePoolWithTag",
    "ExFreePoolWithTag",
    "ExGetPreviousMode",
    "RtlEqualUnicodeString",
    "RtlPrefixUnicodeString",
    "ZwClose",
    "ZwOpenKey",
    "ZwQueryValueKey",
    "memcpy",
    "memset",
}

REG_SZ, REG_DWORD, REG_MULTI_SZ = 1, 4, 7


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return compile_driver("x86_64", tmp_path_factory.mktemp("driver"))


@pytest.fixture(scope="module")
def program(objects: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link_harness(objects, tmp_path_factory.mktemp("harness"))


@pytest.fixture(scope="module")
def harness(program: Path) -> Iterator[Harness]:
    with Harness(program) as running:
        yield running


@pytest.fixture
def kernel(harness: Harness) -> Harness:
    """The kernel, with the driver's code in it and nothing registered."""
    harness.reset()
    return harness


@pytest.fixture
def guard(kernel: Harness) -> Harness:
    """The kernel, with RUN protected."""
    assert start(kernel, RUN) == SUCCESS
    return kernel


def start(kernel: Harness, *keys: str, altitude: str = "140000", status: str = DENIED) -> str:
    return kernel.ask("start", "=" + altitude, status, *("=" + key for key in keys))


def state(kernel: Harness) -> str:
    return kernel.ask("state")


def set_value(kernel: Harness, key: str) -> str:
    return kernel.ask("notify", SET_VALUE, "object==" + key)


# The build


@pytest.mark.parametrize("machine", ["x86_64", "i686"])
def test_it_builds_without_a_warning_into_a_native_image(machine: str, tmp_path: Path) -> None:
    image = link_driver(machine, compile_driver(machine, tmp_path), tmp_path)
    facts = run([tool(f"{machine}-w64-mingw32-objdump"), "-p", image])
    assert re.search(r"^Subsystem\s+00000001\s", facts, re.MULTILINE)
    assert set(re.findall(r"DLL Name: (\S+)", facts)) == {"ntoskrnl.exe"}


@pytest.mark.parametrize("machine", ["x86_64", "i686"])
def test_its_imports_are_those_that_the_readme_lists(machine: str, tmp_path: Path) -> None:
    image = link_driver(machine, compile_driver(machine, tmp_path), tmp_path)
    facts = run([tool(f"{machine}-w64-mingw32-objdump"), "-p", image])
    assert set(re.findall(r"^\s+[0-9a-f]+\s+\d+\s+(\w+)$", facts, re.MULTILINE)) == IMPORTS
    readme = (DRIVER / "README.md").read_text(encoding="utf-8")
    assert {name for name in IMPORTS if f"`{name}`" in readme} == IMPORTS


@pytest.mark.parametrize("machine", ["x86_64", "i686", "aarch64"])
def test_clang_compiles_it_without_a_warning(machine: str, tmp_path: Path) -> None:
    assert len(clang_driver(machine, tmp_path)) == len(list(DRIVER.glob("*.c")))


def test_every_function_is_pageable_or_discardable(objects: list[Path]) -> None:
    objdump = tool("x86_64-w64-mingw32-objdump")
    for path in objects:
        assert re.search(r"\.text\s+0{8}\s", run([objdump, "-h", path])), path.name


# What is asked


def test_every_class_that_changes_a_key_is_refused_and_no_other(guard: Harness) -> None:
    refused = set()
    for number in CLASSES:
        fields = ["object==" + RUN, "access=2", "new==Other"]
        answer = guard.ask("notify", number, *fields)
        assert answer in (SUCCESS, DENIED)
        if answer == DENIED:
            refused.add(number)
    assert refused == GUARDED
    assert state(guard) == "altitude=140000 pool=0 names=0 stray=0"


def test_classes_of_windows_to_come_are_let_through(guard: Harness) -> None:
    for number in (51, 52, 1000, 0x7FFFFFFF):
        assert guard.ask("notify", number, "object=null") == SUCCESS


def test_a_notification_without_information_is_let_through(guard: Harness) -> None:
    for number in GUARDED:
        assert guard.ask("notify", number) == SUCCESS


def test_kernel_callers_are_let_through(guard: Harness) -> None:
    guard.do("mode", "kernel")
    for number in GUARDED:
        fields = ["object==" + RUN, "access=2", "check=kernel", "new==Other"]
        assert guard.ask("notify", number, *fields) == SUCCESS, number


@pytest.mark.parametrize("number", [CREATE, OPEN])
def test_a_driver_that_has_its_users_access_checked_is_a_user(guard: Harness, number: int) -> None:
    fields = ["object==" + RUN, "access=2"]
    guard.do("mode", "kernel")
    assert guard.ask("notify", number, *fields, "check=user") == DENIED
    assert guard.ask("notify", number, *fields, "version=0", "complete=null") == SUCCESS
    guard.do("mode", "user")
    assert guard.ask("notify", number, *fields, "check=kernel") == SUCCESS
    assert guard.ask("notify", number, *fields, "version=0", "complete=null") == DENIED


@pytest.mark.parametrize("right", WRITE_RIGHTS)
def test_opening_to_write_is_refused(guard: Harness, right: str) -> None:
    access = f"access={WRITE_RIGHTS[right]:x}"
    assert guard.ask("notify", OPEN, "object==" + RUN, access) == DENIED
    assert guard.ask("notify", OPEN, "object==" + RUN + "Once", access) == SUCCESS


def test_opening_to_read_is_not_even_looked_at(guard: Harness) -> None:
    for right, access in READ_RIGHTS.items():
        fields = ["object=nokey", f"access={access:x}"]
        assert guard.ask("notify", OPEN, *fields) == SUCCESS, right


def test_creating_is_refused_whatever_the_access(guard: Harness) -> None:
    for access in (0, 0x20019, 2):
        fields = ["object==" + RUN, "name==New", f"access={access:x}"]
        assert guard.ask("notify", CREATE, *fields) == DENIED


# Which key


class Named(NamedTuple):
    """A way to name a key, and whether it is RUN or below."""

    fields: tuple[str, ...]
    protected: bool


CREATE_OR_OPEN_NAMES = {
    "relative to a hive": Named(("object==" + MACHINE, "name==SOFTWARE\\Run"), True),
    "relative, below": Named(("object==" + MACHINE, "name==SOFTWARE\\Run\\a\\b"), True),
    "relative, a longer name": Named(("object==" + MACHINE, "name==SOFTWARE\\RunOnce"), False),
    "relative to the key": Named(("object==" + RUN, "name==a"), True),
    "relative to its neighbour": Named(("object==" + RUN + "Once", "name==a"), False),
    "the root itself, NULL name": Named(("object==" + RUN, "name=null"), True),
    "the root itself, no buffer": Named(("object==" + RUN, "name=nobuffer"), True),
    "the root itself, zero length": Named(("object==" + RUN, "name=empty"), True),
    "another root, zero length": Named(("object==" + MACHINE, "name=empty"), False),
    "absolute: the root is \\REGISTRY": Named(
        ("object==\\REGISTRY", "complete==" + RUN, "name==MACHINE\\SOFTWARE\\Run"), True
    ),
    "the remaining name counts, not the complete one": Named(
        ("object==" + MACHINE, "complete==" + RUN, "name==SOFTWARE\\Other"), False
    ),
    "a remaining name is relative even so": Named(
        ("object==\\REGISTRY", "name==\\MACHINE\\\\SOFTWARE\\Run\\"), True
    ),
    "no root, absolute": Named(("object=null", "complete==" + RUN, "name=null"), True),
    "Vista, absolute": Named(("object==\\REGISTRY", "complete==" + RUN, "version=0"), True),
    "Vista, relative": Named(
        ("object==" + MACHINE, "complete==SOFTWARE\\Run\\a", "version=0"), True
    ),
    "Vista, zero length": Named(("object==" + RUN, "complete=empty", "version=0"), True),
    "Vista, elsewhere": Named(
        ("object==" + RUN, "complete==" + MACHINE + "\\SYSTEM", "version=0"), False
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda each: f"{each.root}+{each.name}")
def test_every_spelling_of_a_key(guard: Harness, spelling: Spelling) -> None:
    """As the debugger's patterns take them, in test_key_paths.py."""
    fields = ["access=2", f"object=={spelling.root}", f"name=={spelling.name}"]
    assert guard.ask("notify", OPEN, *fields) == (DENIED if spelling.is_meant else SUCCESS)


@pytest.mark.parametrize("number", [CREATE, OPEN])
@pytest.mark.parametrize("way", CREATE_OR_OPEN_NAMES)
def test_every_way_to_name_a_key_to_create_or_open(guard: Harness, way: str, number: int) -> None:
    named = CREATE_OR_OPEN_NAMES[way]
    answer = guard.ask("notify", number, "access=2", *named.fields)
    assert answer == (DENIED if named.protected else SUCCESS)
    assert state(guard).endswith("pool=0 names=0 stray=0")


LOAD_NAMES = {
    "absolute, no root": Named(("object=null", "name==" + RUN + "\\hive"), True),
    "absolute, elsewhere": Named(("object=null", "name==" + MACHINE + "\\hive"), False),
    "absolute, with a root": Named(("object==" + RUN, "name==" + MACHINE + "\\hive"), False),
    "relative": Named(("object==" + RUN, "name==hive"), True),
    "the root itself": Named(("object==" + RUN, "name=empty"), True),
}


@pytest.mark.parametrize("way", LOAD_NAMES)
def test_every_way_to_name_a_key_to_load(guard: Harness, way: str) -> None:
    named = LOAD_NAMES[way]
    assert guard.ask("notify", LOAD, *named.fields) == (DENIED if named.protected else SUCCESS)


@pytest.mark.parametrize(
    ("key", "protected"),
    [
        (RUN, True),
        (RUN + "\\", True),
        (RUN + "\\a\\b\\c", True),
        (RUN.lower(), True),
        (RUN.upper() + "\\A", True),
        ("\\\\REGISTRY\\\\MACHINE\\SOFTWARE\\\\\\Run", True),
        (RUN + "Once", False),
        (RUN[:-1], False),
        (MACHINE + "\\SOFTWARE", False),
        (MACHINE + "\\SOFTWARE\\WOW6432Node\\Run", False),
        ("\\REGISTRY\\A\\Run", False),
        ("\\", False),
    ],
)
def test_a_key_is_protected_with_all_below_and_nothing_beside(
    guard: Harness, key: str, protected: bool
) -> None:
    assert set_value(guard, key) == (DENIED if protected else SUCCESS)


def test_case_is_folded_as_the_kernel_folds_it(kernel: Harness) -> None:
    assert start(kernel, MACHINE + "\\Größe\\ÉTÉ\\ДВА") == SUCCESS
    assert set_value(kernel, MACHINE + "\\gRÖßE\\été\\два") == DENIED
    assert set_value(kernel, MACHINE + "\\GROSSE\\été\\два") == SUCCESS


def test_each_of_several_keys_is_protected(kernel: Harness) -> None:
    assert start(kernel, RUN, MACHINE + "\\SYSTEM\\", "\\REGISTRY\\USER\\S-1") == SUCCESS
    for key in (RUN, MACHINE + "\\SYSTEM\\Select", "\\REGISTRY\\USER\\S-1\\Console"):
        assert set_value(kernel, key) == DENIED
    assert set_value(kernel, MACHINE + "\\HARDWARE") == SUCCESS


def test_without_keys_nothing_is_protected(kernel: Harness) -> None:
    assert start(kernel) == SUCCESS
    assert set_value(kernel, RUN) == SUCCESS


def test_the_status_is_the_configured_one(kernel: Harness) -> None:
    assert start(kernel, RUN, status=SHARING_VIOLATION) == SUCCESS
    assert set_value(kernel, RUN) == SHARING_VIOLATION


def test_what_moves_a_whole_tree_is_refused_above_the_key_as_well(guard: Harness) -> None:
    above = ["object==" + MACHINE + "\\SOFTWARE", "access=2", "new==Other"]
    refused = {number for number in CLASSES if guard.ask("notify", number, *above) == DENIED}
    assert refused == {RENAME, RESTORE, REPLACE}


@pytest.mark.parametrize(
    ("key", "new", "answer"),
    [
        (RUN, "=Other", DENIED),
        (RUN + "Once", "=Run", DENIED),
        (RUN + "Once", "=rUN", DENIED),
        (RUN + "Once", "=RunTwice", SUCCESS),
        (RUN + "Once", "null", SUCCESS),
        (RUN + "Once", "nobuffer", SUCCESS),
        (RUN + "Once", "empty", SUCCESS),
    ],
)
def test_a_rename_is_judged_by_both_names(guard: Harness, key: str, new: str, answer: str) -> None:
    assert guard.ask("notify", RENAME, "object==" + key, "new=" + new) == answer
    assert state(guard).endswith("pool=0 names=0 stray=0")


# The decision alone, against another way to say the same

PARTS = st.lists(st.sampled_from(["a", "A", "b", "ab", "\\", "\\", "Ω", "ω"]), max_size=8)
PATHS = PARTS.map(lambda parts: "\\" + "".join(parts))


def components(path: str) -> list[str]:
    return [part.upper() for part in path.split("\\") if part]


@settings(max_examples=300)
@given(path=PATHS, key=PATHS, number=st.sampled_from([SET_VALUE, RENAME]))
def test_the_decision_compares_components(
    harness: Harness, path: str, key: str, number: int
) -> None:
    below = components(path)[: len(components(key))] == components(key)
    above = components(key)[: len(components(path))] == components(path)
    protected = below or (above and number == RENAME)
    answer = harness.ask("decide", number, "=" + path, "user", "0", "=" + key)
    assert answer == (DENIED if protected else SUCCESS)


# What fails


def test_a_key_whose_name_cannot_be_had_is_refused_with_the_reason(guard: Harness) -> None:
    for number in GUARDED:
        fields = ["object=!" + KEY_DELETED, "name==a", "complete==a", "access=2", "new==b"]
        assert guard.ask("notify", number, *fields) == KEY_DELETED, number
    assert guard.ask("notify", SET_VALUE, "object=nokey") == INVALID_PARAMETER
    assert state(guard).endswith("pool=0 names=0 stray=0")


@pytest.mark.parametrize("name", ["null", "nobuffer", "empty", "=relative"])
def test_neither_root_nor_absolute_name_is_refused(guard: Harness, name: str) -> None:
    fields = ["object=null", "access=2", "name=" + name, "complete=" + name]
    for number in (CREATE, OPEN, LOAD):
        assert guard.ask("notify", number, *fields) == PATH_SYNTAX_BAD
    assert guard.ask("notify", SET_VALUE, "object=null") == PATH_SYNTAX_BAD


def test_a_path_longer_than_a_unicode_string_is_refused(guard: Harness) -> None:
    # 0xFFFE bytes are the most: 32767 characters, of which the backslash between is one.
    for length, answer in ((32766 - len(MACHINE), SUCCESS), (32767 - len(MACHINE), NAME_TOO_LONG)):
        fields = ["object==" + MACHINE, "name==" + "x" * length, "access=2"]
        assert guard.ask("notify", OPEN, *fields) == answer
    for length, answer in ((32767 - len(RUN), SUCCESS), (32768 - len(RUN), NAME_TOO_LONG)):
        fields = ["object==" + RUN + "Once", "new==Run" + "x" * length]
        assert guard.ask("notify", RENAME, *fields) == answer
    assert state(guard).endswith("pool=0 names=0 stray=0")


def test_no_memory_is_no_way_around(guard: Harness) -> None:
    guard.do("failpool", 1)
    assert set_value(guard, RUN) == INSUFFICIENT_RESOURCES
    guard.do("failpool", 2)
    rename = ["object==" + RUN + "Once", "new==Run"]
    assert guard.ask("notify", RENAME, *rename) == INSUFFICIENT_RESOURCES
    assert guard.ask("notify", RENAME, *rename) == DENIED
    assert state(guard).endswith("pool=0 names=0 stray=0")


# Start and stop


def test_a_second_start_is_refused_and_changes_nothing(guard: Harness) -> None:
    assert start(guard, RUN, altitude="141000") == ALREADY_REGISTERED
    assert state(guard) == "altitude=140000 pool=0 names=0 stray=0"
    assert set_value(guard, RUN) == DENIED


def test_stop_unregisters_and_may_be_called_at_any_time(kernel: Harness) -> None:
    kernel.do("stop")
    assert start(kernel, RUN) == SUCCESS
    for _ in range(2):
        kernel.do("stop")
        assert state(kernel) == "altitude=none pool=0 names=0 stray=0"
        assert set_value(kernel, RUN) == NOT_FOUND
    assert start(kernel, RUN, altitude="140000.5") == SUCCESS
    assert state(kernel) == "altitude=140000.5 pool=0 names=0 stray=0"
    assert set_value(kernel, RUN) == DENIED


def test_a_taken_altitude_is_told_and_another_can_be_tried(kernel: Harness) -> None:
    assert kernel.ask("occupy", "=140000") == SUCCESS
    assert start(kernel, RUN) == ALTITUDE_COLLISION
    assert state(kernel) == "altitude=none pool=0 names=0 stray=0"
    assert start(kernel, RUN, altitude="140001") == SUCCESS
    kernel.do("stop")
    kernel.do("leave")
    assert start(kernel, RUN) == SUCCESS


def test_a_registration_that_is_gone_does_not_hold_the_stop(guard: Harness) -> None:
    guard.do("forget")
    guard.do("stop")
    assert state(guard) == "altitude=none pool=0 names=0 stray=1"
    assert start(guard, RUN) == SUCCESS


def test_calls_before_the_cookie_is_known_are_let_through(kernel: Harness) -> None:
    kernel.do("race", SET_VALUE, "object==" + RUN)
    assert kernel.ask("raced") == PENDING
    assert start(kernel, RUN) == SUCCESS
    assert kernel.ask("raced") == SUCCESS
    assert set_value(kernel, RUN) == DENIED


def test_calls_while_it_unregisters_are_let_through(guard: Harness) -> None:
    guard.do("race", SET_VALUE, "object==" + RUN)
    guard.do("stop")
    assert guard.ask("raced") == SUCCESS


# The whole driver, with its configuration in Wine's registry


def text(value: str) -> bytes:
    return (value + "\0").encode("utf-16-le")


def texts(*values: str) -> bytes:
    return ("".join(value + "\0" for value in values) + "\0").encode("utf-16-le")


def number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def configure(kernel: Harness, name: str, kind: int, data: bytes) -> None:
    words = [data.hex()] if data else []
    assert kernel.ask("value", "=" + name, kind, *words) == SUCCESS


def test_without_configuration_it_has_defaults(kernel: Harness) -> None:
    assert kernel.ask("load") == SUCCESS
    assert state(kernel) == "altitude=140000 pool=0 names=0 stray=0"
    assert set_value(kernel, MACHINE + "\\SOFTWARE\\RegProtect\\a") == DENIED
    assert set_value(kernel, RUN) == SUCCESS
    kernel.do("unload")
    assert state(kernel) == "altitude=none pool=0 names=0 stray=0"


def test_each_value_left_out_has_its_default(kernel: Harness) -> None:
    configure(kernel, "Status", REG_DWORD, number(0xC0000043))
    assert kernel.ask("load") == SUCCESS
    assert set_value(kernel, MACHINE + "\\SOFTWARE\\RegProtect") == SHARING_VIOLATION
    kernel.do("unload")


def test_the_configuration_is_what_it_protects_by(kernel: Harness) -> None:
    configure(kernel, "Altitude", REG_SZ, text("385201.25"))
    configure(kernel, "Status", REG_DWORD, number(0xC0000043))
    configure(kernel, "ProtectedKeys", REG_MULTI_SZ, texts(RUN, "\\Registry\\User\\S-1\\"))
    assert kernel.ask("load") == SUCCESS
    assert state(kernel).startswith("altitude=385201.25 ")
    for key in (RUN, "\\REGISTRY\\USER\\S-1\\Console"):
        assert set_value(kernel, key) == SHARING_VIOLATION
    assert set_value(kernel, MACHINE + "\\SOFTWARE\\RegProtect") == SUCCESS
    kernel.do("unload")
    assert state(kernel) == "altitude=none pool=0 names=0 stray=0"


@pytest.mark.parametrize(
    "data",
    [
        texts(RUN),
        texts(RUN)[:-2],
        texts(RUN)[:-4],
        texts(RUN) + b"\0\0" * 3,
        texts("", RUN),
        texts(RUN, "", RUN),
        texts(RUN) + b"\0",
    ],
)
def test_lists_need_not_be_ended_properly(kernel: Harness, data: bytes) -> None:
    configure(kernel, "ProtectedKeys", REG_MULTI_SZ, data)
    assert kernel.ask("load") == SUCCESS
    assert set_value(kernel, RUN) == DENIED
    assert set_value(kernel, RUN + "Once") == SUCCESS
    kernel.do("unload")
    assert state(kernel).endswith("pool=0 names=0 stray=0")


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\0\0", b"\0"])
def test_an_empty_list_protects_nothing(kernel: Harness, data: bytes) -> None:
    configure(kernel, "ProtectedKeys", REG_MULTI_SZ, data)
    assert kernel.ask("load") == SUCCESS
    assert set_value(kernel, MACHINE + "\\SOFTWARE\\RegProtect") == SUCCESS
    kernel.do("unload")
    assert state(kernel).endswith("pool=0 names=0 stray=0")


@pytest.mark.parametrize("altitude", ["140000", "140000\0\0"])
def test_an_altitude_loses_its_nuls(kernel: Harness, altitude: str) -> None:
    configure(kernel, "Altitude", REG_SZ, text(altitude))
    assert kernel.ask("load") == SUCCESS
    assert state(kernel).startswith("altitude=140000 ")
    kernel.do("unload")


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("Altitude", REG_SZ, b""),
        ("Altitude", REG_SZ, text("")),
        ("Altitude", REG_SZ, text("high")),
        ("Altitude", REG_SZ, text("-1")),
        ("Altitude", REG_SZ, text(".5")),
        ("Altitude", REG_SZ, text("1.2.3")),
        ("Altitude", REG_SZ, text("14\x000000")),
        ("Altitude", REG_SZ, text("1" * 0x8001)),
        ("Altitude", REG_DWORD, number(140000)),
        ("Status", REG_DWORD, number(0)),
        ("Status", REG_DWORD, number(0x40000000)),
        ("Status", REG_DWORD, number(int(BYPASS, 16))),
        ("Status", REG_DWORD, b"\x22\0"),
        ("Status", REG_SZ, text("0xC0000022")),
        ("ProtectedKeys", REG_SZ, text(RUN)),
        ("ProtectedKeys", REG_MULTI_SZ, texts("HKLM\\SOFTWARE\\Run")),
        ("ProtectedKeys", REG_MULTI_SZ, texts(RUN, "SOFTWARE\\Run")),
        ("ProtectedKeys", REG_MULTI_SZ, texts("\\REGISTRY")),
        ("ProtectedKeys", REG_MULTI_SZ, texts("\\REGISTRY\\\\")),
        ("ProtectedKeys", REG_MULTI_SZ, texts(RUN + "\\" + "x" * 0x8000)),
    ],
)
def test_a_value_that_makes_no_sense_keeps_it_from_loading(
    kernel: Harness, name: str, kind: int, data: bytes
) -> None:
    configure(kernel, name, kind, data)
    assert kernel.ask("load") == INVALID_PARAMETER
    assert state(kernel) == "altitude=none pool=0 names=0 stray=0"


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_no_memory_keeps_it_from_loading(kernel: Harness, failing: int) -> None:
    configure(kernel, "Altitude", REG_SZ, text("140000"))
    configure(kernel, "Status", REG_DWORD, number(0xC0000043))
    configure(kernel, "ProtectedKeys", REG_MULTI_SZ, texts(RUN))
    kernel.do("failpool", failing)
    assert kernel.ask("load") == INSUFFICIENT_RESOURCES
    assert state(kernel) == "altitude=none pool=0 names=0 stray=0"
    assert kernel.ask("load") == SUCCESS
    kernel.do("unload")


def test_a_taken_altitude_keeps_it_from_loading(kernel: Harness) -> None:
    configure(kernel, "ProtectedKeys", REG_MULTI_SZ, texts(RUN))
    assert kernel.ask("occupy", "=140000") == SUCCESS
    assert kernel.ask("load") == ALTITUDE_COLLISION
    assert state(kernel) == "altitude=none pool=0 names=0 stray=0"
