"""A function of the user's: its mistakes are one line that says where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pykd_ext.command_line.user_function import UserFunctionError, user_function

FAILS_AT_LOAD = {
    "def on_operation(operation):\n  retrun True\n": ":2: invalid syntax",
    "import re\n\nnothing()\n": ":3: NameError: name 'nothing' is not defined",
    "def on_operations(operation): pass\n": " has no function on_operation(operation)",
    "on_operation = 1\n": " has no function on_operation(operation)",
    "import sys\nsys.exit(1)\n": ":2: SystemExit: 1",
    "raise ValueError('two\\nlines\\x1b')\n": ":1: ValueError: two lines\\x1b",
}


def written(folder: Path, text: str) -> str:
    path = folder / "mine.py"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize("text", FAILS_AT_LOAD)
def test_a_mistake_is_one_line(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserFunctionError) as caught:
        user_function(path)
    assert str(caught.value) == path + FAILS_AT_LOAD[text]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserFunctionError, match=r"none\.py cannot be read: No such file"):
        user_function(str(tmp_path / "none.py"))


def test_what_it_raises_has_the_innermost_line_of_the_file(tmp_path: Path) -> None:
    text = (
        "import json\n\ndef on_operation(operation):\n    return look(operation)\n\n"
        "def look(operation):\n    return json.loads(operation['x'])\n"
    )
    path = written(tmp_path, text)
    function = user_function(path)
    with pytest.raises(UserFunctionError) as caught:
        function({"x": ""})
    assert str(caught.value).startswith(f"{path}:7: JSONDecodeError: Expecting value: line 1 ")
    with pytest.raises(UserFunctionError, match=r":7: KeyError: 'x'"):
        function({})


def test_it_keeps_what_it_counts_and_says_when_it_has_enough(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Seen:\n    count: int = 0\n\nseen = Seen()\n\n"
        "def on_operation(operation):\n    seen.count += 1\n    return seen.count == 2\n"
    )
    function = user_function(written(tmp_path, text))
    assert [function({}), function({})] == [False, True]


def test_without_a_file() -> None:
    assert user_function(None)({}) is False
    assert user_function(None, otherwise=True)({}) is True


def test_the_function_in_the_documentation(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "live.md").read_text("utf-8")
    (text,) = re.findall(r"```python\n(def on_operation.*?)```", page, re.DOTALL)
    function = user_function(written(tmp_path, text))
    assert function({"value_name": "Start", "blocked_by": {}}) is True
    assert function({"value_name": "Start", "blocked_by": None}) is False


def test_the_users_ctrl_c_goes_through(tmp_path: Path) -> None:
    function = user_function(
        written(tmp_path, "def on_operation(_):\n    raise KeyboardInterrupt\n")
    )
    with pytest.raises(KeyboardInterrupt):
        function({})
