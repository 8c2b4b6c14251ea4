"""Servers that are cut off, slow, or lie: the file comes, or one line does, and nothing stays."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from pykd_ext.target import http_download
from pykd_ext.target.symbol_path import SymbolPath
from tests.support.symbol_files.cabinet_file import cabinet, lzx
from tests.support.symbol_files.server import Answer, SymbolServer
from tests.support.symbol_files.stores import (
    AGE,
    IDENTITY,
    NAME,
    ON_SERVER,
    OTHER_GUID_TEXT,
    RIGHT,
    WANTED,
    WRONG,
    files_below,
    find,
    put,
    server,
)

__all__ = ["server"]  # a fixture

SIZE = len(RIGHT)
COMPRESSED, POINTER = f"{ON_SERVER[:-1]}_", f"{ON_SERVER.rpartition('/')[0]}/file.ptr"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HALF = Answer(body=RIGHT, cut=SIZE // 2, resumes=True, tag='"one"')


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def fetched(store: Path, server: SymbolServer) -> tuple[bytes | None, list[str]]:
    """What is in the store afterwards, where it belongs; nothing else is."""
    found, problems = find(f"srv*{store}*{server.url}")
    place = store / NAME / IDENTITY / NAME
    assert files_below(store) == ([place.parents[1], place.parent, place] if found else [])
    return (found.read_bytes() if found else None), problems


def refusal(store: Path, server: SymbolServer) -> str:
    """The one line that is said of the server; the store has nothing then."""
    found, (problem,) = fetched(store, server)
    assert found is None and problem.isprintable()
    start = f"symbol server {server.url}: "
    assert problem.startswith(start)
    return problem[len(start) :]


def test_a_download_that_was_cut_off_goes_on(store: Path, server: SymbolServer) -> None:
    server.answers[ON_SERVER] = HALF._replace(then=HALF._replace(cut=None))
    steps: list[tuple[str, int, int]] = []
    pdb = SymbolPath(f"srv*{store}*{server.url}", lambda *step: steps.append(step)).open(WANTED, [])
    assert pdb is not None
    pdb.close()
    assert Path(pdb.path).read_bytes() == RIGHT
    assert server.ranges == [("", ""), (f"bytes={SIZE // 2}-", '"one"')]
    assert [so_far for _, so_far, _ in steps] == sorted(so_far for _, so_far, _ in steps)
    assert steps[-1] == (NAME, SIZE, SIZE)


def test_it_is_cut_off_again_and_again(store: Path, server: SymbolServer) -> None:
    """As long as each answer brings some of it, but not for ever."""
    server.answers[ON_SERVER] = HALF._replace(cut=SIZE // 6)
    assert fetched(store, server) == (RIGHT, [])
    server.asked.clear()
    put(store / NAME / IDENTITY / NAME).unlink()
    server.answers[ON_SERVER] = HALF._replace(cut=100)
    found, (problem,) = find(f"srv*{store}*{server.url}")
    assert found is None and f"it sent 0x320 of {SIZE:#x} bytes; not asked again" in problem
    assert len(server.asked) == 8


def test_a_server_that_knows_no_range_sends_it_all_again(store: Path, server: SymbolServer) -> None:
    whole = Answer(body=RIGHT)
    server.answers[ON_SERVER] = whole._replace(cut=1000, then=whole)
    assert fetched(store, server) == (RIGHT, [])
    assert server.ranges == [("", ""), ("bytes=1000-", "")]


def test_a_file_that_changed_meanwhile_is_fetched_anew(store: Path, server: SymbolServer) -> None:
    """The halves of two are no file; the tag tells."""
    old = HALF._replace(body=WRONG, tag='"old"')
    server.answers[ON_SERVER] = old._replace(then=HALF._replace(cut=None))
    assert fetched(store, server) == (RIGHT, [])


def test_a_weak_tag_promises_nothing(store: Path, server: SymbolServer) -> None:
    weak = HALF._replace(tag='W/"one"')
    server.answers[ON_SERVER] = weak._replace(then=weak._replace(cut=None))
    assert fetched(store, server) == (RIGHT, [])
    assert server.ranges[1] == (f"bytes={SIZE // 2}-", "")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(503), "it answers 503 Service Unavailable"),
        (Answer(401), "it answers 401 Unauthorized"),
        (Answer(204), "it answers 204 No Content"),
        (Answer(500, reason="\x1b[2J" * 99), "it answers 500 ?[2J"),
        (Answer(body=RIGHT, cut=1000), f"it sent 0x3e8 of {SIZE:#x} bytes"),
        (Answer(body=RIGHT, cut=0), f"it sent 0x0 of {SIZE:#x} bytes"),
        (Answer(body=RIGHT, length=2 * SIZE), f"it sent {SIZE:#x} of {2 * SIZE:#x} bytes"),
        (Answer(body=RIGHT, length=1 << 40), "it sends more than 0x80000000 bytes"),
        (HALF._replace(then=Answer(404)), "it has not got all of it"),
        (HALF._replace(then=Answer(416)), "it answers 416"),
        (
            HALF._replace(then=HALF._replace(came="bytes 0-9/10")),
            f"it answers with 'bytes 0-9/10' when asked for 'bytes {SIZE // 2}-",
        ),
        (Answer(302, location="{url}" + ON_SERVER), "it answers 302"),
        (Answer(302, location="ftp://127.0.0.1/Driver.pdb"), "it answers 302 and leads to ftp:"),
        (Answer(302, location="file:///etc/passwd"), "it answers 302 Found - Redirection to url"),
    ],
)
def test_a_server_that_fails_is_not_asked_again(
    store: Path, server: SymbolServer, answer: Answer, why: str
) -> None:
    location = answer.location.format(url=server.url)
    server.answers[ON_SERVER] = answer._replace(location=location)
    symbols = SymbolPath(f"srv*{store}*{server.url}")
    problems: list[str] = []
    assert symbols.open(WANTED, problems) is None
    asked = len(server.asked)
    assert symbols.open(WANTED._replace(age=2), problems) is None
    (problem,) = problems
    assert problem.startswith(f"symbol server {server.url}: {why}") and problem.isprintable()
    assert problem.endswith("not asked again")
    assert len(server.asked) == asked <= 11
    assert files_below(store) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(body=WRONG), f"{NAME} is refused: its GUID is {OTHER_GUID_TEXT} (age {AGE})"),
        (Answer(body=b"<html>Sign in</html>" * 9), f"{NAME} is not a PDB: it starts with b'<html>"),
        (Answer(body=RIGHT, length=SIZE - 1), f"{NAME} is refused: its end is missing"),
        (Answer(body=RIGHT[:-1], length=-1), f"{NAME} is refused: its end is missing"),
        (Answer(body=RIGHT, length=0), f"{NAME} "),
    ],
    ids=["another PDB", "a web page", "a length too small", "no length", "no bytes"],
)
def test_what_a_server_sends_by_mistake_does_not_stay(
    store: Path, server: SymbolServer, answer: Answer, why: str
) -> None:
    server.answers[ON_SERVER] = answer
    assert refusal(store, server).startswith(why)
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    assert fetched(store, server) == (RIGHT, [])


def test_a_file_that_was_there_stays_there(store: Path, server: SymbolServer) -> None:
    """A refused download takes nothing of the store with it."""
    other = put(store / NAME / IDENTITY.replace("1A", "1B") / NAME, WRONG)
    server.answers[ON_SERVER] = Answer(body=WRONG)
    assert find(f"srv*{store}*{server.url}")[0] is None
    assert files_below(store) == [other.parents[1], other.parent, other]


def test_a_redirection_is_followed(store: Path, server: SymbolServer) -> None:
    """To the rest of a file, too."""
    server.answers[ON_SERVER] = Answer(302, location=f"{server.url}/elsewhere")
    server.answers["/elsewhere"] = HALF._replace(then=HALF._replace(cut=None))
    assert fetched(store, server) == (RIGHT, [])
    assert server.ranges[-1] == (f"bytes={SIZE // 2}-", '"one"')


def test_a_redirection_to_a_web_page(store: Path, server: SymbolServer) -> None:
    server.answers[ON_SERVER] = Answer(302, location=f"{server.url}/login")
    server.answers["/login"] = Answer(body=b"<html>Sign in</html>")
    assert "is not a PDB" in refusal(store, server)


def test_a_server_that_says_nothing(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_download, "_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found, (problem,) = find(f"srv*{store}*{url}")
    slow = "the server does not answer, or is too slow"
    assert (found, problem) == (None, f"symbol server {url}: {slow}; not asked again")
    assert files_below(store) == []


def test_a_server_that_takes_for_ever(
    store: Path, server: SymbolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any is slower than a file a nanosecond."""
    monkeypatch.setattr(http_download, "_PATIENCE", 0)
    monkeypatch.setattr(http_download, "_SLOWEST", 1 << 60)
    server.answers[ON_SERVER] = Answer(body=RIGHT)
    assert refusal(store, server).startswith("it sent 0x")


