"""What a query has filled in, from buffers in user space, on x64 and x86."""

from __future__ import annotations

import pytest

from pykd_ext.notify.decode import decode
from pykd_ext.notify.notification import Field
from pykd_ext.notify.structures import structure
from pykd_ext.notify.values import VALUE_TYPES
from tests.support.byte_target import Pen

SUCCESS, BUFFER_OVERFLOW = 0, 0x80000005
BUFFER = 0x70001000  # in user space on both
JANUARY_2024 = 133_485_408_000_000_000  # 2024-01-01T00:00:00Z, as FILETIME

QUERIES = {  # pre class, its structure, the member with the class, the member with the buffer
    "enumerate-key": (5, "REG_ENUMERATE_KEY_INFORMATION", "KeyInformation"),
    "query-key": (7, "REG_QUERY_KEY_INFORMATION", "KeyInformation"),
    "enumerate-value": (6, "REG_ENUMERATE_VALUE_KEY_INFORMATION", "KeyValueInformation"),
    "query-value": (8, "REG_QUERY_VALUE_KEY_INFORMATION", "KeyValueInformation"),
}


@pytest.fixture(params=["x64", "x86", "arm64"])
def pen(request: pytest.FixtureRequest) -> Pen:
    return Pen(request.param)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def filled(pen: Pen, form: str, tail: bytes, **members: int) -> bytes:
    """The structure ``form`` up to the array at its end, then ``tail``."""
    last = structure(form, pen.pointer_size).members[-1]
    return pen.structure_bytes(form, **members)[: last.offset] + tail


def answered(
    pen: Pen,
    query: str,
    information_class: int,
    content: bytes,
    status: int = SUCCESS,
    room: int = 0,
) -> Field:
    """The buffer's member, as the post notification of ``query`` shows it."""
    number, name, member = QUERIES[query]
    if content:
        pen.target.write(BUFFER, content)
    asked = {f"{member}Class": information_class, member: BUFFER, "Length": room or len(content)}
    pre = pen.structure(name, **asked)
    post = pen.structure(
        "REG_POST_OPERATION_INFORMATION", Object=pen.missing, Status=status, PreInformation=pre
    )
    notification = decode(pen.memory, number + 15, post).pre
    assert notification is not None
    field = notification.field(member)
    assert field is not None
    return field


@pytest.mark.parametrize("query", ["enumerate-value", "query-value"])
@pytest.mark.parametrize(
    ("information_class", "shown"),
    [
        (0, "'Start' REG_DWORD"),
        (1, "'Start' REG_DWORD 0x2 (2)"),
        (2, "REG_DWORD 0x2 (2)"),
        (3, "'Start' REG_DWORD 0x2 (2)"),
        (4, "REG_DWORD 0x2 (2)"),
    ],
)
def test_a_value_that_was_read(pen: Pen, query: str, information_class: int, shown: str) -> None:
    name, data = utf16("Start"), (2).to_bytes(4, "little")
    dword = VALUE_TYPES["REG_DWORD"]
    full = "KEY_VALUE_FULL_INFORMATION"
    contents = [
        filled(pen, "KEY_VALUE_BASIC_INFORMATION", name, Type=dword, NameLength=10),
        filled(pen, full, name + data, Type=dword, NameLength=10, DataOffset=20 + 10, DataLength=4),
        filled(pen, "KEY_VALUE_PARTIAL_INFORMATION", data, Type=dword, DataLength=4),
        filled(
            pen,
            full,
            name + bytes(2) + data,
            Type=dword,
            NameLength=10,
            DataOffset=32,
            DataLength=4,
        ),
        filled(pen, "KEY_VALUE_PARTIAL_INFORMATION_ALIGN64", data, Type=dword, DataLength=4),
    ]
    field = answered(pen, query, information_class, contents[information_class])
    assert (field.text, field.problem) == (shown, None)


@pytest.mark.parametrize("query", ["enumerate-key", "query-key"])
@pytest.mark.parametrize(
    ("information_class", "shown"),
    [
        (0, "'Vendor', written 2024-01-01T00:00:00Z"),
        (1, "'Vendor', class 'C', written 2024-01-01T00:00:00Z"),
        (2, "class 'C', 3 subkeys, 5 values, written 2024-01-01T00:00:00Z"),
        (3, "'Vendor'"),
    ],
)
def test_a_key_that_was_read(pen: Pen, query: str, information_class: int, shown: str) -> None:
    name, klass, written = utf16("Vendor"), utf16("C"), JANUARY_2024
    counts = {"SubKeys": 3, "Values": 5}
    contents = [
        filled(pen, "KEY_BASIC_INFORMATION", name, LastWriteTime=written, NameLength=12),
        filled(
            pen, "KEY_NODE_INFORMATION", name + klass,
            LastWriteTime=written, NameLength=12, ClassOffset=24 + 12, ClassLength=2,
        ),
        filled(
            pen, "KEY_FULL_INFORMATION", klass,
            LastWriteTime=written, ClassOffset=44, ClassLength=2, **counts,
        ),
        filled(pen, "KEY_NAME_INFORMATION", name, NameLength=12),
    ]  # fmt: skip
    field = answered(pen, query, information_class, contents[information_class])
    assert (field.text, field.problem) == (shown, None)


def test_a_value_without_name_and_data(pen: Pen) -> None:
    content = filled(pen, "KEY_VALUE_FULL_INFORMATION", b"", Type=VALUE_TYPES["REG_SZ"])
    assert answered(pen, "query-value", 1, content).text == "(Default) REG_SZ no data"


def test_a_query_that_failed_shows_no_result(pen: Pen) -> None:
    content = filled(pen, "KEY_NAME_INFORMATION", utf16("Vendor"), NameLength=12)
    assert answered(pen, "query-key", 3, content, BUFFER_OVERFLOW).text == "user buffer"


def test_a_class_that_is_not_known_is_a_buffer(pen: Pen) -> None:
    assert answered(pen, "query-key", 77, bytes(64)).text == "user buffer"


def test_lengths_that_lie_never_leave_the_buffer(pen: Pen) -> None:
    huge = 0xFFFF_FFFF
    name = filled(pen, "KEY_NAME_INFORMATION", utf16("Vendor") + bytes(50), NameLength=huge)
    assert answered(pen, "query-key", 3, name, room=16).text == "'Vendor'"
    value = filled(
        pen, "KEY_VALUE_FULL_INFORMATION", b"",
        Type=VALUE_TYPES["REG_BINARY"], NameLength=huge, DataOffset=huge, DataLength=huge,
    )  # fmt: skip
    text = answered(pen, "query-value", 1, value).text
    assert text == "(Default) REG_BINARY .. (4294967295 bytes)"


def test_a_buffer_that_is_gone_or_too_small(pen: Pen) -> None:
    gone = answered(pen, "query-key", 3, b"", room=64)
    assert (gone.text, gone.problem) == (None, f"user buffer, not present at {BUFFER:#x}")
    small = answered(pen, "query-key", 0, bytes(64), room=15)
    assert small.problem == "its Length 0xf has no room for a KEY_BASIC_INFORMATION"
