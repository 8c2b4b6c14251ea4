"""What listing costs, in target requests: over KD each is a round trip."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykd_ext.kernel.listing import read_listing
from pykd_ext.kernel.requestor import read_requestor
from pykd_ext.kernel.stopped_callback import read_stop
from pykd_ext.notify.notification_call import read_notification_call
from tests.lab import make_dump
from tests.support.regcb import MakeDump
from tests.support.targets import CountingTarget, open_dump


@pytest.mark.parametrize("count", [1, 4, 16, 64, 200])
def test_listing_n_callbacks_takes_at_most_2n_plus_30_requests(
    count: int, lab_dump: MakeDump
) -> None:
    truth = lab_dump("x64-19041", callbacks=count)
    with open_dump(truth) as dump:
        target = CountingTarget(dump)
        assert len(read_listing(target).entries) == count
    assert sum(target.requests.values()) <= 2 * count + 30, target.requests


def test_a_page_is_read_once_until_the_target_runs(lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041")
    with open_dump(truth) as dump:
        target = CountingTarget(dump)
        read_listing(target)
        before = target.requests["read"]
        read_listing(target)
        assert target.requests["read"] == before
        target.memory.invalidate()
        read_listing(target)
        assert target.requests["read"] == 2 * before


@pytest.mark.toolchain
@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621"])
def test_decoding_a_set_value_takes_at_most_14_requests_beyond_the_stop(
    profile: str, tmp_path: Path
) -> None:
    """With the key's path, who has asked, and what the symbols are asked for the first time."""
    truth = make_dump(tmp_path / "stop.dmp", profile, stopped_in="RegNtPreSetValueKey")
    with open_dump(truth) as dump:
        target = CountingTarget(dump)
        stop = read_stop(target)
        target.requests.clear()
        target.memory.invalidate()
        found = read_notification_call(
            target,
            stop.notify_class,
            stop.information,
            callback=stop.callback,
            requestor=read_requestor(target),
        )
    assert found.notification.keys[0].path == truth.keys["Run"].path
    assert found.requestor is not None
    assert found.requestor.process_name == "regedit.exe"
    assert sum(target.requests.values()) <= 14, target.requests
