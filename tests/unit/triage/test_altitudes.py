"""Altitudes: the kernel's order, Microsoft's list, and ``regcb altitude``."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.kernel.altitude_order import altitude_key
from pykd_ext.triage.altitude_page import PageError, parse_page, write_tables
from pykd_ext.triage.altitudes import (
    Allocation,
    allocations,
    find,
    group_of,
    neighbours,
    search,
)
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

# What RtlCompareAltitudes does step by step (SOURCES 2.3), lowest first.
ASCENDING = ["", ".1", "9", "10", "385200", "385200.05", "385200.1", "385200.15", "1000000"]


def test_the_order_of_altitudes() -> None:
    for low, high in combinations(ASCENDING, 2):
        assert altitude_key(low) < altitude_key(high), (low, high)


@pytest.mark.parametrize("same", ["385200", "0385200", "385200.", "385200.0", "000385200.000"])
def test_zeros_that_do_not_count(same: str) -> None:
    assert altitude_key(same) == altitude_key("385200")


def test_characters_are_compared_not_numbers() -> None:
    """The kernel takes any text; only the first point splits it."""
    assert altitude_key("38520a") > altitude_key("385209")
    assert altitude_key("1.2.3") > altitude_key("1.2")
    assert altitude_key("\ud83d\ude00") > altitude_key("99")  # two WCHARs, the first above '9'
    assert altitude_key("\uffff") < altitude_key("10")
    assert altitude_key("\ud800") > altitude_key("1")


@given(st.decimals(0, 10**9, places=3), st.decimals(0, 10**9, places=3))
def test_clean_numbers_are_in_their_own_order(one: Any, other: Any) -> None:
    assert (altitude_key(str(one)) < altitude_key(str(other))) == (one < other)


def test_the_list_is_whole() -> None:
    assert len(allocations()) == 2137
    assert all(group_of(each.altitude) for each in allocations())
    assert {each.group for each in allocations()} <= {
        group.name for each in allocations() if (group := group_of(each.altitude))
    }


def test_find_takes_any_spelling() -> None:
    windows_defender = (Allocation("328010", "WdFilter.sys", "Microsoft", "FSFilter Anti-Virus"),)
    assert find("328010") == find("0328010.0") == windows_defender
    assert find("328010.5") == find("") == find("x") == ()
    assert len(find("389340.6")) == 2  # a file for 32-bit, a file for 64-bit


def test_neighbours_and_groups() -> None:
    above, below = neighbours("328011")
    assert below and below.driver_file == "WdFilter.sys"
    assert above and altitude_key(above.altitude) > altitude_key("328011")
    assert neighbours("999999999")[0] is None and neighbours("0")[1] is None
    group = group_of("5")
    assert group and group.name == "FSFilter Infrastructure"
    nowhere = ("410000", "x", "", "1.", "\u0663", "9" * 5000)
    assert [group_of(each) for each in nowhere] == [None] * 6
    assert group_of("0329998.9") == group_of("320000") != group_of("329999")


def test_search_is_by_driver_and_company() -> None:
    assert [each.driver_file for each in search("WDFILTER")] == ["WdFilter.sys"]
    assert {"csagent.sys"} <= {each.driver_file for each in search("crowdstrike")}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("328010", "328010      WdFilter.sys  Microsoft  FSFilter Anti-Virus"),
        ("wdfilter", "328010      WdFilter.sys  Microsoft  FSFilter Anti-Virus"),
        ("328011", "328011 is allocated to nobody"),
        ("nobody\x1b[2J", "no driver and no company is called like 'nobody\\x1b[2J'"),
    ],
    ids=["number", "driver", "free", "hostile"],
)
def test_the_command(asked: str, shown: str, regcb: Regcb) -> None:
    status, output, errors = regcb("altitude", asked)
    assert (status, errors) == (0, "")
    assert shown in output.splitlines()
    assert "a hint, not proof" in output
    document = json.loads(regcb("altitude", asked, "--json")[1])
    validate(document)
    assert bool(document["allocations"]) == ("WdFilter" in shown)


def test_show_and_the_wide_list_name_who_has_the_altitude(lab_dump: MakeDump, regcb: Regcb) -> None:
    truth = lab_dump()
    target = ("-z", truth.path, "-y", truth.symbols)
    assert "WdFilter.sys (Microsoft)" in regcb(*target, "list", "--wide")[1]
    assert (
        "\naltitude    328010, allocated to WdFilter.sys (Microsoft)\n"
        in regcb(*target, "show", "328010")[1]
    )
    document = regcb.json(truth, "show", "328010")
    validate(document)
    allocated = document["callbacks"][0]["altitude_allocations"]
    assert [each["driver_file"] for each in allocated] == ["WdFilter.sys"]


PAGE = """---
title: Allocated Filter Altitudes
---
| not | yet |
## 320000 - 329998: FSFilter Anti-Virus

| Minifilter   | Altitude | Company         |
|--------------|:--------:|-----------------|
| WdFilter.sys | 328010   | Microsoft       |
| a.sys (Renamed) | 320400.5 | A, "B" & Co. |

## 140000 - 149999: FSFilter Encryption
"""


def test_the_page_makes_the_tables(tmp_path: Path) -> None:
    page, table, groups = (tmp_path / name for name in ("page.md", "table.csv", "groups.csv"))
    page.write_text(PAGE)
    assert write_tables(page, table, groups) == 2
    assert table.read_text().splitlines() == [
        "altitude,driver_file,company,group",
        "328010,WdFilter.sys,Microsoft,FSFilter Anti-Virus",
        '320400.5,a.sys (Renamed),"A, ""B"" & Co.",FSFilter Anti-Virus',
    ]
    assert groups.read_text().splitlines() == [
        "name,low,high",
        "FSFilter Anti-Virus,320000,329998",
        "FSFilter Encryption,140000,149999",
        "FSFilter Infrastructure,0,19999",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("| a.sys | 328010x | A |", "line 11: not 'Minifilter"),
        ("| a.sys | 328010 |", "line 11: not 'Minifilter"),
        ("| a.sys | 400000 | A |", "line 11: 400000 is not in 320000 - 329998"),
    ],
    ids=["number", "cells", "range"],
)
def test_a_page_that_has_changed_is_refused(row: str, message: str) -> None:
    with pytest.raises(PageError, match=message):
        parse_page(PAGE.replace("\n\n## 14", f"\n{row}\n\n## 14").splitlines())
    with pytest.raises(PageError, match="no table"):
        parse_page(["# Allocated filter altitudes"])
