"""Where PDBs are looked for: folders, stores, caches and servers, in WinDbg's notation."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.target.symbol_path import SymbolPath, missing_folders
from tests.support.symbol_files.msf_file import empty_pdb
from tests.support.symbol_files.server import Answer, SymbolServer
from tests.support.symbol_files.stores import (
    AGE,
    GUID,
    GUID_TEXT,
    IDENTITY,
    NAME,
    ON_SERVER,
    OTHER_GUID_TEXT,
    RIGHT,
    WANTED,
    WRONG,
    default_store,
    find,
    home,
    put,
    server,
)

__all__ = ["home", "server"]  # fixtures


@pytest.mark.parametrize(
    "place",
    [
        NAME,
        NAME.lower(),
        f"{NAME}/{IDENTITY}/{NAME}",
        f"{NAME.lower()}/{IDENTITY.lower()}/{NAME.upper()}",
    ],
)
def test_a_folder_holds_the_file_or_a_store(tmp_path: Path, place: str) -> None:
    path = put(tmp_path / "symbols" / place)
    assert find(str(tmp_path / "symbols")) == (path, [])


@pytest.mark.parametrize("kind", ["srv*{}", "SRV*{}", "symsrv*symsrv.dll*{}", "cache*{}"])
def test_a_store(tmp_path: Path, kind: str) -> None:
    path = put(tmp_path / NAME / IDENTITY / NAME)
    assert find(kind.format(tmp_path)) == (path, [])


def test_a_store_is_no_flat_folder(tmp_path: Path) -> None:
    put(tmp_path / NAME)
    assert find(f"srv*{tmp_path}") == (None, [])


def test_a_store_with_two_tiers(tmp_path: Path) -> None:
    path = put(tmp_path / NAME[:2] / NAME / IDENTITY / NAME)
    assert find(f"srv*{tmp_path}") == (None, [])
    put(tmp_path / "index2.txt", b"")
    assert find(f"srv*{tmp_path}") == (path, [])


def test_stores_are_asked_from_near_to_far(tmp_path: Path) -> None:
    far = put(tmp_path / "far" / NAME / IDENTITY / NAME)
    text = f"srv*{tmp_path / 'near'}*{tmp_path / 'far'}"
    assert find(text) == (far, [])
    near = put(tmp_path / "near" / NAME / IDENTITY / NAME)
    assert find(text) == (near, [])


def test_elements_are_asked_from_left_to_right(tmp_path: Path) -> None:
    for name in ("left", "right"):
        put(tmp_path / name / NAME)
    text = f" {tmp_path / 'left'} ;; {tmp_path / 'right'};"
    assert find(text) == (tmp_path / "left" / NAME, [])


@pytest.mark.parametrize("text", ["srv*", "srv**", "cache*"])
def test_the_default_store(home: Path, text: str) -> None:
    path = put(default_store(home) / NAME / IDENTITY / NAME)
    assert find(text) == (path, [])


def test_srv_alone_is_microsofts_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``.symfix`` sets it and ``.sympath`` explains it; with no way to get there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        found, (problem,) = find("srv*")
    assert found is None
    assert problem.startswith("symbol server https://msdl.microsoft.com/download/symbols: ")


def test_variables_and_home_in_a_path(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMBOLS_OF_THE_TEST", str(tmp_path))
    one, two = put(tmp_path / "a" / NAME), put(home / "b" / NAME)
    assert find(str(Path("$SYMBOLS_OF_THE_TEST", "a"))) == (one, [])
    assert find(str(Path("~", "b"))) == (two, [])


def test_nothing_is_found_on_an_empty_path() -> None:
    assert find("") == (None, [])


@pytest.mark.parametrize("word", ["srv", "symsrv", "cache"])
def test_a_word_without_a_star_is_a_folder(word: str) -> None:
    assert find(word) == (None, [f"symbol path: {word} is not a folder"])


@pytest.mark.parametrize("kind", ["{}", "srv*{}", "srv*near*{}", "symsrv*symsrv.dll*{}"])
def test_a_folder_that_does_not_exist(kind: str, tmp_path: Path) -> None:
    path = put(tmp_path / "there" / NAME)
    text = f"{kind.format(tmp_path / 'nowhere')};{tmp_path / 'there'}"
    assert find(text) == (path, [f"symbol path: {tmp_path / 'nowhere'} is not a folder"])


def test_a_store_that_is_filled_need_not_exist(tmp_path: Path) -> None:
    for each in ("srv*", "srv**", "srv*{}*http://x", "cache*{}", "http://x"):
        assert missing_folders(each.format(tmp_path / "nowhere")) == []


def test_another_pdb_of_that_name_is_refused_and_the_search_goes_on(tmp_path: Path) -> None:
    wrong, right = put(tmp_path / "a" / NAME, WRONG), put(tmp_path / "b" / NAME)
    assert find(f"{tmp_path / 'a'};{tmp_path / 'b'}") == (
        right,
        [
            f"{wrong} is refused: its GUID is {OTHER_GUID_TEXT} (age {AGE}), "
            f"the image asks for {GUID_TEXT} (age {AGE})"
        ],
    )


def test_another_age_is_refused(tmp_path: Path) -> None:
    put(tmp_path / NAME, empty_pdb(GUID, AGE + 1))
    found, (problem,) = find(str(tmp_path))
    assert found is None
    assert f"its GUID is {GUID_TEXT} (age {AGE + 1})" in problem


def test_a_file_that_is_no_pdb_is_refused_and_the_search_goes_on(tmp_path: Path) -> None:
    put(tmp_path / "a" / NAME, b"not a PDB")
    right = put(tmp_path / "b" / NAME)
    found, (problem,) = find(f"{tmp_path / 'a'};{tmp_path / 'b'}")
    assert found == right
    assert "is not a PDB" in problem and str(tmp_path / "a" / NAME) in problem


@pytest.mark.parametrize("linked", ["c:\\build\\out\\Driver.pdb", "../../../Driver.pdb"])
def test_only_the_name_counts_of_the_path_that_an_image_has(tmp_path: Path, linked: str) -> None:
    path = put(tmp_path / "symbols" / NAME)
    assert find(str(tmp_path / "symbols"), WANTED._replace(name=linked)) == (path, [])


@pytest.mark.parametrize("name", ["", "..", "a/..", "x\\", "nul\0.pdb", "a\n.pdb", "a:b.pdb", "*"])
def test_names_that_are_no_file_names(tmp_path: Path, name: str) -> None:
    found, (problem,) = find(str(tmp_path), WANTED._replace(name=name))
    assert found is None
    assert "which is no file name" in problem and "\n" not in problem


@given(st.text())
def test_any_text_is_a_path(text: str) -> None:
    SymbolPath(text)


def test_each_pdb_is_looked_for_once(tmp_path: Path) -> None:
    symbols = SymbolPath(str(tmp_path / "nowhere"))
    problems: list[str] = []
    assert symbols.open(WANTED, problems) is None
    assert symbols.open(WANTED, problems) is None
    assert symbols.open(WANTED._replace(age=2), problems) is None
    assert len(problems) == 1


def test_a_server_fills_the_store(tmp_path: Path, server: SymbolServer) -> None:
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    steps: list[tuple[str, int, int]] = []
    symbols = SymbolPath(
        f"srv*{tmp_path / 'store'}*{server.url}/", lambda *step: steps.append(step)
    )
    pdb = symbols.open(WANTED, [])
    assert pdb is not None
    pdb.close()
    stored = tmp_path / "store" / NAME / IDENTITY / NAME
    assert Path(pdb.path) == stored and stored.read_bytes() == RIGHT
    assert list(stored.parent.iterdir()) == [stored]
    assert steps[-1] == (NAME, len(RIGHT), len(RIGHT))
    assert {agent.partition("/")[0] for agent in server.agents} == {"Microsoft-Symbol-Server"}
    assert find(f"srv*{tmp_path / 'store'}*{server.url}") == (stored, [])
    assert server.asked == [ON_SERVER]


@pytest.mark.parametrize("text", ["srv*{server}", "srv**{server}", "{server}", "srv*{server}/"])
def test_a_server_without_a_store_fills_the_default_one(
    home: Path, server: SymbolServer, text: str
) -> None:
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    found, problems = find(text.format(server=server.url))
    assert (found, problems) == (default_store(home) / NAME / IDENTITY / NAME, [])


def test_a_cache_is_filled_for_the_servers_behind_it(tmp_path: Path, server: SymbolServer) -> None:
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    found, _ = find(f"cache*{tmp_path / 'cache'};srv*{server.url}")
    assert found == tmp_path / "cache" / NAME / IDENTITY / NAME


def test_a_store_with_two_tiers_is_filled_as_one(tmp_path: Path, server: SymbolServer) -> None:
    """ "Symbol store folder tree": symsrv makes and reads two tiers where index2.txt is."""
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    put(tmp_path / "index2.txt", b"")
    for _ in range(2):
        found, problems = find(f"srv*{tmp_path}*{server.url}")
        assert (found, problems) == (tmp_path / NAME[:2] / NAME / IDENTITY / NAME, [])
    assert server.asked == [ON_SERVER]


def test_a_server_that_has_not_got_it_is_no_problem(tmp_path: Path, server: SymbolServer) -> None:
    """But it is asked once in a run, and for another PDB again; for each in its three forms."""
    symbols = SymbolPath(f"srv*{tmp_path}*{server.url}")
    problems: list[str] = []
    for age in (1, 1, 2):
        assert symbols.open(WANTED._replace(age=age), problems) is None
    assert problems == []
    folder = ON_SERVER.rpartition("/")[0][:-1]  # without the last digit of the age
    assert server.asked == [
        f"{folder[:-1]}{age}/{leaf}" for age in (1, 2) for leaf in (NAME, "Driver.pd_", "file.ptr")
    ]
    assert list(tmp_path.glob("*.pdb")) == []


def test_the_next_server_is_asked(tmp_path: Path, server: SymbolServer) -> None:
    server.answers[f"/good{ON_SERVER}"] = Answer(body=RIGHT)
    text = f"srv*{tmp_path}*{server.url}/bad;srv*{tmp_path}*{server.url}/good"
    found, problems = find(text)
    assert (found is not None, problems) == (True, [])


def test_a_store_that_cannot_be_written(tmp_path: Path, server: SymbolServer) -> None:
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    store = put(tmp_path / "a file", b"")
    found, (problem,) = find(f"srv*{store}*{server.url}")
    assert found is None
    assert problem.startswith(f"symbol store {store}: ")
