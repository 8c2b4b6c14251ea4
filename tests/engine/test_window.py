"""In WinDbg's command window, through the bootstrapper: every screen's links answer."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Truth, make_dump

from .engine import Engine
from .live import live_target
from .window import Window, links, open_window, plain
from .wine import windows_path

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "scripts" / "regcb.py"
BASELINE = windows_path(PROJECT / "samples" / "sound-x64.json")
POLICY = windows_path(PROJECT / "samples" / "policies" / "let_me_write.toml")
MODULE = "!py -3.9 -m pykd_ext"
COLUMNS = 120

# What a debugger, or Python, says of a command that it cannot make sense of.
COMPLAINTS = (
    "Traceback", "No export", "Syntax error", "syntax error", "Couldn't resolve", "regcb: ",
    "script not found", "usage:", "No module named", "Extra character error", "Unknown option",
    "Bad register error", "Numeric expression missing", "No information available",
)  # fmt: skip


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return make_dump(tmp_path_factory.mktemp("window") / "lab.dmp")


def target(truth: Truth) -> tuple[Path, Path]:
    return Path(truth.symbols), Path(truth.path)


@pytest.fixture(scope="module")
def window(engine: Engine, debugger: Path, truth: Truth) -> Iterator[Window]:
    with open_window(engine, debugger, target(truth), [PROJECT]) as opened:
        yield opened


def answers(window: Window, command: str) -> str:
    """What it shows, as DML, which is no complaint."""
    shown = window.execute(command)
    text = plain(shown)
    assert text.strip(), command
    assert not [each for each in COMPLAINTS if each in text], (command, text)
    return shown


def own_links(shown: str) -> list[str]:
    """The commands of regcb's own."""
    return [each.command for each in links(shown) if each.command.startswith("!py ")]


def form(command: str) -> str:
    """``command`` without its numbers."""
    return re.sub(r"(?<= )(0x)?[0-9a-f.]+\b", "N", command)


def click_everything(window: Window, screens: list[str]) -> set[str]:
    """Every link of every screen, and of the screens that those lead to; of regcb's own, which
    take seconds, two of each form. The forms."""
    waiting = [f"{MODULE} {words}" for words in screens]
    clicked: list[str] = []
    while waiting:
        command = waiting.pop()
        is_own = command.startswith("!py")
        if command in clicked or (is_own and list(map(form, clicked)).count(form(command)) >= 2):
            continue
        clicked.append(command)
        shown = answers(window, command)
        if is_own:
            waiting += [each.command for each in links(shown)]
    return {form(each).replace(MODULE, "regcb") for each in clicked}


EVERYWHERE = {
    "regcb show N", "regcb key N", "regcb classes N", "regcb decode N N", "u N", "uf N", "dps N",
    "db N", "lmvm netmon", "!drvobj netmon N", "!object N", "!reg kbody N", "!reg kcb N",
    "!process N N", "!thread N",
}  # fmt: skip


@pytest.mark.parametrize("profile", ["x64-19041", "x86-7601", "arm64-22621"])
def test_links_of_a_dump(engine: Engine, debugger: Path, tmp_path: Path, profile: str) -> None:
    truth = make_dump(tmp_path / "lab.dmp", profile, stopped_in="RegNtPostSetValueKey")
    with open_window(engine, debugger, target(truth), [PROJECT]) as window:
        screens = ["list", "list --wide", "show 0", "check", "decode", "show --thread", "classes"]
        forms = click_everything(window, screens)
    assert forms >= EVERYWHERE


DAMAGES = (
    "head-emptied", "entry-loop", "count-zero", "cookie-ahead", "function-nowhere",
    "entry-unlinked", "prologue-jumps-out", "altitude-unreadable", "altitude-dml",
    "driver-name-dml", "callback-crashed",
)  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_links_of_what_is_wrong(
    engine: Engine, debugger: Path, tmp_path: Path, damage: str
) -> None:
    truth = make_dump(tmp_path / "lab.dmp", damage=[damage])
    with open_window(engine, debugger, target(truth), [PROJECT]) as window:
        click_everything(window, ["check", "list --carve", f'diff "{BASELINE}"'])


def test_links_without_symbols(engine: Engine, debugger: Path, tmp_path: Path) -> None:
    truth = make_dump(tmp_path / "lab.dmp", damage=["count-zero"])
    with open_window(engine, debugger, (tmp_path, Path(truth.path)), [PROJECT]) as window:
        click_everything(window, ["list", "check"])


KEY = "HKLM\\SOFTWARE\\RegProtect"
# Whole paths, in quotes and without, at the end of the line and before.
LIVE = {
    f"who-blocks {KEY}": "regprotect.sys blocks it: STATUS_ACCESS_DENIED",
    f'who-blocks "{KEY}\\" --value "Answer" --for 60': "regprotect.sys blocks it",
    f"trace --count 2 --key {KEY}\\": "that was enough",
    f'guard "{POLICY}" --at regprotect --count 2': "2 decisions by 1 rule",
    "watch --for 1": "the time is over (--for)",
}