def test_nobody_answers(store: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        found, (problem,) = find(f"srv*{store}*{url}")
    assert found is None
    refused = "no connection to the server: it refuses one"
    assert problem == f"symbol server {url}: {refused}; not asked again"


@pytest.mark.parametrize(
    ("answer", "scheme", "said"),
    [
        (CHUNKED + b"5\r\n", "http", "cuts the connection"),
        (b"", "http", "cuts the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "https", "does not speak TLS there"),
    ],
    ids=["a chunk", "nothing", "no TLS"],
)  # fmt: skip
def test_a_server_that_breaks_off(store: Path, answer: bytes, scheme: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_once() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(0x1000)
                connection.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        found, (problem,) = find(f"srv*{store}*{url}")
        thread.join()
    assert (found, problem) == (None, f"symbol server {url}: the server {said}; not asked again")


def test_an_address_that_is_none(store: Path) -> None:
    for url in ("http://", "http://[", "https://127.0.0.1:port"):
        found, (problem,) = find(f"srv*{store}*{url}")
        assert found is None and problem.startswith("symbol server http")


def test_a_compressed_file_of_a_server_is_kept_expanded(store: Path, server: SymbolServer) -> None:
    server.answers[COMPRESSED] = Answer(body=cabinet("other name.pdb", RIGHT, lzx))
    assert fetched(store, server) == (RIGHT, [])
    assert server.asked == [ON_SERVER, COMPRESSED]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>", "Driver.pd_ cannot be expanded: "),
        (cabinet(NAME, RIGHT, lzx)[:-900], "Driver.pd_ cannot be expanded: "),
        (cabinet(NAME, WRONG, lzx), f"{NAME} is refused: its GUID is {OTHER_GUID_TEXT}"),
        (cabinet("../../../" + NAME, RIGHT, lzx), "Driver.pd_ cannot be expanded: "),
    ],
    ids=["a web page", "cut", "another PDB", "outside"],
)
def test_a_compressed_file_that_is_none(
    store: Path, server: SymbolServer, body: bytes, why: str
) -> None:
    server.answers[COMPRESSED] = Answer(body=body)
    assert why in refusal(store, server)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("PATH:\\\\builds\\7601\\Driver.pdb", f"{NAME} lies at '\\\\\\\\builds"),
        ("MSG: gone\x1b[2J", f"it says of {NAME}: 'gone\\x1b[2J'"),
        ("<html>" * 999, "it sends more than 0x1000 bytes"),
    ],
)
def test_a_servers_pointer_is_shown_and_not_followed(
    store: Path, server: SymbolServer, says: str, why: str
) -> None:
    """Whoever answers for a server would have this machine log on to any other."""
    server.answers[POINTER] = Answer(body=says.encode())
    assert refusal(store, server).startswith(why)
