"""What listing costs, in target requests: over KD each is a round trip."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.listing import read_listing

from .conftest import MakeDump
from .targets import CountingTarget, open_dump


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
