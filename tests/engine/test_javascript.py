"""What WinDbg loads by itself says what ``list`` and ``decode`` say, without Python.

The script runs in a JavaScript engine; its host object is served by the real engine.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import esprima
import pytest

from pykd_ext.windbg.gallery import write_gallery
from tests.lab import PROFILES, Truth, make_dump

from .engine import INSIDE, Engine
from .inside.batch import run
from .wine import windows_path

_HOST = Path(__file__).with_name("javascript_host.js")


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gallery(tmp_path_factory.mktemp("gallery"), "3.9").parent


def test_the_language_is_that_of_the_debugger_s_engine(gallery: Path) -> None:
    """Chakra knows ECMAScript 2017, as esprima does: no `?.`, no class fields."""
    esprima.parseScript((gallery / "regcb.js").read_text(encoding="utf-8"))


def in_javascript(
    engine: Engine, gallery: Path, truth: Truth, folder: Path, *wishes: str
) -> list[dict[str, Any]]:
    """What each expression comes to: its ``value``, ``error`` and what was ``printed``."""
    wanted, results = folder / "wishes.json", folder / "results.json"
    wanted.write_text(json.dumps(wishes), encoding="utf-8")
    session = engine.start(
        (INSIDE / "javascript.py", truth.path, truth.symbols), is_asked=True, errors_apart=True
    )
    with session:
        script = gallery / "regcb.js"
        done = subprocess.run(
            ["node", _HOST, script, wanted, results],
            stdin=session.stdout, stdout=session.stdin, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
        assert session.stdin is not None
        session.stdin.close()
    assert done.returncode == 0, done.stderr
    came: list[dict[str, Any]] = json.loads(results.read_text(encoding="utf-8"))
    assert [each["error"] for each in came] == [None] * len(came)
    return came


def in_python(truth: Truth, *words: str) -> Any:
    status, output, errors = run(["-z", str(truth.path), "-y", str(truth.symbols), *words])
    assert status == 0, errors
    return json.loads(output)


@pytest.mark.parametrize("profile", PROFILES)
def test_callbacks(engine: Engine, gallery: Path, tmp_path: Path, profile: str) -> None:
    truth = make_dump(tmp_path / "list.dmp", profile)
    wish = "Array.from(new Regcb().callbacks)"
    (found,) = in_javascript(engine, gallery, truth, tmp_path, wish)
    listed = in_python(truth, "list", "--json")["callbacks"]
    assert len(found["value"]) == len(listed) >= 3
    for seen, said in zip(found["value"], listed):
        assert seen == {name: said[name] for name in seen}


# The head's links, an entry's, an altitude: what the walk must get over.
DAMAGES = (
    "head-emptied", "head-flink-user", "entry-loop", "entry-self-link", "blink-broken",
    "entry-skipped", "entry-unreadable", "altitude-unreadable", "count-low",
)  # fmt: skip


def test_damaged_lists(engine: Engine, gallery: Path, tmp_path: Path) -> None:
    wish = "Array.from(new Regcb().callbacks)"
    for damage in DAMAGES:
        truth = make_dump(tmp_path / f"{damage}.dmp", damage=[damage], callbacks=6)
        found, problems = in_javascript(
            engine, gallery, truth, tmp_path, wish, "Array.from(new Regcb().problems)"
        )
        listed = in_python(truth, "list", "--json")
        read = [each for each in listed["callbacks"] if each["function"]]
        assert [each["address"] for each in found["value"]] == [each["address"] for each in read]
        told = problems["value"] or [each for each in found["value"] if each["problems"]]
        assert bool(told) == bool(
            listed["problems"] or any(each["problems"] for each in listed["callbacks"])
        ), damage


VECTOR_DAMAGES = ("entry-unreadable", "function-null", "function-nowhere")


def test_damaged_vectors(engine: Engine, gallery: Path, tmp_path: Path) -> None:
    """XP's: a slot's block that cannot be read is there, with what was wrong."""
    wish = "Array.from(new Regcb().callbacks)"
    for damage in VECTOR_DAMAGES:
        truth = make_dump(tmp_path / f"{damage}.dmp", "x86-2600", damage=[damage], callbacks=6)
        (found,) = in_javascript(engine, gallery, truth, tmp_path, wish)
        listed = in_python(truth, "list", "--json")["callbacks"]
        assert [
            (each["address"], each["function"], bool(each["problems"])) for each in found["value"]
        ] == [(each["address"], each["function"], bool(each["problems"])) for each in listed]


@pytest.mark.parametrize("profile", ["x64-19041", "x86-2600"])
def test_a_list_that_cannot_be_read(
    engine: Engine, gallery: Path, tmp_path: Path, profile: str
) -> None:
    truth = make_dump(tmp_path / "list.dmp", profile, damage=["head-unreadable"])
    found, problems, window = in_javascript(
        engine, gallery, truth, tmp_path,
        "Array.from(new Regcb().callbacks)", "Array.from(new Regcb().problems)", "command()",
    )  # fmt: skip
    assert found["value"] == [] and problems["value"]
    assert problems["value"][0] in window["printed"]


STOPS = ("RegNtPreSetValueKey", "RegNtPreCreateKeyEx", "RegNtPostSetValueKey", "RegNtPreQueryKey")


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621"])
def test_decode(engine: Engine, gallery: Path, tmp_path: Path, profile: str) -> None:
    for notice in STOPS:
        truth = make_dump(tmp_path / f"{notice}.dmp", profile, stopped_in=notice)
        assert truth.stop is not None
        said = in_python(truth, "decode", "--json")
        wish = (
            f"new Regcb().decode({said['class']['number']}, host.parseInt64('{said['address']}'))"
        )
        found, window = in_javascript(engine, gallery, truth, tmp_path, wish, "command('decode')")
        notification = found["value"]
        assert notification["structure"] == said["structure"]
        assert notification["key"] == said["keys"][0]["path"]
        assert [
            (each["name"], each["offset"], each["type"]) for each in notification["fields"]
        ] == [(each["name"], each["offset"], each["type"]) for each in said["fields"]]
        data = [each["text"] for each in notification["fields"] if each["name"] == "Data"]
        assert data == [each["text"] for each in said["fields"] if each["name"] == "Data"]
        assert window["printed"].startswith(f"{said['class']['name']} ({said['class']['number']})")
        assert said["keys"][0]["path"] in window["printed"]


OWN = {
    "": '"", "", ""',
    "list": '"list", "", ""',
    "show 13": '"show", "13", ""',
    "decode": '"decode", "", ""',
    "decode 1 ffff`1234": '"decode", "1", "ffff`1234"',
}
PYTHONS = (
    "list --wide", "show", "show netmon", "show 1 --json", "show 0xffff1234", "decode --full",
    "decode 1 ffff`1234 --full", "check",
    r"who-blocks HKLM\SOFTWARE\RegProtect --value Answer --for 60 --stop --thorough",
    "trace --key a --value b --process 4 --thread 5 --class c --for 9 --each --count 3",
)  # fmt: skip


def test_the_debugger_s_own_alias(engine: Engine, tmp_path: Path) -> None:
    """The engine expands `!regcb WORD...`, from a folder with a space in its name, to one call, or
    to one of Python's with all words as they are; it has the data model, but no JavaScript."""
    truth = make_dump(tmp_path / "list.dmp")
    folder = write_gallery(tmp_path / "with space", "3.9").parent
    shown = (folder / "command.wds").read_text("utf-8").replace("dx -r0", ".echo")
    (folder / "command.wds").write_text(shown.replace("!py", ".echo py"), "utf-8")
    startup = (folder / "startup.wds").read_text("utf-8")
    (folder / "startup.wds").write_text(startup.replace(str(folder), windows_path(folder)), "utf-8")
    done = engine.run(
        INSIDE / "commands.py", truth.path, truth.symbols,
        f"$$<{windows_path(folder)}\\startup.wds", "dx @$regcb = @$cursession", "dx @$regcb",
        *(f"!regcb {words}".strip() for words in (*OWN, *PYTHONS)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    _, _, variable, *came = json.loads(done.stdout)
    assert came == [
        *(f"@$regcb_command({quoted})" for quoted in OWN.values()),
        *(f"py -3.9 -m pykd_ext {words}" for words in PYTHONS),
    ]
    assert variable.startswith("@$regcb          : 64-bit ")


def test_the_window(engine: Engine, gallery: Path, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "list.dmp")
    listed, shown, wrong, nobody, nowhere = in_javascript(
        engine, gallery, truth, tmp_path,
        "command()", "command('show', '1', '', '')", "command('decode', 'RegNtNothing', '0')",
        "command('show', '99')", "command('decode')",
    )  # fmt: skip
    lines = listed["printed"].splitlines()
    assert len(lines) == 1 + truth.count
    assert max(map(len, lines)) <= 120
    assert truth.callbacks[1].function_name in shown["printed"]
    assert "push" in shown["printed"] or "mov" in shown["printed"]
    assert wrong["printed"] == (
        "regcb: no notify class RegNtNothing: a number from 0 to 50, or RegNtPre...\n"
    )
    assert nobody["printed"] == "regcb: no callback 99: !regcb lists them\n"
    assert nowhere["printed"].startswith("regcb: the target is not stopped at a registry callback")
