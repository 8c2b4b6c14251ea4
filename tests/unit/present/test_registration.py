"""A registration in `watch`, of which not all is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext import open_target
from pykd_ext.kernel.listing import target_facts
from pykd_ext.kernel.requestor import NO_REQUESTOR, Requestor
from pykd_ext.live.registrations import Registration
from pykd_ext.present.registration import registration_text

SAMPLE = Path(__file__).parents[3] / "samples" / "sound-x64.dmp"
UNREADABLE = "the thread: its mode: memory at 0x1000 is paged out or not mapped"
THREAD = Requestor(0xE10, 6720, 0xE20, 6716, "regedit.exe", None, problems=(UNREADABLE,))


@pytest.mark.parametrize(("requestor", "says"), [(THREAD, UNREADABLE), (None, NO_REQUESTOR)])
def test_what_is_not_known_of_who_asks_is_said(requestor: Requestor | None, says: str) -> None:
    registration = Registration(
        time=0, kind="register", requestor=requestor, function=None, function_symbol=None,
        owner=None, altitude="140000", context=None, cookie=None, status=0, callback=None, stack=(),
    )  # fmt: skip
    with open_target(SAMPLE, "") as target:
        lines = registration_text(target_facts(target), registration).splitlines()
    assert f"  ! {says}" in lines
