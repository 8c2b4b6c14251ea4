"""``regcb install``: the files that WinDbg's extension gallery reads, and what to type once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pykd_ext import __version__
from pykd_ext.command_line.main import main
from pykd_ext.documents.text import printable
from pykd_ext.kernel.layouts import BLOCKS
from pykd_ext.notify.classes import CLASSES


def test_what_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "with space & more"
    assert main(["install", str(folder), "--python", "3.12"]) == 0
    assert (
        f"  .settings load {folder / 'config.xml'}\n  .settings save\n" in capsys.readouterr().out
    )
    settings = ElementTree.parse(folder / "config.xml").getroot()
    values = {each.get("Name"): each.get("Value") for each in settings.iter("Setting")}
    assert values["LocalCacheRootFolder"] == str(folder)
    package = ElementTree.parse(folder / "manifest.1.xml").getroot()[0]
    assert package.findtext("Version") == f"{__version__}.0"
    component = package.find("Components/ScriptComponent")
    assert component is not None
    script = folder / str(component.get("File")).replace(".\\", "")
    version = (folder / "ManifestVersion.txt").read_bytes().split()
    assert version == [b"1", b"1.0.0.0", b"1"]
    for aliases in package.iter("FunctionAlias"):
        assert f'host.functionAlias(command, "{aliases.get("Name")}")' in script.read_text("utf-8")
    assert f'as !regcb $$>a<"{folder}\\command.wds"' in (folder / "startup.wds").read_text("utf-8")


def test_what_the_script_knows_is_what_regcb_knows(tmp_path: Path) -> None:
    assert main(["install", str(tmp_path), "--python", "3.12"]) == 0
    script = (tmp_path / "regcb.js").read_text("utf-8")
    found = re.search(r"^const TABLES = (.*); // regcb install$", script, re.MULTILINE)
    assert found is not None
    known = json.loads(found[1])
    assert "{ !py -3.12 -m pykd_ext " in (tmp_path / "command.wds").read_text("utf-8")
    newest = known["blocks"]["x64"][0]
    assert newest["value"] == BLOCKS.rows["x64"][0].value._asdict()
    assert len(known["classes"]) == len(CLASSES)
    assert set(known["structures"]["8"]) == set(known["structures"]["4"])


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "regcb"
    assert main(["install", str(folder)]) == 2
    assert capsys.readouterr().err.startswith(f"regcb: cannot write {folder}: ")


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("config.xml", '<?xml version="1.0"?>\n<Settings Version="1">\n</Settings>\n'),
        ("manifest.1.xml", '<?xml version="1.0" encoding="utf-8"?>\r\n<ExtensionPackages/>'),
        ("ManifestVersion.txt", "7\r\n1.0.0.0\r\n1\r\n"),
        ("startup.wds", ".sympath C:\\mine\r\n"),
    ],
)
def test_what_is_anothers_is_left_as_it_is(
    name: str, held: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(held, "utf-8")
    before = (tmp_path / name).read_bytes()
    assert main(["install", str(tmp_path)]) == 2
    assert capsys.readouterr() == (
        "",
        f"regcb: {tmp_path / name}: holds something else, and is left as it is: "
        "name another folder\n",
    )
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == before


def test_an_earlier_one_is_written_over(tmp_path: Path) -> None:
    assert main(["install", str(tmp_path), "--python", "3.8"]) == 0
    manifest = tmp_path / "manifest.1.xml"
    said = f"<Version>{__version__}.0<".encode()
    manifest.write_bytes(manifest.read_bytes().replace(said, b"<Version>0.9.0.0<"))
    (tmp_path / "command.wds").write_text("dx -r0 @$regcb_command()\n", "utf-8")
    assert main(["install", str(tmp_path), "--python", "3.12"]) == 0
    assert "{ !py -3.12 -m pykd_ext " in (tmp_path / "command.wds").read_text("utf-8")
    assert said in manifest.read_bytes()


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\udcff", "a\nb"])
def test_a_name_that_a_debugger_cannot_be_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err == (
        f"regcb: {printable(str(tmp_path / name))}: WinDbg cannot be told this name: "
        "name another folder\n"
    )
    assert not list(tmp_path.iterdir())


def test_no_folder_outside_of_windows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert main(["install"]) == 2
    assert capsys.readouterr().err == (
        "regcb: where to? This is no Windows: regcb install FOLDER\n"
    )
