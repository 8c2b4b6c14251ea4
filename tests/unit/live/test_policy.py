"""POLICY.toml: what its rules decide, and the line of every mistake."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pykd_ext.live.policy import ACTIONS, Asked
from pykd_ext.live.policy_file import PolicyError, parse_policy, read_policy

SAMPLES = Path(__file__).parents[3] / "samples" / "policies"
PROTECTED = "\\REGISTRY\\MACHINE\\SOFTWARE\\RegProtect"
SET_VALUE = Asked(1, PROTECTED, "Answer", "regedit.exe", 6716, True)


def test_the_documented_policy_is_one() -> None:
    page = Path(__file__).parents[3] / "docs" / "live.md"
    (block,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (documented,) = parse_policy(block).rules
    assert documented.matches(SET_VALUE._replace(key=f"{PROTECTED}\\Below"))
    assert all(f"`{each}`" in page.read_text("utf-8") for each in ACTIONS)
    words = set(re.findall(r"^(\w+) =", block, re.MULTILINE))
    assert words == {
        "name", "classes", "keys", "subkeys", "values", "processes", "mode", "action", "status"
    }  # fmt: skip


def rule(text: str) -> str:
    return f"[[rule]]\n{text}\n"


def decision(text: str, asked: Asked = SET_VALUE) -> str | None:
    found = parse_policy(text).decide(asked)
    return found.action if found else None


@pytest.mark.parametrize(
    "condition",
    [
        "keys = ['HKLM\\SOFTWARE\\regprotect']",
        "keys = ['\\REGISTRY\\MACHINE\\SOFTWARE\\Reg*']",
        "keys = ['\\REGISTRY\\**\\RegProtect\\']",
        "keys = ['HKLM\\SOFTWARE']\nsubkeys = true",
        "values = ['ANSWER']",
        "values = ['x', 'An?w*']",
        "processes = ['REGEDIT.exe']",
        "processes = [4, 6716]",
        "mode = 'user'",
        "classes = ['SetValueKey', 'RegNtPreDeleteKey']",
    ],
)
def test_conditions_that_fit(condition: str) -> None:
    assert decision(rule(f"{condition}\naction = 'log'")) == "log"


@pytest.mark.parametrize(
    "condition",
    [
        "keys = ['HKLM\\SOFTWARE']",
        "keys = ['HKLM\\*']",
        "keys = ['HKLM\\SOFTWARE\\Reg']\nsubkeys = true",
        "values = ['']",
        "processes = ['edit.exe']",
        "processes = [4]",
        "mode = 'kernel'",
        "classes = ['DeleteKey']",
    ],
)
def test_conditions_that_do_not_fit(condition: str) -> None:
    assert decision(rule(f"{condition}\naction = 'log'")) is None


@pytest.mark.parametrize(
    "condition", ["keys = ['HKLM\\**']", "values = ['*']", "processes = ['*']", "mode = 'user'"]
)
def test_what_is_not_known_fits_no_condition(condition: str) -> None:
    unknown = Asked(1, None, None, None, None, None)
    assert decision(rule(f"{condition}\naction = 'deny'"), unknown) is None
    assert decision(rule("action = 'deny'"), unknown) == "deny"


@pytest.mark.parametrize("kept", ["RuntimeBroker.", "RuntimeBroker.e"], ids=["14", "15"])
@pytest.mark.parametrize("asked", ["runtimebroker.exe", "Runtime*.exe", "Runtime?roker*.exe"])
def test_long_process_names_as_the_kernel_keeps_them(kept: str, asked: str) -> None:
    """EPROCESS.ImageFileName has room for 15 bytes, with or without their end."""
    text = rule(f"action = 'deny'\nprocesses = ['{asked}']")
    assert decision(text, SET_VALUE._replace(process_name=kept)) == "deny"
    assert decision(text, SET_VALUE._replace(process_name="Runtime")) is None
    assert decision(text, SET_VALUE._replace(process_name="SearchProtocol")) is None


def test_the_first_rule_that_fits_decides() -> None:
    text = rule("action = 'allow'\nprocesses = ['regedit.exe']") + rule("action = 'deny'")
    assert decision(text) == "allow"
    assert decision(text, SET_VALUE._replace(process_name="cmd.exe")) == "deny"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("action = 'deny'", 0xC0000022),
        ("action = 'deny'\nstatus = 'STATUS_OBJECT_NAME_NOT_FOUND'", 0xC0000034),
        ("action = 'deny'\nstatus = 0xC0000035", 0xC0000035),
        ("action = 'allow'", 0),
        ("action = 'bypass'\nclasses = ['SetValueKey']", 0xC0000503),
        ("action = 'log'", None),
    ],
    ids=["deny", "by-name", "by-number", "allow", "bypass", "log"],
)
def test_what_the_callback_returns(words: str, status: int | None) -> None:
    assert parse_policy(rule(words)).rules[0].status == status


# Python before 3.9.14 reads a number of any length.
TOO_LONG = (2, "no TOML") if hasattr(sys, "set_int_max_str_digits") else (1, "needs an action")
MISTAKES = {
    "no-toml": ("[[rule]]\naction = ", 2, "no TOML"),
    "deep": ("rule = " + "[" * 5000, 1, "no TOML"),
    "long-number": (rule("status = " + "9" * 5000), *TOO_LONG),
    "empty": ("# nothing\n", 1, "no [[rule]]"),
    "other-table": ("[[rule]]\naction='log'\n[[rules]]\n", 3, "'rules' is not known"),
    "no-array": ("[rule]\naction='log'\n", 1, "[[rule]]"),
    "no-action": (rule("name = 'x'"), 1, "needs an action"),
    "first-no-action": (rule("name = 'x'") + rule("action = 'log'"), 1, "needs an action"),
    "action": (rule("action = 'refuse'"), 2, "'refuse' is no action"),
    "word": (rule("action = 'log'\nclass = ['SetValueKey']"), 3, "did you mean 'classes'?"),
    "class": (rule("action = 'log'\nclasses = ['SetValuKey']"), 3, "RegNtPreSetValueKey?"),
    "class-type": (rule("action = 'log'\nclasses = 1"), 3, "a list of strings"),
    "no-classes": (rule("action = 'log'\nclasses = []"), 3, "one at least"),
    "post": (rule("action = 'log'\nclasses = ['PostSetValueKey']"), 3, "pre-notifications"),
    "close": (rule("classes = ['KeyHandleClose']\naction = 'deny'"), 2, "ignores the status"),
    "bypass": (rule("classes = ['OpenKeyEx']\naction = 'bypass'"), 2, "nobody fills them"),
    "bypass-all": (rule("action = 'bypass'"), 2, "bypass needs classes"),
    "relative": (rule("action = 'log'\nkeys = ['SOFTWARE']"), 3, "no full key path"),
    "no-key": (rule("action = 'log'\nkeys = ['']\nsubkeys = true"), 3, "no full key path"),
    "no-registry": (rule("action = 'log'\nkeys = ['\\SOFTWARE\\X']"), 3, "no full key path"),
    "subkeys": (rule("action = 'log'\nsubkeys = true"), 3, "which keys"),
    "mode": (rule("action = 'log'\nmode = 'admin'"), 3, "'admin'"),
    "process": (rule("action = 'log'\nprocesses = [true]"), 3, "names and numbers"),
    "process-below-0": (rule("action = 'log'\nprocesses = [-4]"), 3, "names and numbers"),
    "status-name": (rule("action = 'deny'\nstatus = 'NO'"), 3, "no NTSTATUS"),
    "status-long": (rule("action = 'deny'\nstatus = 0x1C0000022"), 3, "no NTSTATUS"),
    "status-good": (rule("action = 'deny'\nstatus = 0"), 3, "would deny nothing"),
    "status-bypass": (rule("action = 'deny'\nstatus = 0xC0000503"), 3, 'action = "bypass"'),
    "status-of-log": (rule("action = 'log'\nstatus = 0xC0000022"), 3, "only deny"),
    "second": (rule("action = 'log'") + rule("action = 'logg'"), 4, "'logg'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_line(name: str) -> None:
    text, line, words = MISTAKES[name]
    with pytest.raises(PolicyError) as error:
        parse_policy(text, "my.toml")
    assert words in error.value.reason
    assert str(error.value).startswith(f"my.toml, line {line}: ")


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match="not UTF-8"):
        read_policy(str(tmp_path / "bytes.toml"))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_samples_are_good(path: Path) -> None:
    policy = read_policy(str(path))
    assert policy.decide(SET_VALUE) is not None
    assert policy.decide(SET_VALUE._replace(key="\\REGISTRY\\USER")) is None
