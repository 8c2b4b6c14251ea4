"""The tables of words against the headers that they come from, and the texts made of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pykd_ext.notify import words
from pykd_ext.notify.values import VALUE_TYPES
from tests.support.compilers import MINGW, complaints, is_number

# Newer than mingw-w64 10.0.0; from winnt.h of the Windows SDK 10.0.22621.
NEWER = {
    "REG_OPTION_DONT_VIRTUALIZE",
    "REG_LOAD_HIVE_OPEN_HANDLE",
    "REG_FLUSH_HIVE_FILE_GROWTH",
    "REG_OPEN_READ_ONLY",
    "REG_IMMUTABLE",
    "REG_NO_IMPERSONATION_FALLBACK",
    "PROCESS_TRUST_LABEL_SECURITY_INFORMATION",
    "ACCESS_FILTER_SECURITY_INFORMATION",
}

FLAGS = {
    **words.ACCESS_RIGHTS,
    **words.WOW64_FLAGS,
    **words.CREATE_OPTIONS,
    **words.DISPOSITIONS,
    **words.SAVE_FORMATS,
    **words.HIVE_FLAGS,
    **words.SECURITY_INFORMATION,
    **words.OBJECT_ATTRIBUTES,
    **VALUE_TYPES,
}
ENUMERATORS = (
    words.KEY_INFORMATION_CLASSES,
    words.KEY_VALUE_INFORMATION_CLASSES,
    words.KEY_SET_INFORMATION_CLASSES,
    words.PROCESSOR_MODES,
)


def known(names: Iterable[str]) -> set[str]:
    return set(names) - NEWER


@pytest.mark.toolchain
def test_flags_are_those_of_the_headers() -> None:
    claims = [is_number(name, FLAGS[name]) for name in known(FLAGS)]
    assert complaints(MINGW[0], ["windows.h", "winternl.h"], claims) == ""


@pytest.mark.toolchain
def test_enumerators_are_those_of_wdm_h() -> None:
    claims = [is_number(name, number) for table in ENUMERATORS for number, name in enumerate(table)]
    ends = {"MaxKeyInfoClass": 10, "MaxKeyValueInfoClass": 6, "MaxKeySetInfoClass": 7}
    claims += [is_number(name, number) for name, number in ends.items()]
    claims.append(is_number("MaximumMode", len(words.PROCESSOR_MODES)))
    assert complaints(MINGW[0], ["ddk/wdm.h"], claims) == ""


@pytest.mark.toolchain
@pytest.mark.parametrize("name", sorted(NEWER))
def test_mingw_does_not_have_these_yet(name: str) -> None:
    """When it does, the exception above can go."""
    assert complaints(MINGW[0], ["windows.h"], [is_number(name, FLAGS[name])])


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (0xF003F, "KEY_ALL_ACCESS"),
        (0xF013F, "KEY_ALL_ACCESS | KEY_WOW64_64KEY"),
        (0x20019, "KEY_READ"),
        (0x20006, "KEY_WRITE"),
        (0x2001F, "KEY_READ | KEY_WRITE"),
        (0x102, "KEY_SET_VALUE | KEY_WOW64_64KEY"),
        (0x20000, "READ_CONTROL"),
        (0x02000000, "MAXIMUM_ALLOWED"),
        (0x90000000, "GENERIC_ALL | GENERIC_READ"),
        (0x441, "KEY_QUERY_VALUE | 0x440"),
        (0, "0"),
    ],
)
def test_access_masks(mask: int, text: str) -> None:
    assert words.flags_text(mask, words.ACCESS_RIGHTS) == text


def test_no_bits_are_the_tables_word_for_it() -> None:
    assert words.flags_text(0, words.CREATE_OPTIONS) == "REG_OPTION_NON_VOLATILE"
    assert words.flags_text(5, words.CREATE_OPTIONS) == (
        "REG_OPTION_VOLATILE | REG_OPTION_BACKUP_RESTORE"
    )


def test_choices_and_classes() -> None:
    assert words.choice_text(2, words.DISPOSITIONS) == "REG_OPENED_EXISTING_KEY"
    assert words.choice_text(3, words.DISPOSITIONS) == "0x3"
    assert words.class_text(2, words.KEY_VALUE_INFORMATION_CLASSES) == "KeyValuePartialInformation"
    assert words.class_text(99, words.KEY_INFORMATION_CLASSES) == "99"
