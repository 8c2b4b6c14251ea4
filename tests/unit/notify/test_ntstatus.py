"""NTSTATUS names: the library's table whole, and mingw-w64's header as a second witness."""

from __future__ import annotations

import re
import subprocess

import pytest

from pykd_ext.notify import ntstatus
from pykd_ext.notify.ntstatus import status_name, status_text, status_value
from tests.support.compilers import MINGW
from tests.support.make_ntstatus_table import table

# Names that mingw-w64 10.0.0 has and the library has not, or under another number.
ONLY_IN_MINGW = re.compile(
    r"STATUS_(WAIT_\d+|ABANDONED_WAIT_\d+|GRAPHICS_(OPM|PVP)_\w+|GRAPHICS_DRIVER_MISMATCH"
    r"|PKU2U_CERT_FAILURE|FVE_FAILED_BAD_FS|FWP_\w+)"
)


def mingw_statuses() -> dict[str, int]:
    """All that its ntstatus.h defines, as the preprocessor has it."""
    source = "#include <windows.h>\n#undef WIN32_NO_STATUS\n#include <ntstatus.h>\n"
    command = [*MINGW[0].command, "-DWIN32_NO_STATUS", "-E", "-dM", "-xc", "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    found = re.findall(r"#define (STATUS_\w+) \(\(NTSTATUS\)(0x[0-9A-Fa-f]+)\)", run.stdout)
    return {name: int(value, 16) for name, value in found}


def test_the_file_is_the_librarys_table() -> None:
    file = ntstatus.TABLE.read_text(encoding="utf-8")
    assert file.splitlines() == list(table())


@pytest.mark.toolchain
def test_mingw_agrees() -> None:
    statuses = mingw_statuses()
    assert len(statuses) > 1600
    wrong = {name for name, value in statuses.items() if status_value(name) != value}
    assert {name for name in wrong if not ONLY_IN_MINGW.fullmatch(name)} == set()


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "STATUS_SUCCESS"),
        (0x104, "STATUS_REPARSE"),
        (0xC0000022, "STATUS_ACCESS_DENIED"),
        (0xC0000503, "STATUS_CALLBACK_BYPASS"),
        (0xC01C0011, "STATUS_FLT_INSTANCE_ALTITUDE_COLLISION"),
    ],
)
def test_look_up_both_ways(status: int, name: str) -> None:
    assert status_name(status) == status_text(status) == name
    assert status_value(name) == status_value(name.lower()) == status


def test_signed_and_short_forms() -> None:
    assert status_name(-1073741790) == "STATUS_ACCESS_DENIED"
    assert status_value(" access_denied") == 0xC0000022


def test_what_has_no_name() -> None:
    assert status_name(0xC0FFEE00) is None
    assert status_text(0xC0FFEE00) == "0xc0ffee00"
    assert status_value("STATUS_NO_SUCH_STATUS") is None
