"""REG_NOTIFY_CLASS: the notifications, and what each of them means.

Numbers and names: wdm.h of the WDK 26100 line (microsoft/wdkmetadata), which mingw-w64's
ddk/wdm.h repeats up to 48. Since when: the comments of the same header and Microsoft's page
"REG_NOTIFY_CLASS enumeration (wdm.h)". The nt functions that send them: decompiled Windows 11 23H2
(SOURCES 4.1), one source. What the answers do: SOURCES 3.3 and 4.2.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any, Literal, NamedTuple

__all__ = ["CLASSES", "NotifyClass", "find_class", "notify_class"]

Phase = Literal["pre", "post", "other", "unknown"]  # other: context cleanup, which has no pair

# Which of a callback's statuses the kernel acts upon.
Answer = Literal[
    "refuses",  # a failure ends the operation, STATUS_CALLBACK_BYPASS is taken for its success
    "replaces",  # STATUS_CALLBACK_BYPASS alone: ReturnStatus becomes the operation's status
    "ignored",
    "unknown",
]

# What the structure's Object holds.
KeyObject = Literal[
    "valid",
    "valid-on-success",  # where Status is STATUS_SUCCESS itself, no other success
    "null-if-refused",  # by a callback below; else valid
    "may-be-null",
    "null",
    "destroyed",  # a key object without references
    "none",  # there is no such member
    "unknown",
]


class _Row(NamedTuple):
    """What is known of one class; the attributes of :class:`NotifyClass`."""

    number: int
    phase: Phase
    pair_number: int | None
    operation: str
    structures: tuple[str, ...]
    since: str
    caller: str
    answer: Answer
    key_object: KeyObject
    bypass_owes: tuple[str, ...] | None
    is_discouraged: bool


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


def _pre(
    number: int,
    post: int,
    operation: str,
    structures: str,
    since: str,
    caller: str,
    *,
    answer: Answer = "refuses",
    key_object: KeyObject = "valid",
    owes: str | None = "",
    is_discouraged: bool = False,
) -> _Row:
    """``owes``: the members that the caller takes for filled after STATUS_CALLBACK_BYPASS, None
    where that is not known. ``is_discouraged``: from changing it, by "Handling Notifications"."""
    return _Row(
        number, "pre", post, operation, tuple(structures.split()), since, caller, answer,
        key_object, None if owes is None else tuple(owes.split()), is_discouraged,
    )  # fmt: skip


def _post(
    number: int,
    pre: _Row,
    since: str,
    *,
    structure: str = "REG_POST_OPERATION_INFORMATION",
    answer: Answer = "replaces",
    key_object: KeyObject = "valid",
) -> _Row:
    return _Row(
        number, "post", pre.number, pre.operation, (structure,), since, pre.caller, answer,
        key_object, None, pre.is_discouraged,
    )  # fmt: skip


def _unknown(number: int) -> _Row:
    return _Row(
        number, "unknown", None, "unknown", (), "unknown", "unknown", "unknown", "unknown", None,
        False,
    )  # fmt: skip


class NotifyClass(IntEnum):
    """One notification, spelled as the WDK does; second names are wdm.h's.

    A number that Windows is not known to send is a class of the phase ``unknown``.
    """

    number: int
    phase: Phase
    pair_number: int | None
    operation: str
    structures: tuple[str, ...]  # that Argument2 may point to, the newest first
    since: str
    caller: str  # the nt function that sends it
    answer: Answer
    key_object: KeyObject
    bypass_owes: tuple[str, ...] | None
    is_discouraged: bool

    RegNtPreDeleteKey = _pre(
        0, 15, "delete a key", "REG_DELETE_KEY_INFORMATION", _XP, "NtDeleteKey"
    )
    RegNtDeleteKey = RegNtPreDeleteKey
    RegNtPostDeleteKey = _post(15, RegNtPreDeleteKey, _2003)

    RegNtPreSetValueKey = _pre(
        1, 16, "set a value", "REG_SET_VALUE_KEY_INFORMATION", _XP, "NtSetValueKey"
    )
    RegNtSetValueKey = RegNtPreSetValueKey
    RegNtPostSetValueKey = _post(16, RegNtPreSetValueKey, _2003)

    RegNtPreDeleteValueKey = _pre(
        2, 17, "delete a value", "REG_DELETE_VALUE_KEY_INFORMATION", _XP, "NtDeleteValueKey"
    )
    RegNtDeleteValueKey = RegNtPreDeleteValueKey
    RegNtPostDeleteValueKey = _post(17, RegNtPreDeleteValueKey, _2003)

    RegNtPreSetInformationKey = _pre(
        3, 18, "change a key's metadata", "REG_SET_INFORMATION_KEY_INFORMATION", _XP,
        "NtSetInformationKey", is_discouraged=True,
    )  # fmt: skip
    RegNtSetInformationKey = RegNtPreSetInformationKey
    RegNtPostSetInformationKey = _post(18, RegNtPreSetInformationKey, _2003)

    RegNtPreRenameKey = _pre(
        4, 19, "rename a key", "REG_RENAME_KEY_INFORMATION", _XP, "NtRenameKey",
        is_discouraged=True,
    )  # fmt: skip
    RegNtRenameKey = RegNtPreRenameKey
    RegNtPostRenameKey = _post(19, RegNtPreRenameKey, _2003)

    RegNtPreEnumerateKey = _pre(
        5, 20, "read one of a key's subkeys", "REG_ENUMERATE_KEY_INFORMATION", _XP,
        "NtEnumerateKey", owes="KeyInformation ResultLength",
    )  # fmt: skip
    RegNtEnumerateKey = RegNtPreEnumerateKey
    RegNtPostEnumerateKey = _post(20, RegNtPreEnumerateKey, _2003)

    RegNtPreEnumerateValueKey = _pre(
        6, 21, "read one of a key's values by index", "REG_ENUMERATE_VALUE_KEY_INFORMATION", _XP,
        "NtEnumerateValueKey", owes="KeyValueInformation ResultLength",
    )  # fmt: skip
    RegNtEnumerateValueKey = RegNtPreEnumerateValueKey
    RegNtPostEnumerateValueKey = _post(21, RegNtPreEnumerateValueKey, _2003)

    RegNtPreQueryKey = _pre(
        7, 22, "read a key's metadata", "REG_QUERY_KEY_INFORMATION", _XP, "NtQueryKey",
        owes="KeyInformation ResultLength",
    )  # fmt: skip
    RegNtQueryKey = RegNtPreQueryKey
    RegNtPostQueryKey = _post(22, RegNtPreQueryKey, _2003)

    RegNtPreQueryValueKey = _pre(
        8, 23, "read a value", "REG_QUERY_VALUE_KEY_INFORMATION", _XP, "NtQueryValueKey",
        owes="KeyValueInformation ResultLength",
    )  # fmt: skip
    RegNtQueryValueKey = RegNtPreQueryValueKey
    RegNtPostQueryValueKey = _post(23, RegNtPreQueryValueKey, _2003)

    RegNtPreQueryMultipleValueKey = _pre(
        9, 24, "read several values", "REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION", _XP,
        "NtQueryMultipleValueKey",
        owes="ValueEntries ValueBuffer BufferLength RequiredBufferLength",
    )  # fmt: skip
    RegNtQueryMultipleValueKey = RegNtPreQueryMultipleValueKey
    RegNtPostQueryMultipleValueKey = _post(24, RegNtPreQueryMultipleValueKey, _2003)

    RegNtPreCreateKey = _pre(
        10, 11, "create a key", "REG_PRE_CREATE_KEY_INFORMATION", _XP_ONLY, "unknown",
        key_object="none", owes=None,
    )  # fmt: skip
    RegNtPostCreateKey = _post(
        11, RegNtPreCreateKey, _XP_ONLY, structure="REG_POST_CREATE_KEY_INFORMATION",
        answer="unknown", key_object="valid-on-success",
    )  # fmt: skip

    RegNtPreOpenKey = _pre(
        12, 13, "open a key", "REG_PRE_OPEN_KEY_INFORMATION", _XP_ONLY, "unknown",
        key_object="none", owes=None,
    )  # fmt: skip
    RegNtPostOpenKey = _post(
        13, RegNtPreOpenKey, _XP_ONLY, structure="REG_POST_OPEN_KEY_INFORMATION",
        answer="unknown", key_object="valid-on-success",
    )  # fmt: skip

    RegNtPreKeyHandleClose = _pre(
        14, 25, "destroy a key object, its last handle closed", "REG_KEY_HANDLE_CLOSE_INFORMATION",
        _XP, _CLOSE, answer="ignored", key_object="destroyed",
    )  # fmt: skip
    RegNtKeyHandleClose = RegNtPreKeyHandleClose
    RegNtPostKeyHandleClose = _post(
        25, RegNtPreKeyHandleClose, _2003, answer="unknown", key_object="destroyed"
    )

    RegNtPreCreateKeyEx = _pre(
        26, 27, "create a key, or open it where it exists",
        "REG_CREATE_KEY_INFORMATION_V1 REG_CREATE_KEY_INFORMATION", _2003, _PARSE,
        key_object="none", owes="ResultObject GrantedAccess Disposition",
    )  # fmt: skip
    RegNtPostCreateKeyEx = _post(27, RegNtPreCreateKeyEx, _2003, key_object="valid-on-success")

    RegNtPreOpenKeyEx = _pre(
        28, 29, "open a key", "REG_OPEN_KEY_INFORMATION_V1 REG_OPEN_KEY_INFORMATION", _2003, _PARSE,
        key_object="none", owes="ResultObject GrantedAccess",
    )  # fmt: skip
    RegNtPostOpenKeyEx = _post(29, RegNtPreOpenKeyEx, _2003, key_object="valid-on-success")

    RegNtPreFlushKey = _pre(
        30, 31, "write a key to disk", "REG_FLUSH_KEY_INFORMATION", _VISTA, "NtFlushKey"
    )
    RegNtPostFlushKey = _post(31, RegNtPreFlushKey, _VISTA)

    RegNtPreLoadKey = _pre(
        32, 33, "load a hive", "REG_LOAD_KEY_INFORMATION_V2 REG_LOAD_KEY_INFORMATION", _VISTA,
        _LOAD, key_object="may-be-null", owes="RootHandle", is_discouraged=True,
    )  # fmt: skip
    RegNtPostLoadKey = _post(33, RegNtPreLoadKey, _VISTA, key_object="may-be-null")

    RegNtPreUnLoadKey = _pre(
        34, 35, "unload a hive", "REG_UNLOAD_KEY_INFORMATION", _VISTA, _UNLOAD, is_discouraged=True
    )
    RegNtPostUnLoadKey = _post(35, RegNtPreUnLoadKey, _VISTA)

    RegNtPreQueryKeySecurity = _pre(
        36, 37, "read a key's security descriptor", "REG_QUERY_KEY_SECURITY_INFORMATION", _VISTA,
        _SECURITY, owes="SecurityDescriptor Length",
    )  # fmt: skip
    RegNtPostQueryKeySecurity = _post(37, RegNtPreQueryKeySecurity, _VISTA)

    RegNtPreSetKeySecurity = _pre(
        38, 39, "change a key's security descriptor", "REG_SET_KEY_SECURITY_INFORMATION", _VISTA,
        _SECURITY,
    )  # fmt: skip
    RegNtPostSetKeySecurity = _post(39, RegNtPreSetKeySecurity, _VISTA)

    RegNtCallbackObjectContextCleanup = _Row(
        40, "other", None, "free the callback's context of a key object",
        ("REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION",), _VISTA, _CLEANUP, "unknown", "destroyed",
        None, False,
    )  # fmt: skip

    RegNtPreRestoreKey = _pre(
        41, 42, "replace a key's content from a file", "REG_RESTORE_KEY_INFORMATION", _VISTA_SP2,
        "NtRestoreKey", is_discouraged=True,
    )  # fmt: skip
    RegNtPostRestoreKey = _post(42, RegNtPreRestoreKey, _VISTA_SP2, key_object="null-if-refused")

    RegNtPreSaveKey = _pre(
        43, 44, "save a key to a file", "REG_SAVE_KEY_INFORMATION", _VISTA_SP2, _SAVE,
        is_discouraged=True,
    )  # fmt: skip
    RegNtPostSaveKey = _post(44, RegNtPreSaveKey, _VISTA_SP2, key_object="null-if-refused")

    RegNtPreReplaceKey = _pre(
        45, 46, "exchange a hive's file", "REG_REPLACE_KEY_INFORMATION", _VISTA_SP2,
        "NtReplaceKey", is_discouraged=True,
    )  # fmt: skip
    RegNtPostReplaceKey = _post(46, RegNtPreReplaceKey, _VISTA_SP2, key_object="null-if-refused")

    RegNtPreQueryKeyName = _pre(
        47, 48, "read a key's full path", "REG_QUERY_KEY_NAME", _10, _NAME,
        owes="ObjectNameInfo ReturnLength",
    )  # fmt: skip
    RegNtPostQueryKeyName = _post(48, RegNtPreQueryKeyName, _10)

    RegNtPreSaveMergedKey = _pre(
        49, 50, "save two keys merged to a file", "REG_SAVE_MERGED_KEY_INFORMATION", _MERGED,
        "NtSaveMergedKeys", key_object="null",
    )  # fmt: skip
    RegNtPostSaveMergedKey = _post(50, RegNtPreSaveMergedKey, _MERGED, key_object="null")

    def __new__(cls, *row: Any) -> NotifyClass:
        return cls._of(_Row(*row))

    @classmethod
    def _of(cls, row: _Row) -> NotifyClass:
        member = int.__new__(cls, row.number)
        member._value_ = row.number
        member.__dict__.update(row._asdict())
        return member

    @classmethod
    def _missing_(cls, value: object) -> NotifyClass | None:
        if not isinstance(value, int):
            return None
        member = cls._of(_unknown(value))
        member._name_ = f"REG_NOTIFY_CLASS {value}"
        return member

    def __bool__(self) -> bool:
        """True of RegNtPreDeleteKey (0), too: a class is not the lack of one."""
        return True

    @property
    def pair(self) -> NotifyClass | None:
        """The post class of a pre class, and the other way round."""
        return None if self.pair_number is None else NotifyClass(self.pair_number)

    @property
    def alias(self) -> str | None:
        """Its second name in wdm.h (``RegNtDeleteKey``), None without one."""
        names = NotifyClass.__members__.items()
        return next((name for name, each in names if each is self and name != self.name), None)

    @property
    def is_known(self) -> bool:
        """Whether this is one that Windows is known to send."""
        return self.phase != "unknown"

    @property
    def ignores_status(self) -> bool:
        """Whether nothing that a callback returns matters: the kernel takes it for a success."""
        return self.answer == "ignored"

    @property
    def may_be_bypassed(self) -> bool:
        """Whether the caller misses nothing after a mere STATUS_CALLBACK_BYPASS: it takes no output
        for filled, as far as is known."""
        return self.answer == "refuses" and self.bypass_owes == ()


CLASSES = tuple(sorted(NotifyClass))
_BY_NAME = {name.lower(): each for name, each in NotifyClass.__members__.items()}

_NUMBER = re.compile(r"0x(?P<hex>[0-9a-f]{1,16})|(?P<decimal>[0-9]{1,20})")


def notify_class(argument: int) -> NotifyClass:
    """The class in a callback's Argument1, an enum in a PVOID of which 32 bits count."""
    return NotifyClass(argument & 0xFFFF_FFFF)


def find_class(text: str) -> NotifyClass | None:
    """The class that a person means: its name or alias in any case, with or without ``RegNt``, of
    a pre class also without ``Pre``, or its number, decimal or 0x hexadecimal. None for a name that
    no class has, and for a number that 32 bits do not hold.
    """
    word = text.strip().lower()
    number = _NUMBER.fullmatch(word)
    if number is None:
        word = word[len("regnt") :] if word.startswith("regnt") else word
        return _BY_NAME.get(f"regnt{word}") or _BY_NAME.get(f"regntpre{word}")
    value = int(number["hex"], 16) if number["hex"] else int(number["decimal"])
    return notify_class(value) if value <= 0xFFFF_FFFF else None
