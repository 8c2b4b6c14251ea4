"""Random bytes as any structure, at any alignment: nothing raises, nothing reads without end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.notify.decode import decode
from pykd_ext.notify.notification import Notification
from pykd_ext.target.memory import PAGE
from tests.support.byte_target import CountingByteTarget

BASE = 0x8C340000  # a kernel address on x64 and x86
PAGES = 3  # the last of them is missing
DATA_LIMIT = 4 * PAGE

# 64 KB strings reach 17 pages at most. A notification holds five members with strings at most, the
# data, and 16 value names; its pre structure the same again.
READS_AT_MOST = 2 * (5 + 16 + 1) * 18


def words() -> st.SearchStrategy[list[int]]:
    """Random words, many of which point back to where they stand or look like small numbers."""
    near = st.integers(BASE - 8, BASE + PAGES * PAGE)
    return st.lists(near | st.integers(0, 0x40) | st.integers(0, (1 << 64) - 1), min_size=1)


def texts(notification: Notification) -> list[object]:
    """Everything that a presenter would touch."""
    value = notification.value
    shown: list[object] = [notification.keys, notification.problems, value and value.text()]
    shown += [each.text for each in notification.fields]
    return shown + (texts(notification.pre) if notification.pre else [])


@settings(max_examples=400)
@given(
    architecture=st.sampled_from(["x64", "x86"]),
    number=st.integers(0, 52) | st.integers(0, (1 << 64) - 1),
    content=words(),
    offset=st.integers(0, PAGES * PAGE),
    internal=st.booleans(),
    build=st.sampled_from([2600, 6000, 19041]),
)
def test_random_bytes(
    architecture: str, number: int, content: list[int], offset: int, internal: bool, build: int
) -> None:
    target = CountingByteTarget(architecture)
    size = target.memory.pointer_size
    raw = b"".join((word & ((1 << 8 * size) - 1)).to_bytes(size, "little") for word in content)
    target.write(BASE, (raw * (2 * PAGE // len(raw) + 1))[: (PAGES - 1) * PAGE])
    notification = decode(
        target.memory,
        number,
        BASE + offset,
        key_path=lambda address: f"\\{address:x}",
        data_limit=DATA_LIMIT,
        internal=internal,
        build=build,
    )
    assert target.reads <= READS_AT_MOST
    assert notification.notify_class.number == number & 0xFFFFFFFF
    assert texts(notification)
