"""Dumps of machines that had not crashed: what their headers say, and what is made of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from pykd_ext.target import BugCheck
from pykd_ext.target.dump_origin import dump_origin
from tests.support.regcb import MakeDump, Regcb

# Where the header has BugCheckCode, its first parameter, and Attributes.
_FIELDS = {"x64-19041": (0x38, 0x40, "<Q", 0x1050), "x86-7601": (0x28, 0x2C, "<I", 0x8A0)}
_TASK_MANAGER = 0x0054_6173_6B6D_6772  # Microsoft, "Bug Check 0x161: LIVE_SYSTEM_DUMP"
_LIVE, _ENCRYPTED, _DECRYPTED = 0x10, 0x100, 0x200
_PAGE = 0x4547_4150  # what stands in the place of Attributes before Windows 8

Headed = Callable[..., "tuple[int, str]"]
LIVE = "a live kernel dump (code {}): the machine had not crashed and went on"
NOT_FROZEN = "nothing says that the machine stood still meanwhile"
NO_CRASH = "the header names no bug check"


@pytest.fixture
def headed(lab_dump: MakeDump, tmp_path: Path, regcb: Regcb) -> Headed:
    """What a command says of a dump with that code, first parameter and attributes."""

    def run(
        words: str, code: int, parameter: int, attributes: int, profile: str = "x64-19041"
    ) -> tuple[int, str]:
        truth = lab_dump(profile, 5)
        data = bytearray(Path(truth.path).read_bytes())
        code_at, parameter_at, word, attributes_at = _FIELDS[profile]
        struct.pack_into("<I", data, code_at, code)
        struct.pack_into(word, data, parameter_at, parameter)
        struct.pack_into("<I", data, attributes_at, attributes)
        path = tmp_path / "live.dmp"
        path.write_bytes(data)
        status, output, errors = regcb(*words.split(), "-z", path, "-y", truth.symbols)
        return status, output + errors

    return run


@pytest.mark.parametrize("profile", _FIELDS)
@pytest.mark.parametrize(
    ("code", "attributes", "says", "is_frozen"),
    [
        (0x161, _PAGE, LIVE.format("0x161"), True),
        (0x15F, _LIVE, LIVE.format("0x15f"), True),
        (0x15F, 0, "", True),
        (0xE2, _PAGE, "", True),
        (0, 0, NO_CRASH, False),
        (0x4D41_5454, 0, NO_CRASH, False),
        (0xE2, _ENCRYPTED | _DECRYPTED, "", True),
    ],
)
def test_what_the_header_says(
    profile: str, code: int, attributes: int, says: str, is_frozen: bool, headed: Headed
) -> None:
    for words in ("list", "check"):
        status, said = headed(words, code, 0, attributes, profile)
        assert status in (0, 1)
        assert (f"! dump: {says}" in said) if says else ("! dump:" not in said)
        assert (NOT_FROZEN in said) != is_frozen


def test_no_crash_is_made_of_it(headed: Headed) -> None:
    assert "bug check 0xe2" in headed("show --thread", 0xE2, 0, 0)[1]
    for code, attributes in ((0x161, 0), (0xE2, _LIVE), (0, 0)):
        status, said = headed("show --thread", code, _TASK_MANAGER, attributes)
        assert status == 0
        assert "bug check 0x" not in said
        assert "not crashed" in said or NO_CRASH in said
    assert "(code 0x161, by Task Manager)" in headed("list", 0x161, _TASK_MANAGER, 0)[1]


def test_encrypted_memory_is_named(headed: Headed) -> None:
    status, said = headed("list", 0xE2, 0, _ENCRYPTED)
    assert (status, said.count("\n")) == (2, 1)
    assert "the memory in this dump is encrypted: decrypt it with KernelDumpDecrypt" in said


def test_a_small_live_dump(lab_dump: MakeDump, tmp_path: Path, regcb: Regcb) -> None:
    """As Windows Error Reporting leaves them in LiveKernelReports."""
    data = bytearray(Path(lab_dump("x64-19041", 4).path).read_bytes())
    struct.pack_into("<I", data, 0x38, 0x1000_0161)  # ..._M, as of a minidump
    path = tmp_path / "live.dmp"
    path.write_bytes(data)
    status, output, _ = regcb("list", "-z", path)
    assert status == 0
    assert f"! dump: {LIVE.format('0x161')}" in output
    assert "! bug check:" not in output


def test_a_crash_is_one() -> None:
    crash = BugCheck(0x135, (1, 2, 3, 4))
    assert dump_origin(crash, _PAGE) == (crash, True, False, "")
