"""The numbers of the registry's interface as the words that its headers have for them.

Names and values: winnt.h and wdm.h. What mingw-w64 10.0.0 does not have yet is marked with where
it comes from; the tests hold every table to those headers through a compiler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = [
    "ACCESS_RIGHTS",
    "CREATE_OPTIONS",
    "DISPOSITIONS",
    "HIVE_FLAGS",
    "KEY_INFORMATION_CLASSES",
    "KEY_SET_INFORMATION_CLASSES",
    "KEY_VALUE_INFORMATION_CLASSES",
    "OBJECT_ATTRIBUTES",
    "PROCESSOR_MODES",
    "SAVE_FORMATS",
    "SECURITY_INFORMATION",
    "WOW64_FLAGS",
    "choice_text",
    "class_text",
    "flag_words",
    "flags_text",
]

# Combined rights come first: a mask is read from the top.
ACCESS_RIGHTS = {
    "KEY_ALL_ACCESS": 0x000F_003F,
    "KEY_READ": 0x0002_0019,
    "KEY_WRITE": 0x0002_0006,
    "KEY_QUERY_VALUE": 0x0001,
    "KEY_SET_VALUE": 0x0002,
    "KEY_CREATE_SUB_KEY": 0x0004,
    "KEY_ENUMERATE_SUB_KEYS": 0x0008,
    "KEY_NOTIFY": 0x0010,
    "KEY_CREATE_LINK": 0x0020,
    "KEY_WOW64_64KEY": 0x0100,
    "KEY_WOW64_32KEY": 0x0200,
    "DELETE": 0x0001_0000,
    "READ_CONTROL": 0x0002_0000,
    "WRITE_DAC": 0x0004_0000,
    "WRITE_OWNER": 0x0008_0000,
    "SYNCHRONIZE": 0x0010_0000,
    "ACCESS_SYSTEM_SECURITY": 0x0100_0000,
    "MAXIMUM_ALLOWED": 0x0200_0000,
    "GENERIC_ALL": 0x1000_0000,
    "GENERIC_EXECUTE": 0x2000_0000,
    "GENERIC_WRITE": 0x4000_0000,
    "GENERIC_READ": 0x8000_0000,
}

WOW64_FLAGS = {"KEY_WOW64_64KEY": 0x0100, "KEY_WOW64_32KEY": 0x0200}

CREATE_OPTIONS = {
    "REG_OPTION_NON_VOLATILE": 0x00,
    "REG_OPTION_VOLATILE": 0x01,
    "REG_OPTION_CREATE_LINK": 0x02,
    "REG_OPTION_BACKUP_RESTORE": 0x04,
    "REG_OPTION_OPEN_LINK": 0x08,
    "REG_OPTION_DONT_VIRTUALIZE": 0x10,  # winnt.h, Windows SDK 22621
}

DISPOSITIONS = {"REG_CREATED_NEW_KEY": 1, "REG_OPENED_EXISTING_KEY": 2}

SAVE_FORMATS = {"REG_STANDARD_FORMAT": 1, "REG_LATEST_FORMAT": 2, "REG_NO_COMPRESSION": 4}

# "Key restore & hive load flags"
HIVE_FLAGS = {
    "REG_WHOLE_HIVE_VOLATILE": 0x0001,
    "REG_REFRESH_HIVE": 0x0002,
    "REG_NO_LAZY_FLUSH": 0x0004,
    "REG_FORCE_RESTORE": 0x0008,
    "REG_APP_HIVE": 0x0010,
    "REG_PROCESS_PRIVATE": 0x0020,
    "REG_START_JOURNAL": 0x0040,
    "REG_HIVE_EXACT_FILE_GROWTH": 0x0080,
    "REG_HIVE_NO_RM": 0x0100,
    "REG_HIVE_SINGLE_LOG": 0x0200,
    "REG_BOOT_HIVE": 0x0400,
    # from here on: winnt.h, Windows SDK 22621
    "REG_LOAD_HIVE_OPEN_HANDLE": 0x0800,
    "REG_FLUSH_HIVE_FILE_GROWTH": 0x1000,
    "REG_OPEN_READ_ONLY": 0x2000,
    "REG_IMMUTABLE": 0x4000,
    "REG_NO_IMPERSONATION_FALLBACK": 0x8000,
}

SECURITY_INFORMATION = {
    "OWNER_SECURITY_INFORMATION": 0x0001,
    "GROUP_SECURITY_INFORMATION": 0x0002,
    "DACL_SECURITY_INFORMATION": 0x0004,
    "SACL_SECURITY_INFORMATION": 0x0008,
    "LABEL_SECURITY_INFORMATION": 0x0010,
    "ATTRIBUTE_SECURITY_INFORMATION": 0x0020,
    "SCOPE_SECURITY_INFORMATION": 0x0040,
    "PROCESS_TRUST_LABEL_SECURITY_INFORMATION": 0x0080,  # winnt.h, Windows SDK 22621
    "ACCESS_FILTER_SECURITY_INFORMATION": 0x0100,  # winnt.h, Windows SDK 22621
    "BACKUP_SECURITY_INFORMATION": 0x0001_0000,
    "UNPROTECTED_SACL_SECURITY_INFORMATION": 0x1000_0000,
    "UNPROTECTED_DACL_SECURITY_INFORMATION": 0x2000_0000,
    "PROTECTED_SACL_SECURITY_INFORMATION": 0x4000_0000,
    "PROTECTED_DACL_SECURITY_INFORMATION": 0x8000_0000,
}

OBJECT_ATTRIBUTES = {
    "OBJ_INHERIT": 0x0002,
    "OBJ_PERMANENT": 0x0010,
    "OBJ_EXCLUSIVE": 0x0020,
    "OBJ_CASE_INSENSITIVE": 0x0040,
    "OBJ_OPENIF": 0x0080,
    "OBJ_OPENLINK": 0x0100,
    "OBJ_KERNEL_HANDLE": 0x0200,
    "OBJ_FORCE_ACCESS_CHECK": 0x0400,
    "OBJ_IGNORE_IMPERSONATED_DEVICEMAP": 0x0800,
    "OBJ_DONT_REPARSE": 0x1000,
}

# Enumerators by their number.
KEY_INFORMATION_CLASSES = (
    "KeyBasicInformation",
    "KeyNodeInformation",
    "KeyFullInformation",
    "KeyNameInformation",
    "KeyCachedInformation",
    "KeyFlagsInformation",
    "KeyVirtualizationInformation",
    "KeyHandleTagsInformation",
    "KeyTrustInformation",
    "KeyLayerInformation",
)

KEY_VALUE_INFORMATION_CLASSES = (
    "KeyValueBasicInformation",
    "KeyValueFullInformation",
    "KeyValuePartialInformation",
    "KeyValueFullInformationAlign64",
    "KeyValuePartialInformationAlign64",
    "KeyValueLayerInformation",
)

KEY_SET_INFORMATION_CLASSES = (
    "KeyWriteTimeInformation",
    "KeyWow64FlagsInformation",
    "KeyControlFlagsInformation",
    "KeySetVirtualizationInformation",
    "KeySetDebugInformation",
    "KeySetHandleTagsInformation",
    "KeySetLayerInformation",
)

PROCESSOR_MODES = ("KernelMode", "UserMode")


def flags_text(value: int, words: Mapping[str, int]) -> str:
    """``KEY_SET_VALUE | KEY_WOW64_64KEY | 0x400``.

    Nothing set is the word for 0 where the table has one, else ``0``.
    """
    return " | ".join(flag_words(value, words)) or choice_text(0, words)


def flag_words(value: int, words: Mapping[str, int]) -> list[str]:
    """The words of the bits that are set; those that have none come last, in hexadecimal."""
    shown = []
    rest = value
    for word, bits in words.items():
        if bits & rest and bits & value == bits:
            shown.append(word)
            rest &= ~bits
    if rest:
        shown.append(f"{rest:#x}")
    return shown


def choice_text(value: int, words: Mapping[str, int]) -> str:
    """The one word for ``value``, or the number in hexadecimal."""
    for word, number in words.items():
        if number == value:
            return word
    return f"{value:#x}" if value else "0"


def class_text(value: int, words: Sequence[str]) -> str:
    """The enumerator with the number ``value``, or the number."""
    return words[value] if value < len(words) else str(value)
