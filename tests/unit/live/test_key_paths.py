"""Keys as people write them and as callers spell them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.live.globs import KeyGlob, _joined, value_pattern
from pykd_ext.live.nearest_paths import NearestPaths
from tests.support.key_spellings import KEY, SPELLINGS, Spelling

MACHINE, USER = "\\REGISTRY\\MACHINE\\", "\\REGISTRY\\USER\\"
SID = "S-1-5-21-1004336348-1177238915-682003330-512"


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda each: f"{each.root}+{each.name}")
def test_every_spelling_of_a_key(spelling: Spelling) -> None:
    """As the example driver takes them, in test_regprotect.py."""
    path = f"{spelling.root}\\{spelling.name}"
    assert KeyGlob(KEY, subkeys=True).matches(path) is spelling.is_meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("HKLM:\\SOFTWARE\\X", MACHINE + "SOFTWARE\\X"),
        ("Registry::HKEY_LOCAL_MACHINE\\SOFTWARE\\X", MACHINE + "SOFTWARE\\X"),
        ("Microsoft.PowerShell.Core\\Registry::hklm\\SOFTWARE\\X", MACHINE + "SOFTWARE\\X"),
        ("Computer\\HKEY_LOCAL_MACHINE\\SOFTWARE\\\\X\\", MACHINE + "SOFTWARE\\X"),
        ("HKU\\.DEFAULT\\X", USER + ".DEFAULT\\X"),
        ("HKLM\\SYSTEM\\CurrentControlSet\\Services", MACHINE + "SYSTEM\\ControlSet001\\Services"),
        ("HKLM\\System\\currentcontrolset", MACHINE + "SYSTEM\\CurrentControlSet"),
        ("HKCC\\Software", MACHINE + "SYSTEM\\ControlSet001\\Hardware Profiles\\0001\\Software"),
        ("HKCU\\Software\\X", USER + SID + "\\Software\\X"),
        ("HKCU\\Software\\X", USER + ".DEFAULT\\Software\\X"),
        ("HKCU\\Software\\Classes\\X", USER + SID + "_Classes\\X"),
        (f"HKU\\{SID}\\Software\\Classes\\X", USER + SID + "_CLASSES\\X"),
        ("HKU\\<SID>_Classes\\X", USER + SID + "_Classes\\X"),
        ("HKU\\S-1-5-18\\X", USER + ".DEFAULT\\X"),
        ("HKCR\\.txt", MACHINE + "SOFTWARE\\Classes\\.txt"),
        ("HKCR\\.txt", USER + SID + "_Classes\\.txt"),
        ("HKLM\\SOFTWARE\\WOW6432Node\\Classes\\X", MACHINE + "SOFTWARE\\Classes\\Wow6432Node\\X"),
        ("HKLM\\SOFTWARE\\WOW6432Node\\X", MACHINE + "SOFTWARE\\WOW6432Node\\X"),
        ("\\REGISTRY\\WC\\*software\\X", "\\REGISTRY\\WC\\Silo1software\\X"),
        ("HKCR\\[*]\\shell", MACHINE + "SOFTWARE\\Classes\\*\\shell"),
        ("HKLM\\[[]*]", MACHINE + "[x]"),
        ("HKLM\\Größe\\ДВА", MACHINE + "gRÖßE\\два"),
    ],
)  # fmt: skip
def test_keys_that_are_meant(written: str, meant: str) -> None:
    assert KeyGlob(written).matches(meant)


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("HKCU\\X", USER + SID + "_Classes\\X"),
        ("HKCU\\X", USER + "Lab\\X"),
        ("HKLM\\SYSTEM\\CurrentControlSet\\X", MACHINE + "SYSTEM\\CurrentControlSetX\\X"),
        ("HKLM\\SYSTEM\\ControlSet001\\X", MACHINE + "SYSTEM\\ControlSet002\\X"),
        ("HKCR\\[*]\\shell", MACHINE + "SOFTWARE\\Classes\\x\\shell"),
        ("HKLM\\a[?]", MACHINE + "ab"),
        ("HKLM\\k", MACHINE + "\N{KELVIN SIGN}"),
    ],
)
def test_keys_that_are_not_meant(written: str, other: str) -> None:
    assert not KeyGlob(written).matches(other)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "no full key path"),
        ("\\", "no full key path"),
        ("SOFTWARE\\X", "start it with \\REGISTRY\\, HKLM\\"),
        ("HKLM:X", "no full key path"),
        ("HKLM/SOFTWARE/X", "parted by backslashes"),
        ("\\SOFT*\\X", "no full key path"),
        ("\\REGISTRY\\HKLM\\SOFTWARE", "below \\REGISTRY are MACHINE (HKLM), USER (HKU)"),
        ("\\REGISTRY\\M\\SOFTWARE", "can fit no key"),
        ("HKEY_PERFORMANCE_DATA\\X", "user mode makes those values up"),
        ("HKLM\\" + "x" * 256, "at most 255 characters"),
    ],
)
def test_what_can_fit_no_key_is_refused(written: str, why: str) -> None:
    with pytest.raises(ValueError, match="key") as raised:
        KeyGlob(written)
    assert why in str(raised.value)


@pytest.mark.parametrize("written", ["@", "(default)", "(Default)", ""])
def test_the_unnamed_value(written: str) -> None:
    assert value_pattern(written).fullmatch("")
    assert not value_pattern(written).fullmatch("x")


def test_a_value_whose_name_is_a_wildcard() -> None:
    assert value_pattern("[*]").fullmatch("*")
    assert not value_pattern("[*]").fullmatch("x")


def nearest(*written: str) -> tuple[NearestPaths, list[list[str]]]:
    said: list[list[str]] = []
    return NearestPaths(map(KeyGlob, written), said.append), said


def test_what_nothing_fits_is_told_with_the_nearest_keys() -> None:
    paths, said = nearest("HKLM\\SOFTWARE\\RegProtekt\\A")
    for each in ("SYSTEM\\X", "SOFTWARE\\Other", "SOFTWARE\\RegProtect", "SOFTWARE\\regprotect\\"):
        paths.see([MACHINE + each])
    paths.end()
    paths.end()
    assert said == [[MACHINE + each for each in ("SOFTWARE\\Other", "SOFTWARE\\RegProtect",
                                                 "SYSTEM\\X")]]  # fmt: skip


def test_the_nearest_of_many_are_told_after_a_while() -> None:
    paths, said = nearest("HKLM\\SOFTWARE\\X")
    for index in range(998):
        paths.see([f"{USER}{index}"])
    paths.see([MACHINE + "SOFTWARE\\Y"])
    assert said == []
    paths.see([])
    assert said[0][0] == MACHINE + "SOFTWARE\\Y"


@pytest.mark.parametrize("paths", [[], [[MACHINE + "x"], [MACHINE + "Y"]]])
def test_nothing_is_said_where_something_fits_or_nothing_was_seen(paths: list[list[str]]) -> None:
    tried, said = nearest("HKLM\\X")
    for each in paths:
        tried.see(each)
    tried.end()
    assert said == []


@pytest.mark.parametrize(
    ("pattern", "stands_for"),
    [
        ("HKLM\\SYSTEM\\CurrentControlSet\\X", (MACHINE + "SYSTEM\\ControlSet???\\X",)),
        ("HKLM\\SYSTEM\\ControlSet001\\X", ()),
        ("HKCU\\Software", ()),
    ],
)
def test_the_control_sets_that_a_pattern_stands_for(
    pattern: str, stands_for: tuple[str, ...]
) -> None:
    assert KeyGlob(pattern).control_sets == stands_for


PATTERNS = st.lists(st.sampled_from(["a", "b", "\\", "*", "**", "?", "<SID>"]), max_size=9)
TEXTS = st.text("ab\\", max_size=12) | st.text("ab1-S\\", max_size=12)


@settings(max_examples=400)
@given(pieces=PATTERNS, text=TEXTS)
def test_wildcards_are_what_they_are_one_by_one(pieces: list[str], text: str) -> None:
    meant = {"*": r"[^\\]*", "**": ".*", "?": r"[^\\]", "<SID>": "S-1-[0-9-]+"}
    plain = [meant.get(each, re.escape(each)) for each in pieces]
    found = re.fullmatch(_joined(plain), text, re.DOTALL) is not None
    assert found == (re.fullmatch("".join(plain), text, re.DOTALL) is not None)


def test_a_name_of_30000_letters_costs_nothing() -> None:
    """It would take hours, of the guard's answer or of a trace."""
    name = "A" * 30_000
    assert not KeyGlob(r"HKLM\*a*a*a*b").matches(rf"\REGISTRY\MACHINE\{name}")
    assert not KeyGlob(r"HKLM\**\a**\a**\b").matches("\\REGISTRY\\MACHINE" + r"\A" * 15_000)
    assert not KeyGlob(r"HKLM\**a*b**a*b**a*c").matches("\\REGISTRY\\MACHINE" + r"\AB" * 10_000)
    assert not KeyGlob(r"HKLM\**a*a**a*a**a*b").matches(rf"\REGISTRY\MACHINE\{name}")
    assert value_pattern("*a*a*a*b").fullmatch(name) is None
    assert value_pattern("*a*a*a").fullmatch(name)
