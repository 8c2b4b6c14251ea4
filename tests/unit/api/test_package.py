"""``import pykd_ext``: what it exports, and that it loads nothing before it is asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pykd_ext
from pykd_ext import RegcbError

SOURCE = Path(pykd_ext.__file__)


def declared() -> dict[str, str]:
    """What type checkers are told: name -> the module that it comes from."""
    (block,) = [
        each for each in ast.parse(SOURCE.read_text("utf-8")).body if isinstance(each, ast.If)
    ]
    return {
        alias.asname or "": each.module or ""
        for each in block.body
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
    }


def test_type_checkers_are_told_what_there_is() -> None:
    assert declared() == pykd_ext._HOME_OF
    assert pykd_ext.__all__ == ["__version__", *declared()]
    assert set(pykd_ext.__all__) <= set(dir(pykd_ext))


@pytest.mark.parametrize("name", pykd_ext.__all__)
def test_everything_is_documented(name: str) -> None:
    assert name == "__version__" or getattr(pykd_ext, name).__doc__


def test_every_error_is_one_tree() -> None:
    exported = [getattr(pykd_ext, name) for name in pykd_ext.__all__]
    errors = [
        each for each in exported if isinstance(each, type) and issubclass(each, BaseException)
    ]
    assert len(errors) > 10
    assert all(issubclass(each, RegcbError) for each in errors)


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(AttributeError, match="'pykd_ext' has no attribute 'nonsense'"):
        pykd_ext.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import pykd_ext", "['pykd_ext']"),
        (
            "import pykd_ext; pykd_ext.RegcbError",
            "['pykd_ext', 'pykd_ext.target', 'pykd_ext.target.errors']",
        ),
    ],
)
def test_nothing_is_loaded_before_it_is_asked_for(code: str, loaded: str) -> None:
    path = str(SOURCE.parents[1])
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {path!r}); {code}; "
            "print(sorted(each for each in sys.modules if each.startswith('pykd_ext')))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == loaded


@pytest.mark.parametrize("module", ["pykd_ext", "pykd_ext.target"])
def test_a_star_takes_all(module: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {module} import *", names)
    assert set(sys.modules[module].__all__) <= set(names)
