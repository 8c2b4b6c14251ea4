"""REG_NOTIFY_CLASS: the 51 notifications, what each is about and which structure it brings.

Numbers and names: wdm.h of the WDK 26100 line (microsoft/wdkmetadata), which mingw-w64's
ddk/wdm.h repeats up to 48. Since when: the comments of the same header and Microsoft's page
"REG_NOTIFY_CLASS enumeration (wdm.h)". The nt functions that send them: decompiled Windows 11 23H2
(SOURCES 4.1), one source.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["CLASSES", "NotifyClass", "find_class", "notify_class"]


class NotifyClass(NamedTuple):
    """One notification.

    ``phase`` is ``pre``, ``post``, ``other`` (context cleanup, which has no pair) or ``unknown``;
    ``pair`` the number of the post class of a pre class and the other way round. ``structures``
    are the names Argument2 may point to, the newest first. ``caller`` is the nt function that
    sends it.
    """

    number: int
    name: str
    alias: str | None
    phase: str
    pair: int | None
    structures: tuple[str, ...]
    operation: str
    since: str
    caller: str

    @property
    def is_known(self) -> bool:
        """Whether this is one of the 51 that Windows is known to send."""
        return self.phase != "unknown"


_XP = "Windows XP"
_XP_ONLY = "Windows XP, gone in Vista"
_2003 = "Windows Server 2003"
_VISTA = "Windows Vista"
_VISTA_SP2 = "Windows Vista SP2"
_10 = "Windows 10 1507"
_MERGED = "Windows 10 (header: build 20348; seen in 19045, 22000, 22631)"

_PARSE = "CmpParseKey"
_CLOSE = "CmpDeleteKeyObject"
_SECURITY = "CmpSecurityMethod"
_LOAD = "CmLoadDifferencingKey (1507: CmLoadKeyHelper)"
_UNLOAD = "CmUnloadKey (1507: NtUnloadKey2, NtUnloadKeyEx)"
_SAVE = "NtSaveKeyEx (1507: NtSaveKey too)"
_NAME = "CmpDoQueryKeyName (1507: CmpQueryKeyName)"
_CLEANUP = "CmpFireCleanupNotifications, CmUnRegisterCallback"

# number, post, name without RegNtPre, has RegNt<name> as alias, structures, operation, since,
# since for the post class, caller
_PAIRS = (
    (0, 15, "DeleteKey", True, "REG_DELETE_KEY_INFORMATION",
     "delete a key", _XP, _2003, "NtDeleteKey"),
    (1, 16, "SetValueKey", True, "REG_SET_VALUE_KEY_INFORMATION",
     "set a value", _XP, _2003, "NtSetValueKey"),
    (2, 17, "DeleteValueKey", True, "REG_DELETE_VALUE_KEY_INFORMATION",
     "delete a value", _XP, _2003, "NtDeleteValueKey"),
    (3, 18, "SetInformationKey", True, "REG_SET_INFORMATION_KEY_INFORMATION",
     "change a key's metadata", _XP, _2003, "NtSetInformationKey"),
    (4, 19, "RenameKey", True, "REG_RENAME_KEY_INFORMATION",
     "rename a key", _XP, _2003, "NtRenameKey"),
    (5, 20, "EnumerateKey", True, "REG_ENUMERATE_KEY_INFORMATION",
     "read one of a key's subkeys", _XP, _2003, "NtEnumerateKey"),
    (6, 21, "EnumerateValueKey", True, "REG_ENUMERATE_VALUE_KEY_INFORMATION",
     "read one of a key's values by index", _XP, _2003, "NtEnumerateValueKey"),
    (7, 22, "QueryKey", True, "REG_QUERY_KEY_INFORMATION",
     "read a key's metadata", _XP, _2003, "NtQueryKey"),
    (8, 23, "QueryValueKey", True, "REG_QUERY_VALUE_KEY_INFORMATION",
     "read a value", _XP, _2003, "NtQueryValueKey"),
    (9, 24, "QueryMultipleValueKey", True, "REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION",
     "read several values", _XP, _2003, "NtQueryMultipleValueKey"),
    (14, 25, "KeyHandleClose", True, "REG_KEY_HANDLE_CLOSE_INFORMATION",
     "destroy a key object, its last handle closed", _XP, _2003, _CLOSE),
    (26, 27, "CreateKeyEx", False, "REG_CREATE_KEY_INFORMATION_V1 REG_CREATE_KEY_INFORMATION",
     "create a key, or open it where it exists", _2003, _2003, _PARSE),
    (28, 29, "OpenKeyEx", False, "REG_OPEN_KEY_INFORMATION_V1 REG_OPEN_KEY_INFORMATION",
     "open a key", _2003, _2003, _PARSE),
    (30, 31, "FlushKey", False, "REG_FLUSH_KEY_INFORMATION",
     "write a key to disk", _VISTA, _VISTA, "NtFlushKey"),
    (32, 33, "LoadKey", False, "REG_LOAD_KEY_INFORMATION_V2 REG_LOAD_KEY_INFORMATION",
     "load a hive", _VISTA, _VISTA, _LOAD),
    (34, 35, "UnLoadKey", False, "REG_UNLOAD_KEY_INFORMATION",
     "unload a hive", _VISTA, _VISTA, _UNLOAD),
    (36, 37, "QueryKeySecurity", False, "REG_QUERY_KEY_SECURITY_INFORMATION",
     "read a key's security descriptor", _VISTA, _VISTA, _SECURITY),
    (38, 39, "SetKeySecurity", False, "REG_SET_KEY_SECURITY_INFORMATION",
     "change a key's security descriptor", _VISTA, _VISTA, _SECURITY),
    (41, 42, "RestoreKey", False, "REG_RESTORE_KEY_INFORMATION",
     "replace a key's content from a file", _VISTA_SP2, _VISTA_SP2, "NtRestoreKey"),
    (43, 44, "SaveKey", False, "REG_SAVE_KEY_INFORMATION",
     "save a key to a file", _VISTA_SP2, _VISTA_SP2, _SAVE),
    (45, 46, "ReplaceKey", False, "REG_REPLACE_KEY_INFORMATION",
     "exchange a hive's file", _VISTA_SP2, _VISTA_SP2, "NtReplaceKey"),
    (47, 48, "QueryKeyName", False, "REG_QUERY_KEY_NAME",
     "read a key's full path", _10, _10, _NAME),
    (49, 50, "SaveMergedKey", False, "REG_SAVE_MERGED_KEY_INFORMATION",
     "save two keys merged to a file", _MERGED, _MERGED, "NtSaveMergedKeys"),
)  # fmt: skip

_POST = ("REG_POST_OPERATION_INFORMATION",)


def _paired() -> list[NotifyClass]:
    classes = []
    for number, post, name, aliased, structures, operation, since, post_since, caller in _PAIRS:
        alias = f"RegNt{name}" if aliased else None
        forms = tuple(structures.split())
        classes += [
            NotifyClass(
                number, f"RegNtPre{name}", alias, "pre", post, forms, operation, since, caller
            ),
            NotifyClass(
                post, f"RegNtPost{name}", None, "post", number, _POST, operation, post_since, caller
            ),
        ]
    return classes


def _unpaired() -> list[NotifyClass]:
    """XP's create and open, whose post forms are structures of their own, and the cleanup."""

    def xp(number: int, name: str, phase: str, pair: int, structure: str) -> NotifyClass:
        operation = "create a key" if "Create" in name else "open a key"
        return NotifyClass(
            number, name, None, phase, pair, (structure,), operation, _XP_ONLY, "unknown"
        )

    return [
        xp(10, "RegNtPreCreateKey", "pre", 11, "REG_PRE_CREATE_KEY_INFORMATION"),
        xp(11, "RegNtPostCreateKey", "post", 10, "REG_POST_CREATE_KEY_INFORMATION"),
        xp(12, "RegNtPreOpenKey", "pre", 13, "REG_PRE_OPEN_KEY_INFORMATION"),
        xp(13, "RegNtPostOpenKey", "post", 12, "REG_POST_OPEN_KEY_INFORMATION"),
        NotifyClass(
            40, "RegNtCallbackObjectContextCleanup", None, "other", None,
            ("REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION",),
            "free the callback's context of a key object", _VISTA, _CLEANUP,
        ),
    ]  # fmt: skip


