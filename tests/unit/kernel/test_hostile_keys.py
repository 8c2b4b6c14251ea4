"""Random bytes as key objects, control blocks and names: nothing raises, nothing is endless."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.commands import key
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.memory import PAGE
from tests.support.byte_command import run_command
from tests.support.byte_target import CountingByteTarget
from tests.support.registry_types import BUILDS
from tests.support.schemas import validate

BASE = 0x8C340000  # a kernel address on x64 and x86
PAGES = 3  # the last of them is missing
KY02 = 0x6B793032

# A path has 1024 keys at most, each of them on a page, with a name of 64 KB; but there are three
# pages here, and the same page is read once.
READS_AT_MOST = 2000


def words() -> st.SearchStrategy[list[int]]:
    """Random words, many of which point back to where they stand or look like small numbers."""
    near = st.integers(BASE - 8, BASE + PAGES * PAGE)
    small = st.integers(0, 0x40) | st.just(KY02) | st.sampled_from([0x1B, 0x202E, 0xFFFF])
    return st.lists(near | small | st.integers(0, (1 << 64) - 1), min_size=1, max_size=64)


@settings(max_examples=400)
@given(
    kind=st.sampled_from(BUILDS),
    content=words(),
    offset=st.integers(0, 63),
    handle=st.integers(0, 1 << 32),
)
def test_random_bytes(kind: tuple[str, int], content: list[int], offset: int, handle: int) -> None:
    architecture, build = kind
    target = CountingByteTarget(architecture)
    target.build = build
    size = target.memory.pointer_size
    raw = b"".join((word & ((1 << 8 * size) - 1)).to_bytes(size, "little") for word in content)
    target.write(BASE, (raw * (2 * PAGE // len(raw) + 1))[: (PAGES - 1) * PAGE])
    target.symbols["PsActiveProcessHead"] = BASE + 8 * offset
    address = BASE + offset * size
    target.write(address, KY02.to_bytes(4, "little"))
    target.reads = 0
    for asked in ([hex(address)], [f"{handle:x}", "--process", str(content[0])]):
        try:
            output = run_command(key, target, asked)
            document = json.loads(run_command(key, target, [*asked, "--json"]))
        except RegcbError as error:
            assert "\n" not in str(error)
            continue
        validate(document)
        assert all(char.isprintable() or char == "\n" for char in output)
    assert target.reads <= READS_AT_MOST
