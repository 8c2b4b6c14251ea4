"""Notifications decoded from memory that the test has written itself, on x64 and x86."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pykd_ext.notify.classes import CLASSES, NotifyClass
from pykd_ext.notify.decode import decode
from pykd_ext.notify.notification import KeyReference, Notification
from pykd_ext.notify.structures import structure
from pykd_ext.notify.values import VALUE_TYPES
from pykd_ext.target.memory import PAGE
from tests.support.byte_target import Pen

ACCESS_DENIED, REPARSE, BUFFER_TOO_SMALL = 0xC0000022, 0x104, 0xC0000023

KEY, ROOT, OTHER = 0x1000, 0x2000, 0x3000  # offsets of key objects from the pen's unused memory
PATHS = {
    KEY: "\\REGISTRY\\MACHINE\\SOFTWARE\\Vendor",
    ROOT: "\\REGISTRY\\MACHINE",
    OTHER: "\\REGISTRY\\USER",
}


@pytest.fixture(params=["x64", "x86", "arm64"])
def pen(request: pytest.FixtureRequest) -> Pen:
    return Pen(request.param)


def key(pen: Pen, which: int) -> int:
    """The address of a key object; the decoder asks key_path about it and reads nothing there."""
    return pen.missing + which


def key_path(pen: Pen) -> Callable[[int], str | None]:
    return lambda address: PATHS.get(address - pen.missing)


def text(notification: Notification, name: str) -> str | None:
    field = notification.field(name)
    assert field is not None
    return field.text


def post(pen: Pen, number: int, pre: int, status: int, key_object: int = 0) -> Notification:
    address = pen.structure(
        "REG_POST_OPERATION_INFORMATION", Object=key_object, Status=status, PreInformation=pre
    )
    return decode(pen.memory, number, address, key_path=key_path(pen))


def create(pen: Pen, **values: int) -> int:
    """A create as Windows 7 and later send it."""
    members = {
        "CompleteName": pen.string("Vendor\\New"),
        "RootObject": key(pen, ROOT),
        "DesiredAccess": 0x102,
        "Disposition": pen.number(1),
        "ResultObject": pen.pointer(key(pen, KEY)),
        "Version": 1,
        "RemainingName": pen.string("Vendor\\New"),
        **values,
    }
    return pen.structure("REG_CREATE_KEY_INFORMATION_V1", **members)


def set_value(pen: Pen, data: bytes, value_type: str = "REG_SZ", **values: int) -> int:
    members = {
        "Object": key(pen, KEY),
        "ValueName": pen.string("Start"),
        "Type": VALUE_TYPES[value_type],
        "Data": pen.data(data),
        "DataSize": len(data),
        **values,
    }
    return pen.structure("REG_SET_VALUE_KEY_INFORMATION", **members)


def test_set_value(pen: Pen) -> None:
    address = set_value(pen, "C:\\x.exe\0".encode("utf-16-le"))
    decoded = decode(pen.memory, 1, address, key_path=key_path(pen))
    assert decoded.structure == "REG_SET_VALUE_KEY_INFORMATION"
    assert decoded.address == address
    assert text(decoded, "Object") == PATHS[KEY]
    assert text(decoded, "ValueName") == "Start"
    assert text(decoded, "Type") == "REG_SZ"
    assert text(decoded, "Data") == '"C:\\x.exe"'
    assert decoded.keys == (KeyReference("Object", key(pen, KEY), "", PATHS[KEY]),)
    assert decoded.value is not None
    assert decoded.value.size == len("C:\\x.exe\0") * 2
    assert (decoded.status, decoded.pre, decoded.problems) == (None, None, ())


@pytest.mark.parametrize("name", ["", None])
def test_the_default_value(pen: Pen, name: str | None) -> None:
    pointer = 0 if name is None else pen.string(name)
    decoded = decode(pen.memory, 1, set_value(pen, b"", ValueName=pointer))
    assert text(decoded, "ValueName") == "(Default)"


def test_data_is_read_up_to_a_limit(pen: Pen) -> None:
    address = set_value(pen, bytes(range(200)), "REG_BINARY")
    decoded = decode(pen.memory, 1, address, data_limit=16)
    assert decoded.value is not None
    assert (decoded.value.data, decoded.value.size) == (bytes(range(16)), 200)
    assert decoded.problems == ()


def test_data_of_a_hostile_size_is_cut_where_memory_ends(pen: Pen) -> None:
    address = set_value(pen, b"ab", DataSize=0xFFFFFFFF)
    decoded = decode(pen.memory, 1, address, data_limit=1 << 24)
    assert decoded.value is not None
    assert len(decoded.value.data) <= PAGE
    data = decoded.field("Data")
    assert data is not None
    assert data.value is not None
    end = (data.value + PAGE) & ~(PAGE - 1)
    assert decoded.problems == (f"Data: cut, the rest: paged out or not mapped at {end:#x}",)


def test_data_that_is_null_with_a_size(pen: Pen) -> None:
    decoded = decode(pen.memory, 1, set_value(pen, b"", Data=0, DataSize=8))
    assert decoded.problems == ("Data: NULL, with DataSize 0x8",)


def test_one_bad_pointer_costs_one_member(pen: Pen) -> None:
    address = set_value(pen, b"\1\0\0\0", "REG_DWORD", ValueName=pen.missing)
    decoded = decode(pen.memory, 1, address, key_path=key_path(pen))
    assert text(decoded, "ValueName") is None
    assert text(decoded, "Data") == "0x1 (1)"
    assert text(decoded, "Object") == PATHS[KEY]
    assert decoded.problems == (
        f"ValueName: its UNICODE_STRING: paged out or not mapped at {pen.missing:#x}",
    )


def test_a_users_buffer_that_is_not_present_says_so(pen: Pen) -> None:
    name = pen.unicode_string(8, 8, 0x70000010)
    decoded = decode(
        pen.memory, 1, set_value(pen, b"", ValueName=name, Data=0x70002000, DataSize=4)
    )
    assert decoded.problems == (
        "ValueName: its Buffer: user buffer, not present at 0x70000010",
        "Data: user buffer, not present at 0x70002000",
    )


@pytest.mark.parametrize(("length", "maximum_length", "shown"), [(9, 10, "Star"), (10, 4, "Start")])
def test_a_malformed_string_is_shown_and_named(
    pen: Pen, length: int, maximum_length: int, shown: str
) -> None:
    buffer = pen.data("Start".encode("utf-16-le"))
    name = pen.unicode_string(length, maximum_length, buffer)
    decoded = decode(pen.memory, 1, set_value(pen, b"", ValueName=name))
    assert text(decoded, "ValueName") == shown
    assert decoded.problems == (
        f"ValueName: a malformed UNICODE_STRING: Length {length:#x}, "
        f"MaximumLength {maximum_length:#x}",
    )


def test_a_string_that_runs_into_a_missing_page_is_cut(pen: Pen) -> None:
    page = pen.data(bytes(PAGE)) & ~(PAGE - 1)
    buffer = page + PAGE + 0xFF0
    pen.target.write(buffer, "abcdefgh".encode("utf-16-le"))
    name = pen.unicode_string(32, 32, buffer)
    decoded = decode(pen.memory, 1, set_value(pen, b"", ValueName=name))
    assert text(decoded, "ValueName") == "abcdefgh"
    assert decoded.problems == (
        f"ValueName: cut, the rest: paged out or not mapped at {buffer + 16:#x}",
    )


def test_a_structure_that_lost_its_second_page(pen: Pen) -> None:
    raw = pen.structure_bytes(
        "REG_SET_VALUE_KEY_INFORMATION", Object=key(pen, KEY), Type=4, DataSize=4
    )
    start = pen.missing + PAGE - 3 * pen.pointer_size  # Data begins the next page on x64
    pen.target.write(start, raw[: 3 * pen.pointer_size])
    decoded = decode(pen.memory, 1, start, key_path=key_path(pen))
    assert text(decoded, "Object") == PATHS[KEY]
    lost = [each.name for each in decoded.fields if each.value is None]
    assert lost[-3:] == ["CallContext", "ObjectContext", "Reserved"]
    assert decoded.problems == (
        f"{', '.join(lost)}: paged out or not mapped at {pen.missing + PAGE:#x}",
    )
    assert decoded.value is None


def test_a_structure_that_lost_its_first_page(pen: Pen) -> None:
    raw = pen.structure_bytes("REG_SAVE_KEY_INFORMATION", Object=key(pen, KEY), Format=4)
    pen.target.write(pen.missing + PAGE, raw[pen.pointer_size :])
    decoded = decode(pen.memory, 43, pen.missing + PAGE - pen.pointer_size)
    assert text(decoded, "Format") == "REG_NO_COMPRESSION"
    assert decoded.keys == ()
    missing = pen.missing + PAGE - pen.pointer_size
    assert decoded.problems == (f"Object: paged out or not mapped at {missing:#x}",)


def test_a_structure_that_is_not_there(pen: Pen) -> None:
    decoded = decode(pen.memory, 1, pen.missing)
    assert {each.value for each in decoded.fields} == {None}
    assert decoded.problems == (f"the structure: paged out or not mapped at {pen.missing:#x}",)


def test_create(pen: Pen) -> None:
    address = create(pen, Options=1, Wow64Flags=0x100, Attributes=0x240, CheckAccessMode=1)
    decoded = decode(pen.memory, 26, address, key_path=key_path(pen))
    assert decoded.structure == "REG_CREATE_KEY_INFORMATION_V1"
    expected = {
        "CompleteName": "Vendor\\New",
        "RootObject": PATHS[ROOT],
        "Options": "REG_OPTION_VOLATILE",
        "DesiredAccess": "KEY_SET_VALUE | KEY_WOW64_64KEY",
        "GrantedAccess": "not set yet",
        "Disposition": "not set yet",
        "ResultObject": "not set yet",
        "RemainingName": "Vendor\\New",
        "Wow64Flags": "KEY_WOW64_64KEY",
        "Attributes": "OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE",
        "CheckAccessMode": "UserMode",
    }
    assert {name: text(decoded, name) for name in expected} == expected
    root = key(pen, ROOT)
    path = "\\REGISTRY\\MACHINE\\Vendor\\New"
    assert decoded.keys == (KeyReference("RemainingName", root, "Vendor\\New", path),)


@pytest.mark.parametrize(
    ("complete", "remaining", "member", "name", "path"),
    [
        # RemainingName wins: it is relative even when CompleteName is absolute.
        ("\\REGISTRY\\USER", "USER", "RemainingName", "USER", "\\REGISTRY\\MACHINE\\USER"),
        ("", "", "RemainingName", "", "\\REGISTRY\\MACHINE"),
        ("a", "\\a", "RemainingName", "a", "\\REGISTRY\\MACHINE\\a"),
        # Without one, as on Vista, CompleteName is absolute or relative.
        ("\\REGISTRY\\USER", None, "CompleteName", "\\REGISTRY\\USER", "\\REGISTRY\\USER"),
        ("Vendor", None, "CompleteName", "Vendor", "\\REGISTRY\\MACHINE\\Vendor"),
        (None, None, "CompleteName", None, None),
    ],
)
def test_name_rules_of_create_and_open(
    pen: Pen,
    complete: str | None,
    remaining: str | None,
    member: str,
    name: str | None,
    path: str | None,
) -> None:
    address = create(
        pen,
        CompleteName=0 if complete is None else pen.string(complete),
        RemainingName=0 if remaining is None else pen.string(remaining),
    )
    (found,) = decode(pen.memory, 28, address, key_path=key_path(pen)).keys
    assert (found.member, found.name, found.path) == (member, name, path)
    is_absolute = found.name is not None and found.name.startswith("\\")
    assert found.root == (0 if is_absolute else key(pen, ROOT))


def test_version_0_is_vistas_create(pen: Pen) -> None:
    address = pen.structure(
        "REG_CREATE_KEY_INFORMATION", CompleteName=pen.string("a"), RootObject=key(pen, ROOT)
    )
    decoded = decode(pen.memory, 26, address, key_path=key_path(pen))
    assert decoded.structure == "REG_CREATE_KEY_INFORMATION"
    assert decoded.field("CreateOptions") is not None
    assert decoded.field("RemainingName") is None
    assert decoded.keys[0].path == "\\REGISTRY\\MACHINE\\a"


def test_an_open_has_its_own_structure_name(pen: Pen) -> None:
    assert decode(pen.memory, 28, create(pen)).structure == "REG_OPEN_KEY_INFORMATION_V1"
    assert decode(pen.memory, 28, create(pen, Version=0)).structure == "REG_OPEN_KEY_INFORMATION"


def test_a_version_to_come_is_read_as_the_newest_and_named(pen: Pen) -> None:
    decoded = decode(pen.memory, 26, create(pen, Version=7))
    assert decoded.structure == "REG_CREATE_KEY_INFORMATION_V1"
    assert decoded.problems == ("Version is 0x7, read as REG_CREATE_KEY_INFORMATION_V1",)


@pytest.mark.parametrize(
    ("version", "structure", "problems"),
    [
        (0, "REG_LOAD_KEY_INFORMATION", 0),
        (2, "REG_LOAD_KEY_INFORMATION_V2", 0),
        (1, "REG_LOAD_KEY_INFORMATION_V2", 1),
    ],
)
def test_load(pen: Pen, version: int, structure: str, problems: int) -> None:
    address = pen.structure(
        "REG_LOAD_KEY_INFORMATION_V2",
        KeyName=pen.string("\\REGISTRY\\A\\guid"),
        SourceFile=pen.string("\\??\\C:\\hive"),
        Flags=0x10,
        TrustClassObject=key(pen, OTHER),
        RootHandle=pen.pointer(0x1A4),
        Version=version,
    )
    decoded = decode(pen.memory, 32, address, key_path=key_path(pen))
    assert (decoded.structure, len(decoded.problems)) == (structure, problems)
    assert text(decoded, "SourceFile") == "\\??\\C:\\hive"
    assert text(decoded, "Flags") == "REG_APP_HIVE"
    assert text(decoded, "TrustClassObject") == PATHS[OTHER]
    assert text(decoded, "RootHandle") == "not set yet"
    path = "\\REGISTRY\\A\\guid"
    assert decoded.keys == (KeyReference("KeyName", 0, path, path),)


def test_the_handle_of_a_loaded_hive_is_as_wide_as_a_pointer(pen: Pen) -> None:
    handle = (1 << 8 * pen.pointer_size) - 0x800  # a kernel handle: its highest bit is set
    pre = pen.structure("REG_LOAD_KEY_INFORMATION_V2", RootHandle=pen.pointer(handle), Version=2)
    after = post(pen, 33, pre, 0).pre
    assert after is not None
    assert text(after, "RootHandle") == hex(handle)


def test_load_below_a_key(pen: Pen) -> None:
    address = pen.structure(
        "REG_LOAD_KEY_INFORMATION_V2", Object=key(pen, OTHER), KeyName=pen.string("x"), Version=2
    )
    decoded = decode(pen.memory, 32, address, key_path=key_path(pen))
    assert decoded.keys[0].path == "\\REGISTRY\\USER\\x"


def test_a_post_notification_leads_to_its_pre_structure(pen: Pen) -> None:
    decoded = post(pen, 16, set_value(pen, b"\2\0\0\0", "REG_DWORD"), 0, key(pen, KEY))
    assert decoded.status == 0
    assert text(decoded, "Status") == text(decoded, "ReturnStatus") == "STATUS_SUCCESS"
    assert decoded.pre is not None
    assert decoded.pre.notify_class.name == "RegNtPreSetValueKey"
    assert decoded.pre.status is None
    assert text(decoded.pre, "Data") == "0x2 (2)"
    assert text(decoded.pre, "CallContext") == "cleared: the post structure has the callback's own"
    assert text(decoded, "CallContext") is None
    assert decoded.keys[0].path == PATHS[KEY]


@pytest.mark.parametrize(
    ("status", "key_text", "path", "disposition", "result"),
    [
        (0, PATHS[KEY], PATHS[KEY], "REG_CREATED_NEW_KEY", PATHS[KEY]),
        (
            REPARSE,
            "undefined: Status is STATUS_REPARSE, not STATUS_SUCCESS",
            "\\REGISTRY\\MACHINE\\Vendor\\New",
            "not set: Status is STATUS_REPARSE",
            "not set: Status is STATUS_REPARSE",
        ),
        (
            ACCESS_DENIED,
            "undefined: Status is STATUS_ACCESS_DENIED, not STATUS_SUCCESS",
            "\\REGISTRY\\MACHINE\\Vendor\\New",
            "not set: Status is STATUS_ACCESS_DENIED",
            "not set: Status is STATUS_ACCESS_DENIED",
        ),
    ],
)
def test_only_success_makes_a_created_key_valid(
    pen: Pen, status: int, key_text: str, path: str, disposition: str, result: str
) -> None:
    decoded = post(pen, 27, create(pen), status, key(pen, KEY))
    assert decoded.pre is not None
    assert text(decoded, "Object") == key_text
    assert decoded.keys[0].path == path
    assert text(decoded.pre, "Disposition") == disposition
    assert (text(decoded.pre, "ResultObject") or "").endswith(result)


def test_a_created_key_without_a_path_keeps_the_name_that_was_asked_for(pen: Pen) -> None:
    decoded = post(pen, 27, create(pen), 0, pen.missing)
    assert decoded.keys[0].path == "\\REGISTRY\\MACHINE\\Vendor\\New"


def test_a_blocked_create_keeps_the_name_that_was_asked_for(pen: Pen) -> None:
    decoded = post(pen, 29, create(pen), ACCESS_DENIED)
    assert decoded.keys[0].path == "\\REGISTRY\\MACHINE\\Vendor\\New"
    assert decoded.status == ACCESS_DENIED


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (0, "24"),
        (BUFFER_TOO_SMALL, "24"),
        (ACCESS_DENIED, "not set: Status is STATUS_ACCESS_DENIED"),
    ],
)
def test_a_length_is_set_even_when_the_room_was_too_small(
    pen: Pen, status: int, shown: str
) -> None:
    pre = pen.structure(
        "REG_QUERY_VALUE_KEY_INFORMATION",
        Object=key(pen, KEY),
        ValueName=pen.string("v"),
        KeyValueInformationClass=2,
        KeyValueInformation=0x70001000,
        ResultLength=pen.number(24),
    )
    before = decode(pen.memory, 8, pre)
    assert text(before, "ResultLength") == "not set yet"
    assert text(before, "KeyValueInformationClass") == "KeyValuePartialInformation"
    assert before.problems == ("KeyValueInformation: user buffer, not present at 0x70001000",)
    after = post(pen, 23, pre, status, key(pen, KEY)).pre
    assert after is not None
    assert text(after, "ResultLength") == shown


def test_a_present_user_buffer_is_named(pen: Pen) -> None:
    pen.target.write(0x70001000, b"\0")
    address = pen.structure("REG_QUERY_KEY_INFORMATION", KeyInformation=0x70001000)
    assert text(decode(pen.memory, 7, address), "KeyInformation") == "user buffer"


def test_an_output_that_nobody_asked_for(pen: Pen) -> None:
    after = post(pen, 27, create(pen, Disposition=0), 0, key(pen, KEY)).pre
    assert after is not None
    assert text(after, "Disposition") is None
    assert after.problems == ()


def test_pre_information_that_is_not_there(pen: Pen) -> None:
    decoded = post(pen, 16, pen.missing, 0, key(pen, KEY))
    assert decoded.pre is not None
    assert decoded.pre.problems == (f"the structure: paged out or not mapped at {pen.missing:#x}",)
    assert decoded.keys[0].path == PATHS[KEY]


def test_save_merged_has_two_keys(pen: Pen) -> None:
    pre = pen.structure(
        "REG_SAVE_MERGED_KEY_INFORMATION",
        HighKeyObject=key(pen, KEY),
        LowKeyObject=key(pen, OTHER),
    )
    decoded = decode(pen.memory, 49, pre, key_path=key_path(pen))
    assert text(decoded, "Object") == "NULL: two keys are merged"
    members = [(each.member, each.path) for each in decoded.keys]
    assert members == [("HighKeyObject", PATHS[KEY]), ("LowKeyObject", PATHS[OTHER])]
    assert post(pen, 50, pre, 0).keys == decoded.keys


@pytest.mark.parametrize(
    ("number", "structure"),
    [
        (14, "REG_KEY_HANDLE_CLOSE_INFORMATION"),
        (40, "REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION"),
    ],
)
def test_a_key_object_without_references(pen: Pen, number: int, structure: str) -> None:
    address = pen.structure(structure, Object=key(pen, KEY), ObjectContext=0x1234)
    decoded = decode(pen.memory, number, address, key_path=key_path(pen))
    assert text(decoded, "Object") == f"{PATHS[KEY]} (being destroyed)"
    assert decoded.keys[0].path == PATHS[KEY]


@pytest.mark.parametrize("number", [10, 12])
def test_xps_create_and_open(pen: Pen, number: int) -> None:
    name = pen.string("\\REGISTRY\\USER\\x")
    pre = pen.structure("REG_PRE_CREATE_KEY_INFORMATION", CompleteName=name)
    (reference,) = decode(pen.memory, number, pre, build=2600).keys
    assert reference == KeyReference(
        "CompleteName", 0, "\\REGISTRY\\USER\\x", "\\REGISTRY\\USER\\x"
    )
    for status, path in ((0, PATHS[KEY]), (ACCESS_DENIED, "\\REGISTRY\\USER\\x")):
        done = pen.structure(
            "REG_POST_CREATE_KEY_INFORMATION",
            CompleteName=name,
            Object=key(pen, KEY),
            Status=status,
        )
        decoded = decode(pen.memory, number + 1, done, key_path=key_path(pen), build=2600)
        assert (decoded.status, decoded.keys[0].path) == (status, path)


def test_xps_relative_name_has_no_path(pen: Pen) -> None:
    pre = pen.structure("REG_PRE_OPEN_KEY_INFORMATION", CompleteName=pen.string("Vendor"))
    assert decode(pen.memory, 12, pre).keys == (KeyReference("CompleteName", 0, "Vendor", None),)


@pytest.mark.parametrize(
    ("number", "structure", "members"),
    [
        (1, "REG_SET_VALUE_KEY_INFORMATION", "Object ValueName TitleIndex Type Data DataSize"),
        (14, "REG_KEY_HANDLE_CLOSE_INFORMATION", "Object"),
        (16, "REG_POST_OPERATION_INFORMATION", "Object Status"),
        (28, "REG_OPEN_KEY_INFORMATION", "CompleteName RootObject"),
    ],
)
def test_structures_before_vista_are_shorter(
    pen: Pen, number: int, structure: str, members: str
) -> None:
    decoded = decode(pen.memory, number, pen.structure(structure), build=3790)
    assert " ".join(each.name for each in decoded.fields) == members


def test_names_of_many_values(pen: Pen) -> None:
    entries = b"".join(
        pen.structure_bytes("KEY_VALUE_ENTRY", ValueName=pen.string(name))
        for name in ["", *(f"v{index}" for index in range(19))]
    )
    address = pen.structure(
        "REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION",
        ValueEntries=pen.data(entries),
        EntryCount=20,
        BufferLength=pen.number(512),
    )
    decoded = decode(pen.memory, 9, address)
    names = text(decoded, "ValueEntries") or ""
    assert names.startswith('"(Default)", "v0", "v1", ')
    assert names.endswith('"v14", and 4 more')
    assert text(decoded, "BufferLength") == "512"
    assert text(decoded, "RequiredBufferLength") == "not set yet"


def test_security_information(pen: Pen) -> None:
    bits = pen.number(0x80000004)
    address = pen.structure("REG_SET_KEY_SECURITY_INFORMATION", SecurityInformation=bits)
    assert text(decode(pen.memory, 38, address), "SecurityInformation") == (
        "DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION"
    )


@pytest.mark.parametrize(
    ("information_class", "data", "shown"),
    [
        (0, bytes.fromhex("00803ed5deb19d01"), "1970-01-01T00:00:00Z"),
        (0, b"\xff" * 8, "0xffffffffffffffff"),
        (1, b"\1\0\0\0", "01 00 00 00"),
    ],
)
def test_new_metadata_of_a_key(pen: Pen, information_class: int, data: bytes, shown: str) -> None:
    address = pen.structure(
        "REG_SET_INFORMATION_KEY_INFORMATION",
        KeySetInformationClass=information_class,
        KeySetInformation=pen.data(data),
        KeySetInformationLength=len(data),
    )
    assert text(decode(pen.memory, 3, address), "KeySetInformation") == shown


def test_a_queried_name_is_read_after_success(pen: Pen) -> None:
    pre = pen.structure("REG_QUERY_KEY_NAME", ObjectNameInfo=pen.string("\\REGISTRY\\USER"))
    assert text(decode(pen.memory, 47, pre), "ObjectNameInfo") is None
    after = post(pen, 48, pre, 0).pre
    assert after is not None
    assert text(after, "ObjectNameInfo") == "\\REGISTRY\\USER"


@pytest.mark.parametrize(
    ("number", "structure", "values", "member", "shown"),
    [
        (41, "REG_RESTORE_KEY_INFORMATION", {"Flags": 9}, "Flags",
         "REG_WHOLE_HIVE_VOLATILE | REG_FORCE_RESTORE"),
        (43, "REG_SAVE_KEY_INFORMATION", {"Format": 2}, "Format", "REG_LATEST_FORMAT"),
        (5, "REG_ENUMERATE_KEY_INFORMATION", {"KeyInformationClass": 1}, "KeyInformationClass",
         "KeyNodeInformation"),
        (3, "REG_SET_INFORMATION_KEY_INFORMATION", {"KeySetInformationClass": 5},
         "KeySetInformationClass", "KeySetHandleTagsInformation"),
    ],
)  # fmt: skip
def test_words_for_numbers(
    pen: Pen, number: int, structure: str, values: dict[str, int], member: str, shown: str
) -> None:
    assert text(decode(pen.memory, number, pen.structure(structure, **values)), member) == shown


def test_file_names_of_a_replace(pen: Pen) -> None:
    address = pen.structure(
        "REG_REPLACE_KEY_INFORMATION", OldFileName=pen.string("old"), NewFileName=pen.string("new")
    )
    decoded = decode(pen.memory, 45, address)
    assert (text(decoded, "OldFileName"), text(decoded, "NewFileName")) == ("old", "new")


def test_an_unknown_class_is_its_bytes(pen: Pen) -> None:
    decoded = decode(pen.memory, 77, pen.data(bytes(range(0x90))))
    assert decoded.notify_class.number == 77
    assert (decoded.structure, decoded.fields, decoded.raw) == (None, (), bytes(range(0x80)))
    missing = decode(pen.memory, 77, pen.missing)
    assert missing.problems == (f"the structure: paged out or not mapped at {pen.missing:#x}",)


def test_an_internal_callbacks_argument_is_followed(pen: Pen) -> None:
    information = set_value(pen, b"\3\0\0\0", "REG_DWORD")
    argument = pen.data(pen.word(information) + bytes(16))
    decoded = decode(pen.memory, 1, argument, internal=True)
    assert (decoded.extended, decoded.address) == (argument, information)
    assert text(decoded, "Data") == "0x3 (3)"


def test_an_internal_callback_is_given_the_structure_where_there_is_no_other(pen: Pen) -> None:
    """ExInformation of the kernel's call is NULL: then Information goes to every callback."""
    information = set_value(pen, b"\3\0\0\0", "REG_DWORD")
    after = pen.structure("REG_POST_OPERATION_INFORMATION", PreInformation=information)
    argument = pen.data(pen.word(after) + bytes(16))
    cases = ((1, information, None), (16, after, None), (16, argument, argument))
    for number, address, extended in cases:
        decoded = decode(pen.memory, number, address, internal=True)
        assert (decoded.extended, decoded.problems) == (extended, ())
        assert (decoded.pre or decoded).structure == "REG_SET_VALUE_KEY_INFORMATION"


