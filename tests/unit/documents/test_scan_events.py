"""One finding, one event, by the rules of those who collect events."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.command_line.scan_dump import scan_dump
from pykd_ext.command_line.scan_request import ScanOptions
from pykd_ext.documents.attack_techniques import technique_of
from pykd_ext.documents.callback_fields import CallbackDocument
from pykd_ext.documents.ecs import ecs_events
from pykd_ext.documents.findings import FindingDocument
from pykd_ext.documents.ocsf import ocsf_events
from pykd_ext.documents.scan import ScanDocument
from pykd_ext.documents.scan_events import event_document, scan_events
from pykd_ext.documents.timesketch import timesketch_events
from pykd_ext.triage.check import CHECKS
from tests.support.foreign_schemas.ecs import faults_in_ecs
from tests.support.foreign_schemas.ocsf import faults_in_ocsf

SAMPLES = Path(__file__).parents[3] / "samples"
SYMBOLS = str(SAMPLES / "symbols")
Event = dict[str, Any]


def scanned(path: Path, symbols: str = SYMBOLS) -> ScanDocument:
    return scan_dump(str(path), ScanOptions(symbols, form="ecs"))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[ScanDocument]:
    """Of the samples (with a list blinded, a crash, and nothing above info), and of two files that
    are no dumps."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "empty.dmp").touch()
    control = "" if os.name == "nt" else "\x1b[2J"  # which Windows has in no name
    (folder / f"hostile{control}\u202e.dmp").write_bytes(b"PAGEDU64")
    paths = [*sorted(SAMPLES.glob("*-x64.dmp")), *sorted(folder.iterdir())]
    return [{**scanned(path), "host": "WS-0042"} for path in paths]


def texts(value: Any) -> Iterator[str]:
    """Every value of an event as text; fails at a null."""
    assert value is not None
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    else:
        yield str(value)


def test_one_event_for_each_finding(results: list[ScanDocument]) -> None:
    for result in results:
        events = list(scan_events(result))
        assert [each.finding for each in events if each.finding] == result["findings"]
        assert [(each.number, each.total) for each in events] == [
            (number, len(events)) for number in range(1, len(events) + 1)
        ]
    assert len([each for each in results if each["state"] == "failed"]) == 2


def test_ecs_has_its_own_fields_and_words(results: list[ScanDocument]) -> None:
    for event in (each for result in results for each in ecs_events(result)):
        assert faults_in_ecs(event, own="regcb") == []
        assert all(text.isprintable() for text in texts(event))


def test_ocsf_has_its_own_attributes_and_numbers(results: list[ScanDocument]) -> None:
    """The same without a machine's name, which its device needs."""
    nameless: list[ScanDocument] = [{**each, "host": None} for each in results]
    events = [event for result in results + nameless for event in ocsf_events(result)]
    assert {each["class_uid"] for each in events} == {2004, 6007}
    for event in events:
        assert faults_in_ocsf(event) == []
        assert all(text.isprintable() for text in texts(event))


def test_an_ocsf_event_of_a_finding(results: list[ScanDocument]) -> None:
    (blinded,) = (each for each in results if "blinded" in each["path"])
    first, *_ = events = list(ocsf_events(blinded))
    assert [each["finding_info"]["title"] for each in events] == [
        each["id"] for each in blinded["findings"]
    ]
    (attack,) = first["finding_info"]["attacks"]
    assert attack["sub_technique"]["uid"] == "T1562.001"
    (evidence,) = first["evidences"]
    assert evidence["file"]["hashes"][0]["value"] == blinded["sha256"]
    assert (first["device"]["hostname"], first["severity_id"]) == ("WS-0042", 4)
    assert first["time"] % 1000 == 0 and first["time"] / 1000 == pytest.approx(
        datetime.fromisoformat(blinded["started"].replace("Z", "+00:00")).timestamp()
    )


def test_what_ocsf_says_of_a_failure(results: list[ScanDocument]) -> None:
    (late,) = (each for each in results if "empty" in each["path"])
    for fault, activity in (("dump", 6), ("time", 4)):
        (event,) = ocsf_events({**late, "fault": fault})  # type: ignore[typeddict-item]
        assert (event["activity_id"], event["status_id"], event["status_code"]) == (
            activity, 2, fault,
        )  # fmt: skip


def test_timesketch_has_what_it_must(results: list[ScanDocument]) -> None:
    events = [event for result in results for event in timesketch_events(result)]
    for event in events:
        assert event["message"] and event["timestamp_desc"]
        assert datetime.fromisoformat(event["datetime"]).utcoffset() == timedelta(0)
        assert not [each for each in event.values() if isinstance(each, dict)]
        assert all(text.isprintable() for text in texts(event))
    (unloaded,) = (each for each in events if each.get("finding") == "owner-unloaded")
    assert (unloaded["owner"], unloaded["severity"]) == ("trialav.sys", "high")


