"""Which layout was used, and how it is known: said in every output, and replaced on demand."""

from __future__ import annotations

import pytest

from pykd_ext.kernel.builds import VERIFIED, Provenance
from pykd_ext.kernel.callbacks import read_callbacks
from pykd_ext.kernel.layouts import BLOCKS
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate
from tests.support.targets import open_dump

KNOWN = [
    ("x64-3790", "derived", "SOURCES 1.4"),
    ("x64-6000", "derived", "SOURCES 1.3"),
    ("x64-26100", "real", "SOURCES 1.1"),
    ("x86-2600", "real", "SOURCES 1.4"),
    ("x86-6002", "real", "SOURCES 1.2"),
    ("arm64-22621", "derived", "SOURCES 1.1"),
]


@pytest.mark.parametrize(("profile", "known", "source"), KNOWN)
def test_list_and_check_say_how_the_layout_is_known(
    profile: str, known: str, source: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    truth = lab_dump(profile)
    for command in ("list", "check"):
        document = regcb.json(truth, command)
        validate(document)
        assert document["target"]["layout"] == {"known": known, "source": source}
        _, output, _ = regcb("-z", truth.path, "-y", truth.symbols, command)
        assert f"block layout: {known} ({source})\n" in output
        doubts = [each["what"] for each in document["problems"] if each["where"] == "layout"]
        assert len(doubts) == (known == "derived")
        assert all("regcb verify" in each for each in doubts)


@pytest.mark.parametrize("profile", ["x64-6000", "x86-6002", "x86-2600"])
def test_what_a_windows_does_not_count_is_not_judged(
    profile: str, lab_dump: MakeDump, regcb: Regcb
) -> None:
    document = regcb.json(lab_dump(profile), "check")
    assert {each["active_uses"] for each in document["callbacks"]} == {None}
    judged = {"uses-odd", "unregister-pending", "entry-orphaned"}
    assert judged.isdisjoint(each["id"] for each in document["findings"])


def test_a_layout_that_is_given_takes_the_rows_place(lab_dump: MakeDump) -> None:
    truth = lab_dump("x64-19041")
    with open_dump(truth) as target:
        row = BLOCKS.layout(target)
        swapped = row._replace(function=row.caller_context, caller_context=row.function)
        BLOCKS.give(target, swapped, Provenance(VERIFIED, "layout.json", None))
        found = read_callbacks(target)
    assert found.layout == (VERIFIED, "layout.json", None)
    read = [(each.context, each.function) for each in found.callbacks]
    assert read == [(each.function, each.context) for each in truth.callbacks]
