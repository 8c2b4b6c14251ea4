"""``--layout``: a verified layout in place of the table's, and all that such a file can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Truth
from tests.support.regcb import MakeDump, Regcb
from tests.support.schemas import validate

pytestmark = pytest.mark.toolchain

X64, XP = "x64-19041", "x86-2600"


def verified(regcb: Regcb, truth: Truth) -> dict[str, Any]:
    _, output, errors = regcb("-z", truth.path, "-y", truth.symbols, "verify", "--json")
    assert errors == ""
    document: dict[str, Any] = json.loads(output)
    return document


def saved(folder: Path, document: Any) -> Path:
    path = folder / "layout.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize("profile", [X64, XP])
def test_every_command_says_that_the_layout_is_verified(
    profile: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(profile)
    path = saved(tmp_path, verified(regcb, truth))
    words: list[str | Path] = ["-z", truth.path, "-y", truth.symbols, "--layout", path]
    for command in ("list", "check"):
        _, output, _ = regcb(*words, command)
        assert f"block layout: verified ({path})\n" in output
    page = tmp_path / "report.html"
    assert regcb(*words, "report", page)[0] in (0, 1)
    assert f"verified ({path})" in page.read_text("utf-8")
    _, output, _ = regcb("-y", truth.symbols, "--layout", path, "scan", truth.path)
    result = json.loads(output)
    validate(result)
    assert result["target"]["layout"]["known"] == "verified"


def test_it_is_what_callbacks_are_read_by(lab_dump: MakeDump, regcb: Regcb, tmp_path: Path) -> None:
    """And what verify holds the kernel against: the kernel of this dump does not do that."""
    truth = lab_dump(X64)
    document = verified(regcb, truth)
    layout = document["layout"]
    layout["function"], layout["caller_context"] = layout["caller_context"], layout["function"]
    path = saved(tmp_path, document)
    listed = regcb.json(truth, "list", "--layout", str(path))["callbacks"]
    assert [int(each["context"], 16) for each in listed] == [
        each.function for each in truth.callbacks
    ]
    words: list[str | Path] = [
        "-z",
        truth.path,
        "-y",
        truth.symbols,
        "--layout",
        path,
        "verify",
        "--json",
    ]
    status, output, _ = regcb(*words)
    differing = [row["what"] for row in json.loads(output)["rows"] if row["holds"] is False]
    assert status == 1
    assert {"CallerContext", "Function", "what list reads"} <= set(differing)


def test_what_was_not_seen_is_said(lab_dump: MakeDump, regcb: Regcb, tmp_path: Path) -> None:
    truth = lab_dump(X64)
    document = {**verified(regcb, truth), "unseen": ["flags", "\x1b[31m", 7]}
    path = saved(tmp_path, document)
    problems = regcb.json(truth, "list", "--layout", str(path))["problems"]
    assert f"{path} has flags from the table: verify could not see that" in [
        each["what"] for each in problems
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"schema": "regcb.callbacks/1"}, "its schema is 'regcb.callbacks/1', not regcb.verif"),
        ({"schema": "regcb.verification/2"}, "its schema is 'regcb.verification/2', not"),
        ({"schema": ["\x1b[31m"] * 99}, "its schema is ['\\x1b[31m'"),
        ({"kernel": {"architecture": "x64", "build": 22621}}, "of 'x64' build 22621, the target"),
        ({"kernel": {"architecture": "arm64", "build": 19041}}, "of 'arm64' build 19041, the"),
        ({"kernel": {"architecture": "\x1b]0;x\x07" * 99}}, "of '\\x1b]0;x\\x07"),
        ({"kernel": None}, "it is of a kernel of None build None"),
        ({"kind": "vector"}, "it has no layout of a list of callbacks"),
        ({"layout": None}, "it has no layout of a list of callbacks"),
        ({"layout": {"size": 0x50}}, "damaged: layout.link is missing"),
    ],
)
def test_documents_of_something_else(
    changes: dict[str, Any], why: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(X64)
    refused(regcb, truth, saved(tmp_path, {**verified(regcb, truth), **changes}), why)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("function", "0x28", "layout.function is '0x28', no offset"),
        ("function", None, "layout.function is None, no offset"),
        ("function", True, "layout.function is True, no offset"),
        ("function", -8, "layout.function is -8, no offset"),
        ("function", 10**400, "layout.function is 1000000000"),
        ("function", 0x24, "layout.function at +0x24 lies over layout.caller_context"),
        ("altitude", 0x48, "layout.altitude at +0x48 lies outside the block of 0x50 bytes"),
        ("cookie", 0x14, "layout.cookie at +0x14 lies over layout.flags"),
    ],
)
def test_fields_that_cannot_be(
    field: str, value: Any, why: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(X64)
    document = verified(regcb, truth)
    document["layout"][field] = value
    refused(regcb, truth, saved(tmp_path, document), why)


def test_what_a_later_version_adds_is_passed_over(
    lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    truth = lab_dump(X64)
    document = verified(regcb, truth)
    document["layout"]["\x1b[31m"] = document["added"] = {"of": "1.1"}
    path = saved(tmp_path, document)
    listed = regcb.json(truth, "list", "--layout", str(path))
    assert listed["target"]["layout"]["known"] == "verified"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0\1", "MZ", '"text"', "[]"])
def test_files_that_are_no_json(
    text: str, lab_dump: MakeDump, regcb: Regcb, tmp_path: Path
) -> None:
    refused(regcb, lab_dump(X64), saved(tmp_path, text), "JSON" if text[:1] not in '"[' else "")


def test_a_file_that_is_not_there(lab_dump: MakeDump, regcb: Regcb, tmp_path: Path) -> None:
    refused(regcb, lab_dump(X64), tmp_path / "layout.json", "cannot be read")


def refused(regcb: Regcb, truth: Truth, path: Path, why: str) -> None:
    words: list[str | Path] = ["-z", truth.path, "-y", truth.symbols, "--layout", path]
    for command in ("list", "verify"):
        status, output, errors = regcb(*words, command)
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert f"{path}: " in errors and why in errors
        assert errors.strip().isprintable()
        assert len(errors) < 400 + 2 * len(str(path))