def test_links_of_a_live_kernel(engine: Engine, debugger: Path) -> None:
    with live_target() as kernel:
        words = (kernel.symbols, "-k", f"com:ipport={kernel.port},port=127.0.0.1")
        with open_window(engine, debugger, words, [PROJECT]) as window:
            window.execute(".reload")
            shown = links(answers(window, f"{MODULE} show regprotect"))
            stops = [each.command for each in shown if each.command.startswith("bp ")]
            assert len(stops) == 3
            window.execute(stops[1])
            window.execute("g")
            assert "RegNtPreSetValueKey" in plain(answers(window, f"{MODULE} decode"))
            window.execute("bc *")
            for typed, said in LIVE.items():
                screen = answers(window, f"{MODULE} {typed}")
                assert said in plain(screen), typed
                for code in {each.command for each in links(screen) if each.command[:2] == "u "}:
                    answers(window, code)


def test_a_screen_fits(window: Window) -> None:
    answers(window, f"{MODULE} check")  # the engine says then what it has no symbols of
    for words in ("list", "show 3", "check"):
        lines = plain(answers(window, f"{MODULE} {words}")).splitlines()
        assert max(len(each) for each in lines if "lab.dmp" not in each) <= COLUMNS  # its path


def test_instructions_are_the_debugger_s(window: Window) -> None:
    shown = answers(window, f"{MODULE} show regprotect")
    function = next(each.command for each in links(shown) if each.command.startswith("uf "))
    code = plain(answers(window, function.replace("uf", "u"))).splitlines()
    assert code[-1] in plain(shown).splitlines()


def test_links_repeat_how_the_kernel_is_read(window: Window) -> None:
    shown = own_links(answers(window, f"{MODULE} list --no-symbols"))
    assert shown[0].startswith(f"{MODULE} --no-symbols show 0x")
    answers(window, shown[0])


def test_a_dump_beside_the_session_has_no_links_to_the_debugger_s_commands(
    window: Window, tmp_path: Path
) -> None:
    other = make_dump(tmp_path / "other one.dmp", callbacks=7)
    own = f'{MODULE} -z "{windows_path(other.path)}" --engine none'
    shown = links(answers(window, f"{own} list"))
    assert len(shown) == 7
    for each in shown[:1]:
        assert each.command.startswith(f"{own} show 0x")
        answers(window, each.command)


def test_a_script_s_links(engine: Engine, debugger: Path, truth: Truth) -> None:
    # The engine takes a quoted word that comes first for all of the arguments.
    started = f'!py -3.9 "{windows_path(SCRIPT)}"'
    with open_window(engine, debugger, target(truth), []) as window:
        own = own_links(answers(window, f"{started} list"))
        assert own[0].startswith(f"{started} show 0x")
        answers(window, own[0])


def test_an_alias_s_links(window: Window) -> None:
    window.execute(f"as regcb {MODULE}")
    answers(window, own_links(answers(window, "regcb list"))[0])
    window.execute("ad regcb")


def test_links_of_a_package_in_a_zip_file(
    engine: Engine, debugger: Path, truth: Truth, tmp_path: Path
) -> None:
    archive = tmp_path / "with space.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for each in (PROJECT / "pykd_ext").rglob("*"):
            if "__pycache__" not in each.parts:
                file.write(each, each.relative_to(PROJECT))
    with open_window(engine, debugger, target(truth), [archive]) as window:
        shown = answers(window, f"{MODULE} list")
        assert "with space.zip" in " ".join(plain(answers(window, f"{MODULE} doctor")).split())
        answers(window, own_links(shown)[0])


DUMP = "--engine none list -z"
BAD = {
    f'{DUMP} "C:\\no such folder\\x.dmp"': "C:\\no such folder\\x.dmp: cannot be opened",
    f"{DUMP} C:\\nowhere\\": "C:\\nowhere\\: cannot be opened",
    f'{DUMP} "C:\\no where\\"': "no where",
    f'{DUMP} "C:\\ключ.dmp"': "C:\\????.dmp: the debugger has put ? for what its code page",
    'show "say no"': "no callback 'say no'",
    'show "it\'s; q"': "no callback",
    "show ключ": "no callback '????'",
    "key \\": "no address",
    'key ""': "the following arguments are required",  # the bootstrapper drops it
    f"who-blocks {KEY}": "nothing runs in a crash dump",
    "frobnicate": "frobnicate",
}


@pytest.mark.parametrize("words", BAD)
def test_bad_words_get_one_line(window: Window, words: str) -> None:
    shown = plain(window.execute(f"{MODULE} {words}"))
    said = [each for each in shown.splitlines() if each.startswith("regcb")]
    assert len(said) == 1 and BAD[words] in said[0] and "Traceback" not in shown, shown


def test_a_dump_in_a_place_with_any_name(window: Window, tmp_path: Path) -> None:
    folder = tmp_path / "a folder, naïve & co"
    folder.mkdir()
    other = make_dump(folder / "café's.dmp", callbacks=7)
    shown = answers(window, f'{MODULE} -z "{windows_path(other.path)}" --engine none list')
    assert len(links(shown)) == 7


def test_of_two_targets_the_current_one(window: Window, tmp_path: Path) -> None:
    def heading() -> str:
        shown = plain(answers(window, f"{MODULE} list"))
        return next(line for line in shown.splitlines() if line.startswith("Windows "))

    other = make_dump(tmp_path / "other.dmp", "x86-7601", callbacks=5)
    first = heading()
    window.execute(f".opendump {windows_path(other.path)}")
    window.execute("g")
    window.execute("||1s")
    assert "7601 x86" in heading()
    window.execute("||0s")
    assert heading() == first


def test_install(window: Window, tmp_path: Path) -> None:
    said = plain(answers(window, f'{MODULE} install "{windows_path(tmp_path / "a place")}"'))
    assert ".settings load" in said
    assert (tmp_path / "a place" / "config.xml").is_file()
