"""Files at URLs: how little is read of them, and what is said of a server that does badly."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pykd_ext.target import file_bytes, remote_file
from pykd_ext.target.errors import TargetError
from pykd_ext.target.file_bytes import RangedFile, open_bytes
from pykd_ext.target.locations import file_name, is_url, shown
from tests.lab import Truth, make_dump
from tests.lab.containers import CONTAINERS
from tests.support.file_server import FileServer, file_server, self_signed
from tests.support.regcb import Regcb

pytestmark = pytest.mark.toolchain


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FileServer]:
    with file_server(tmp_path) as running:
        yield running


def listed(regcb: Regcb, where: str, truth: Truth) -> dict[str, Any]:
    import json

    status, output, errors = regcb("list", "--json", "-z", where, "-y", truth.symbols)
    assert (status, errors) == (0, "")
    document: dict[str, Any] = json.loads(output)
    assert document["target"].pop("path") == where
    return document


@pytest.mark.parametrize("kind", [1, 5, *sorted(set(CONTAINERS) - {"vmem"})])
def test_what_a_file_says_it_says_far_away(
    tmp_path: Path, server: FileServer, regcb: Regcb, kind: int | str
) -> None:
    path = tmp_path / (f"memory.{kind}" if isinstance(kind, str) else "memory.dmp")
    truth = make_dump(path, dump_type=kind)
    near = listed(regcb, truth.path, truth)
    assert len(near["callbacks"]) == truth.count
    assert listed(regcb, f"{server.url}/{path.name}", truth) == near


# Of 16 GiB: ranges, and bytes of them. In a raw image the page tables are looked for.
MOST = {"raw": (8, 5 << 20), "dmp": (8, 1 << 20)}


@pytest.mark.parametrize(("kind", "name"), [("raw", "memory.raw"), (5, "memory.dmp")])
def test_little_is_read_of_a_big_machine(
    tmp_path: Path, server: FileServer, regcb: Regcb, kind: int | str, name: str
) -> None:
    truth = make_dump(tmp_path / name, dump_type=kind, size=1 << 34)
    assert Path(truth.path).stat().st_size >= 1 << 34
    assert len(listed(regcb, f"{server.url}/{name}", truth)["callbacks"]) == truth.count
    ranges, most = MOST[name[-3:]]
    assert len(server.ranges) <= ranges
    assert sum(size for _, size in server.ranges) <= most
    assert len(set(server.ranges)) == len(server.ranges)  # none twice


def test_all_of_it_is_searched(tmp_path: Path, server: FileServer, regcb: Regcb) -> None:
    truth = make_dump(tmp_path / "memory.dmp", damage=["entry-unlinked"], callbacks=6)
    said = [
        regcb("check", "-z", where, "-y", truth.symbols)
        for where in (truth.path, f"{server.url}/memory.dmp")
    ]
    assert "entry-orphaned" in said[0][1]
    assert said[1][1].replace(f"{server.url}/memory.dmp", truth.path) == said[0][1]


ABSENT = "cannot be opened: the server answers 404, not found"
AS_A_WHOLE = "the server sends this file as a whole only, with no ranges of it: download it"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (404, ABSENT),
        (403, "cannot be opened: the server answers 403"),
        (503, "cannot be opened: the server answers 503"),
        ("says-whole", AS_A_WHOLE),
        ("whole", AS_A_WHOLE),
        ("no-length", AS_A_WHOLE),
        ("longer", "the server says that it has 0x[0-9a-f]+ bytes"),
        ("short", "of 0x10000 bytes at 0x0 0x8000 came: the server says that it has"),
        ("cut", "cannot be read at 0x0: the server cuts the connection"),
        ("endless", "cannot be read at 0x0: the server sends more than it was asked for"),
        ("silent", "cannot be read at 0x0: the server does not answer, or is too slow"),
    ],
)
def test_a_server_that_does_not_do_its_part(
    tmp_path: Path,
    server: FileServer,
    regcb: Regcb,
    monkeypatch: pytest.MonkeyPatch,
    fault: str | int,
    said: str,
) -> None:
    monkeypatch.setattr(remote_file, "_SILENCE", 0.2)
    monkeypatch.setattr(remote_file, "_LONGEST_ANSWER", 8 << 20)
    monkeypatch.setattr(remote_file, "_PAUSES", (0, 0, 0))
    make_dump(tmp_path / "memory.dmp")
    server.faults.add(fault)
    url = server.url.replace("//", "//me:secret@") + "/memory.dmp?token=secret"
    status, output, errors = regcb("list", "-z", url)
    assert (status, output) == (2, "")
    name = re.escape(server.url)
    assert re.fullmatch(rf"regcb: {name}/memory\.dmp\?[0-9a-f]{{8}}: .*{said}.*\n", errors), errors
    assert "secret" not in errors


def test_a_connection_that_is_cut_once(tmp_path: Path, server: FileServer, regcb: Regcb) -> None:
    truth = make_dump(tmp_path / "memory.dmp")
    server.faults.add("cut-once")
    assert len(listed(regcb, f"{server.url}/memory.dmp", truth)["callbacks"]) == truth.count


def test_a_url_that_is_signed_for_get_alone(
    tmp_path: Path, server: FileServer, regcb: Regcb
) -> None:
    make_dump(tmp_path / "memory.dmp", size=1 << 34)
    server.faults.add("no-head")
    url = f"{server.url}/memory.dmp"
    status, output, errors = regcb("list", "-z", f"{url}?X-Amz-Signature=secret")
    assert (status, errors) == (0, "")
    assert f"crash-dump {url}, " in output
    assert "secret" not in output
    assert sum(size for _, size in server.ranges) < 1 << 20


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("gopher://host/memory.dmp", "nothing reads gopher://"),
        ("zip://a.dmp::https://host/a.zip", r"URLs in URLs (::) are not read"),
        (
            "http://127.0.0.1:1/memory.dmp",
            "cannot be opened: no connection to the server: it refuses one",
        ),
        ("smb://", "cannot be opened: what reads smb:// fails"),
        (
            "sftp://host/memory.dmp",
            "what reads sftp:// is not installed: SFTPFileSystem requires "
            '"paramiko" to be installed',
        ),
        (
            "https://host:99999/memory.dmp",
            "cannot be opened: it is no URL of a file",
        ),
        (
            "https://[secret/memory.dmp",
            "cannot be opened: it is no URL of a file",
        ),
    ],
)
def test_what_is_no_server(regcb: Regcb, url: str, said: str) -> None:
    status, output, errors = regcb("list", "-z", url)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert errors.endswith(f": {said}\n")
    assert "secret" not in errors


def said_of(regcb: Regcb, url: str) -> str:
    status, output, errors = regcb("list", "-z", url)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    return errors.removeprefix(f"regcb: {url}: ").rstrip("\n")


def test_an_ipv6_address_is_no_url_in_a_url(regcb: Regcb) -> None:
    assert said_of(regcb, "http://[::1]:1/memory.dmp").startswith(
        "cannot be opened: no connection to the server"
    )


def test_a_name_that_nobody_has(regcb: Regcb, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = said_of(regcb, "http://host.invalid/memory.dmp")
    assert said == "cannot be opened: no connection to the server: its name is not known"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of S3 in the environment; fsspec keeps its clients, with what they found there."""
    from fsspec.registry import get_filesystem_class

    system = get_filesystem_class("s3")
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    system.clear_instance_cache()
    yield
    system.clear_instance_cache()