def test_an_internal_callbacks_argument_that_is_not_there(pen: Pen) -> None:
    decoded = decode(pen.memory, 1, pen.missing, internal=True)
    assert (decoded.extended, decoded.fields) == (pen.missing, ())
    assert decoded.problems == (
        f"the extended argument: paged out or not mapped at {pen.missing:#x}",
    )


def version(name: str) -> dict[str, int]:
    """The Version that the structure ``name`` must carry to be taken for itself."""
    return {"Version": int(name[-1])} if name.endswith(("_V1", "_V2")) else {}


@pytest.mark.parametrize(
    ("number", "name"), [(each.number, name) for each in CLASSES for name in each.structures]
)
def test_every_class_decodes_its_own_structures(pen: Pen, number: int, name: str) -> None:
    """All zeros: NULL everywhere is nobody's fault, so nothing is a problem."""
    decoded = decode(pen.memory, number, pen.structure(name, **version(name)))
    assert (decoded.structure, decoded.problems) == (name, ())


# The pointers that are followed, before the operation and only after it.
INPUTS = {
    "ValueName", "NewName", "CompleteName", "RemainingName", "Class", "KeyName", "SourceFile",
    "OldFileName", "NewFileName", "SecurityInformation", "ValueEntries", "BufferLength",
}  # fmt: skip
OUTPUTS = {
    "Disposition", "ResultObject", "RootHandle", "ResultLength", "ReturnLength",
    "RequiredBufferLength",
}  # fmt: skip


@pytest.mark.parametrize(
    "each",
    [each for each in CLASSES if each.phase == "pre" and each.number not in (10, 12)],
    ids=lambda each: each.name,
)
def test_pointers_that_lead_nowhere_cost_their_own_members(pen: Pen, each: NotifyClass) -> None:
    name = each.structures[0]
    members = structure(name, pen.pointer_size).members
    pointers = {member.name for member in members} & (INPUTS | OUTPUTS)
    values = {**version(name), **dict.fromkeys(pointers, pen.missing)}
    if "ValueEntries" in pointers:
        values["EntryCount"] = 3
    pre = pen.structure(name, **values)
    named = [problem.split(":")[0] for problem in decode(pen.memory, each.number, pre).problems]
    assert sorted(named) == sorted(pointers & INPUTS)
    assert each.pair is not None
    after = post(pen, each.pair, pre, 0).pre
    assert after is not None
    assert sorted(problem.split(":")[0] for problem in after.problems) == sorted(pointers)


def test_a_key_is_asked_for_its_path_once(pen: Pen) -> None:
    asked: list[int] = []
    decode(pen.memory, 1, set_value(pen, b""), key_path=asked.append)
    assert asked == [key(pen, KEY)]