CLASSES = tuple(sorted(_paired() + _unpaired()))
_BY_NAME = {
    name.lower(): each for each in CLASSES for name in (each.name, each.alias) if name is not None
}

_NUMBER = re.compile(r"0x(?P<hex>[0-9a-f]{1,16})|(?P<decimal>[0-9]{1,20})")


def notify_class(argument: int) -> NotifyClass:
    """The class in a callback's Argument1, an enum in a PVOID of which 32 bits count.

    A number that Windows is not known to send comes back with the phase ``unknown``, no pair and
    no structure.
    """
    number = argument & 0xFFFF_FFFF
    if number < len(CLASSES):
        return CLASSES[number]
    return NotifyClass(
        number, f"REG_NOTIFY_CLASS {number}", None, "unknown", None, (), "unknown", "unknown",
        "unknown",
    )  # fmt: skip


def find_class(text: str) -> NotifyClass | None:
    """The class that a person means: its name or alias in any case, with or without ``RegNt``, or
    its number, decimal or 0x hexadecimal. None for a name that no class has, and for a number that
    32 bits do not hold.
    """
    word = text.strip().lower()
    number = _NUMBER.fullmatch(word)
    if number is None:
        return _BY_NAME.get(word) or _BY_NAME.get(f"regnt{word}")
    value = int(number["hex"], 16) if number["hex"] else int(number["decimal"])
    return notify_class(value) if value <= 0xFFFF_FFFF else None