@pytest.mark.usefixtures("s3")
def test_a_bucket_without_credentials(
    regcb: Regcb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    said = said_of(regcb, "s3://bucket/memory.dmp")
    assert said == "cannot be opened: no credentials are set (AWS_PROFILE, AWS_ACCESS_KEY_ID)"


def test_a_server_without_tls(server: FileServer, regcb: Regcb) -> None:
    said = said_of(regcb, f"{server.url.replace('http:', 'https:')}/memory.dmp")
    assert said == "cannot be opened: the server does not speak TLS there"


def test_a_server_of_something_else(regcb: Regcb) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            for _ in range(2):  # HEAD, then GET
                connection, _ = listening.accept()
                with connection:
                    connection.recv(0x1000)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        said = said_of(regcb, f"http://127.0.0.1:{listening.getsockname()[1]}/memory.dmp")
    assert said == "cannot be opened: the server does not speak HTTP there"


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_asked_too_often(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What S3 answers is told, and is no lost connection."""
    server.faults.add(503)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(TargetError, match="cannot be listed: the server answers 503"):
        remote_file.matching("s3://bucket/*.dmp")


def test_a_certificate_that_nobody_signed(tmp_path: Path, regcb: Regcb) -> None:
    """It is said to be that, and trusted by a process that finds it in SSL_CERT_FILE."""
    truth = make_dump(tmp_path / "memory.dmp")
    certificate = self_signed(tmp_path)
    with file_server(tmp_path, certificate) as server:
        url = f"{server.url}/memory.dmp"
        said = said_of(regcb, url)
        assert said.startswith("cannot be opened: the server's certificate is not trusted: ")
        subprocess.run(
            [sys.executable, "-m", "pykd_ext", "list", "-z", url, "-y", truth.symbols],
            env={**os.environ, "SSL_CERT_FILE": str(certificate)},
            check=True,
            capture_output=True,
        )


def test_the_engine_opens_no_url(regcb: Regcb) -> None:
    status, _, errors = regcb("list", "--engine", "pykd", "-z", "https://host/memory.dmp")
    assert (status, errors.count("\n")) == (2, 1)
    assert "opens files: --engine none" in errors


def test_a_search_from_page_to_page_asks_seldom() -> None:
    """Up and down: 100 pages of 64 KiB, each a block, in ranges that grow."""
    block = file_bytes._BLOCK
    for pages in (range(100), range(99, -1, -1)):
        asked: list[tuple[int, int]] = []

        def fetch(start: int, end: int, asked: list[tuple[int, int]] = asked) -> bytes:
            asked.append((start, end))
            return bytes(end - start)

        file = RangedFile("name", "name", 100 * block, fetch, lambda: None)
        for page in pages:
            assert file[page * block : page * block + 2] == b"\0\0"
        assert len(asked) <= 8
        assert sum(end - start for start, end in asked) <= 100 * block  # none twice


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_bytes, "_CACHED", 4 * file_bytes._BLOCK)
    monkeypatch.setattr(file_bytes, "_LONGEST", 3 * file_bytes._BLOCK)
    block = file_bytes._BLOCK
    size = 20 * block + 5
    whole = bytes(range(251)) * (size // 251 + 1)
    asked: list[tuple[int, int]] = []

    def fetch(start: int, end: int) -> bytes:
        asked.append((start, end))
        return whole[start:end]

    file = RangedFile("name", "name", size, fetch, lambda: None)
    assert file[0:10] == whole[0:10]
    assert file[block - 3 : block + 3] == whole[block - 3 : block + 3]
    assert file[3 * block :] == whole[3 * block : size]  # more than is kept
    assert file[size - 2 : size + 9] == whole[size - 2 : size]
    assert file[size : size + 9] == b""
    assert asked[0] == (0, block)
    before = len(asked)
    assert file[size - 9 : size] == whole[size - 9 : size]
    assert len(asked) == before
    assert b"".join(file.chunks(7, size)) == whole[7:size]
    assert len(file._blocks) <= 4


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("C:/dumps/a.raw", "C:/dumps/a.raw"),
        ("https://me:secret@host:8443/d/a.raw", "https://host:8443/d/a.raw"),
        ("https://host/a.raw?X-Amz-Credential=secret&X-Amz-Signature=1", "https://host/a.raw"),
        ("https://host/a.raw?sv=1&se=2&sr=b&sp=r&sig=secret", "https://host/a.raw"),
        ("s3://bucket/a%20b.raw", "s3://bucket/a%20b.raw"),
    ],
)
def test_the_name_of_a_url(path: str, name: str) -> None:
    assert shown(path) == name
    assert is_url(path) == ("://" in path)


def test_two_files_have_two_names() -> None:
    names = {shown(f"https://host/get?id={each}") for each in ("1", "2", "secret")}
    assert len(names) == 3
    assert not any("secret" in each for each in names)
    assert file_name("https://host/d/a%20b.raw?id=1") == "a b.raw"


def test_an_empty_file(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "memory.dmp").touch()
    with pytest.raises(TargetError, match=r"memory\.dmp: the file is empty, or none"):
        open_bytes(f"{server.url}/memory.dmp")
