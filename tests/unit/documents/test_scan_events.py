"""One finding, one event, by the rules of those who collect events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.command_line.scan_dump import ScanOptions, scan_dump
from pykd_ext.documents.attack_techniques import technique_of
from pykd_ext.documents.callback_fields import CallbackDocument
from pykd_ext.documents.ecs import ecs_events
from pykd_ext.documents.findings import FindingDocument
from pykd_ext.documents.scan import ScanDocument
from pykd_ext.documents.scan_events import event_document, scan_events
from pykd_ext.triage.check import CHECKS
from tests.support.event_schemas import faults_in_ecs

SAMPLES = Path(__file__).parents[3] / "samples"
SYMBOLS = str(SAMPLES / "symbols")
Event = dict[str, Any]


def scanned(path: Path, symbols: str = SYMBOLS) -> ScanDocument:
    return scan_dump(str(path), ScanOptions(symbols, hashed=True))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[ScanDocument]:
    """Of the samples (with a list blinded, a crash, and nothing above info), and of two files that
    are no dumps."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "empty.dmp").touch()
    (folder / "hostile\x1b[2J\u202e.dmp").write_bytes(b"PAGEDU64")
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
        assert [(each.number, each.of) for each in events] == [
            (number, len(events)) for number in range(1, len(events) + 1)
        ]
    assert len([each for each in results if each["state"] == "failed"]) == 2


def test_ecs_has_its_own_fields_and_words(results: list[ScanDocument]) -> None:
    for event in (each for result in results for each in ecs_events(result)):
        assert faults_in_ecs(event, own="regcb") == []
        assert all(text.isprintable() for text in texts(event))


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
