"""The examples in the docstrings are run: here those about dumps, in tests/engine the live ones."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest

import pykd_ext

PROJECT = Path(pykd_ext.__file__).parents[1]
LIVE = ("trace", "guard", "watch")
FUNCTIONS = [
    name
    for name in pykd_ext.__all__
    if name[0].islower() and name not in LIVE and callable(getattr(pykd_ext, name))
]


def failures(what: Any, name: str, names: dict[str, Any]) -> int:
    """How many of its examples do not hold; what is wrong with them is printed."""
    examples = doctest.DocTestFinder(recurse=False).find(what, name, globs=names)
    assert [each.examples for each in examples if each.examples], f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    return sum(runner.run(each).failed for each in examples)


def test_what_the_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    page = PROJECT / "docs" / "python.md"
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 2 and result.failed == 0


@pytest.mark.parametrize("name", ["pykd_ext", *FUNCTIONS])
def test_what_the_docstring_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    what = pykd_ext if name == "pykd_ext" else getattr(pykd_ext, name)
    with pykd_ext.open_target("samples/sound-x64.dmp", "samples/symbols") as target:
        assert failures(what, name, {"pykd_ext": pykd_ext, "target": target}) == 0
