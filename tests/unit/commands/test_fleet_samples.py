"""The samples for tools that look at many machines: by those tools' rules, and run."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support import foreign_schemas
from tests.support.regcb import Regcb

pytestmark = pytest.mark.toolchain  # PyYAML is none of the packages of Windows Python

CHECKOUT = Path(__file__).parents[3]
FLEET = CHECKOUT / "samples" / "fleet"
SCHEMAS = Path(foreign_schemas.__file__).parent
DUMP = CHECKOUT / "samples" / "blinded-x64.dmp"

# The arguments of VQL's functions and plugins: docs/references/vql.yaml.
VQL = {
    "execve": {"argv", "sep", "length", "env", "cwd"}, "foreach": {"row", "query"},
    "glob": {"globs", "root"}, "if": {"condition", "then", "else"}, "info": set(),
    "parse_json": {"data"},
}  # fmt: skip


def read(sample: str, schema: str) -> dict[str, Any]:
    import yaml

    document: dict[str, Any] = yaml.safe_load((FLEET / sample).read_text("utf-8"))
    Draft202012Validator(json.loads((SCHEMAS / schema).read_text("utf-8"))).validate(document)
    return document


@pytest.fixture(scope="module")
def artifact() -> dict[str, Any]:
    name = "Custom.Windows.Memory.RegistryCallbacks"
    document = read(f"{name}.yaml", "velociraptor_artifact.json")
    assert document["name"] == name
    return document


def test_the_query_of_the_artifact(artifact: dict[str, Any]) -> None:
    """All of its statements but the last are LET, and what it calls there is."""
    (source,) = artifact["sources"]
    query = re.sub(r'"(\\.|[^"\\])*"', '""', source["query"])
    *lets, last = re.split(r"\n\n+", query.strip())
    assert last.startswith("SELECT ") and all(each.startswith("LET ") for each in lets)
    for opening, closing in ("()", "[]"):
        assert query.count(opening) == query.count(closing)
    called = re.findall(r"\b([a-z_]+)\(", query)
    assert set(called) == set(VQL)
    named = set(re.findall(r"\b([a-z_]+)=", query))
    assert named <= set().union(*VQL.values())
    defined = {each["name"] for each in artifact["parameters"]}
    assert defined == set(re.findall(r"\b(Regcb|DumpGlob|SymbolPath)\b", query))


def test_what_the_artifact_runs(artifact: dict[str, Any], regcb: Regcb) -> None:
    query = artifact["sources"][0]["query"]
    argv = re.search(r"argv=\[(.*?)\],\n", query, re.DOTALL)
    assert argv
    given = {
        "SymbolPath": str(CHECKOUT / "samples" / "symbols"), "OSPath": str(DUMP),
        "Machine[0].Hostname": "WS-0042",
    }  # fmt: skip
    program, *words = (each.strip() for each in argv[1].split(","))
    assert program == "Regcb"
    status, output, errors = regcb(*(given.get(each, each.strip('"')) for each in words))
    assert (status, errors) == (1, "")
    events = [json.loads(line) for line in output.splitlines()]
    assert all(line.startswith("{") for line in output.splitlines())
    assert {each["host"]["name"] for each in events} == {"WS-0042"}
    for column in re.findall(r"\bEvent\.([a-z_.]+)", query):
        value = events[0]
        for part in column.split("."):
            value = value[part]


def test_the_module_of_kape(tmp_path: Path, regcb: Regcb) -> None:
    module = read("regcb.mkape", "kape_module.json")
    assert module["ExportFormat"] in [each["ExportFormat"] for each in module["Processors"]]
    for processor in module["Processors"]:
        line = processor["CommandLine"].replace("\\", "/")
        known = {"%sourceDirectory%": DUMP.parent, "%destinationDirectory%": tmp_path}
        for name, folder in known.items():
            line = line.replace(name, shlex.quote(str(folder)))
        assert "%" not in line
        words = shlex.split(line)
        assert regcb("--no-symbols", *words)[0] == 1
        written = Path(words[words.index("-o") + 1]).read_text("utf-8").splitlines()
        if processor["ExportFormat"] == "csv":
            assert len(list(csv.DictReader(written))) == len(list(DUMP.parent.glob("*.dmp")))
        else:
            assert len([json.loads(each) for each in written]) >= 4