def test_an_id_is_the_same_in_every_format(results: list[ScanDocument]) -> None:
    for result in results:
        ids = [each.id for each in scan_events(result)]
        assert ids == [each["event"]["id"] for each in ecs_events(result)]
        assert ids == [each["metadata"]["uid"] for each in ocsf_events(result)]
        assert ids == [each["event_id"] for each in timesketch_events(result)]


def test_an_ecs_event_of_a_finding() -> None:
    path = SAMPLES / "blinded-x64.dmp"
    events = list(ecs_events({**scanned(path), "host": "WS-0042"}))
    assert [each["rule"]["id"] for each in events] == [
        "head-links-disagree", "owner-unloaded", "altitude-foreign", "driver-silent",
    ]  # fmt: skip
    first, unloaded, *infos = events
    assert first["event"]["kind"] == "alert"
    assert first["host"]["name"] == "WS-0042"
    assert first["file"]["hash"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert first["file"]["size"] == path.stat().st_size
    assert first["threat"]["technique"]["id"] == ["T1562"]
    assert first["threat"]["technique"]["subtechnique"]["id"] == ["T1562.001"]
    assert "threat" not in unloaded
    assert unloaded["regcb"]["callback"]["owner"] == "trialav.sys"
    assert {each["event"]["kind"] for each in infos} == {"event"}


def test_a_failure_and_no_finding_are_events_too(results: list[ScanDocument]) -> None:
    failed = [each for each in results if each["state"] == "failed"]
    for event in (each for result in failed for each in ecs_events(result)):
        assert (event["event"]["outcome"], event["event"]["kind"]) == ("failure", "event")
        assert event["error"]["type"] == "dump" and event["message"] == event["error"]["message"]
    (sound,) = (each for each in results if "sound" in each["path"])
    (event,) = ecs_events({**sound, "findings": []})
    assert (event["message"], event["event"]["outcome"]) == ("no finding", "success")
    assert not {"error", "rule", "threat"} & set(event)


def test_an_id_is_the_same_in_every_run(results: list[ScanDocument], tmp_path: Path) -> None:
    """Elsewhere, too, and without symbols, which change what is said of a finding."""
    (blinded,) = (each for each in results if "blinded" in each["path"])
    copied = tmp_path / "copy.dmp"
    copied.write_bytes((SAMPLES / "blinded-x64.dmp").read_bytes())
    again = {each.id for each in scan_events(scanned(copied, "none"))}
    ids = [each.id for each in scan_events(blinded)]
    assert set(ids) <= again
    reworded: list[FindingDocument] = [
        {**each, "summary": "in other words"} for each in blinded["findings"]
    ]
    assert [each.id for each in scan_events({**blinded, "findings": reworded})] == ids
    every = [event.id for result in results for event in scan_events(result)]
    assert len(every) == len(set(every))


def test_findings_alike_have_ids_of_their_own(results: list[ScanDocument]) -> None:
    (blinded,) = (each for each in results if "blinded" in each["path"])
    twice = [blinded["findings"][0]] * 2
    events = scan_events({**blinded, "findings": twice})
    assert len({each.id for each in events}) == 2


def test_every_technique_is_of_a_finding_that_there_is() -> None:
    ids = {each.__name__.replace("_", "-") for each in CHECKS}
    of = {each: technique_of(finding(each), None) for each in sorted(ids)}
    assert {each.part or each.id for each in of.values() if each} == {"T1562.001", "T1014"}
    assert of["owner-none"] and of["owner-none"].id == "T1014"
    assert not of["owner-unloaded"] and not of["callback-crashed"]


def test_what_explains_itself_has_no_technique() -> None:
    assert technique_of(finding("entry-orphaned", "info"), None) is None


def test_etw_is_an_indicator_and_no_tool() -> None:
    callback: CallbackDocument = {"function_symbol": "nt!EtwpRegTraceCallback"}  # type: ignore
    technique = technique_of(finding("prologue-patched"), callback)
    assert technique and technique.part == "T1562.006"


def finding(id_: str, severity: str = "high") -> FindingDocument:
    return {
        "id": id_, "severity": severity, "callback": None, "summary": "", "evidence": {},
        "doubt": None, "next": "",
    }  # fmt: skip


def test_what_is_not_known_is_left_out() -> None:
    given: Event = {"a": None, "b": {"c": None, "d": {}}, "e": [], "f": 0, "g": "\ud800\n"}
    assert event_document(given) == {"e": [], "f": 0, "g": "\\ud800\\x0a"}
    assert json.loads(json.dumps(event_document(given))) == event_document(given)
