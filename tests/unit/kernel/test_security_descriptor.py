"""Security descriptors, and what is said of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.kernel.key_layouts import KEY_CONTROL_BLOCKS, KEY_SECURITY_CACHES
from pykd_ext.kernel.key_security import read_key_security
from pykd_ext.kernel.security_descriptor import BadDescriptor, parse_security_descriptor
from pykd_ext.present.security import security_lines
from tests.support.byte_target import Pen

# Made of the SDDL beside by Wine 8.0's advapi32.
ORDINARY = bytes.fromhex(  # O:BAG:SYD:PAI(D;;KW;;;BG)(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)
    # (A;CIIO;KA;;;CO)(A;CI;KR;;;S-1-15-2-1)
    "0100049414000000240000000000000030000000010200000000000520000000200200000101000000000005"
    "120000000200900006000000010018000600020001020000000000052000000022020000000214003f000f00"
    "010100000000000512000000000218003f000f00010200000000000520000000200200000002180019000200"
    "01020000000000052000000021020000000a14003f000f000101000000000003000000000002180019000200"
    "010200000000000f0200000001000000"
)
EMPTY = bytes.fromhex(  # O:SYG:SYD:
    "010004801400000020000000000000002c000000010100000000000512000000010100000000000512000000"
    "0200080000000000"
)
NO_DACL = bytes.fromhex(  # O:BAG:SYS:(AU;SA;KA;;;WD)
    "010010801400000024000000300000000000000001020000000000052000000020020000010100000000000512"
    "00000002001c0001000000024014003f000f00010100000000000100000000"
)


def test_in_words() -> None:
    assert security_lines(parse_security_descriptor(ORDINARY)) == [
        "owned by Administrators",
        "denies Guests: KEY_WRITE",
        "allows SYSTEM: KEY_ALL_ACCESS",
        "allows Administrators: KEY_ALL_ACCESS",
        "allows Users: KEY_READ",
        "allows ALL APPLICATION PACKAGES: KEY_READ",
    ]


def test_an_empty_dacl_and_none() -> None:
    assert parse_security_descriptor(EMPTY).dacl == ()
    assert security_lines(parse_security_descriptor(NO_DACL)) == [
        "owned by Administrators",
        "allows everybody everything: it has no DACL",
    ]


def test_entries_of_other_kinds_are_counted() -> None:
    place = ORDINARY.index(bytes.fromhex("00021800"))  # of Administrators
    other = bytearray(ORDINARY)
    other[place] = 9  # ACCESS_ALLOWED_CALLBACK_ACE_TYPE
    found = parse_security_descriptor(bytes(other))
    assert found.others == 1
    assert "and entries of other kinds, such as conditional ones: 1" in security_lines(found)


@pytest.mark.parametrize("length", range(0, len(ORDINARY), 7))
def test_one_that_is_cut_off(length: int) -> None:
    with pytest.raises(BadDescriptor):
        parse_security_descriptor(ORDINARY[:length])


@given(st.binary(max_size=200), st.integers(0, len(ORDINARY) - 1))
def test_anything_is_read_or_refused(garbage: bytes, place: int) -> None:
    for raw in (garbage, ORDINARY[:place] + garbage + ORDINARY[place + len(garbage) :]):
        try:
            found = parse_security_descriptor(raw)
        except BadDescriptor:
            continue
        assert security_lines(found)


@pytest.mark.parametrize("architecture", ["x64", "x86", "arm64"])
def test_of_a_key_on_every_processor(architecture: str) -> None:
    pen = Pen(architecture)
    build = pen.target.build
    at = KEY_SECURITY_CACHES.value(architecture, build)
    cache = bytearray(at.descriptor) + ORDINARY
    cache[at.length : at.length + 4] = len(ORDINARY).to_bytes(4, "little")
    layout = KEY_CONTROL_BLOCKS.value(architecture, build)
    block = bytearray(layout.size)
    behind_name = layout.name_block + pen.pointer_size
    block[behind_name : behind_name + pen.pointer_size] = pen.word(pen.data(bytes(cache)))
    found = read_key_security(pen.target, pen.data(bytes(block)))
    assert found == parse_security_descriptor(ORDINARY)
