"""The rooms of the house: who may import whom, and who alone may know pykd."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pykd_ext.kernel import builds
from pykd_ext.notify.classes import CLASSES, NotifyClass

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "pykd_ext"

# Data flows left to right: a room imports from itself and from the rooms before it.
ROOMS = [
    "target", "kernel", "notify", "windbg", "triage", "live", "verification", "api",
    "documents", "present", "command_line", "commands",
]  # fmt: skip

ABOUT_ALL_ROOMS = {"__init__.py", "test_house.py", "test_readme.py"}
LISTS_THE_COMMANDS = PACKAGE / "command_line" / "catalogue.py"

SOURCES = sorted(PACKAGE.rglob("*.py"))


def imported_modules(source: Path) -> Iterator[str]:
    """Absolute dotted names of everything that ``source`` imports, at any depth of its code."""
    package = source.relative_to(CHECKOUT).parts[:-1]
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_to_its_left(source: Path) -> None:
    room = source.relative_to(PACKAGE).parts[0]
    if room not in ROOMS or source == LISTS_THE_COMMANDS:
        return
    for module in imported_modules(source):
        parts = module.split(".")
        if parts[0] == "pykd_ext" and len(parts) > 1 and parts[1] in ROOMS:
            assert ROOMS.index(parts[1]) <= ROOMS.index(room), f"{source} imports {module}"


@pytest.mark.parametrize("engine", ["pykd", "ntoseye"])
def test_an_engine_is_imported_by_one_file(engine: str) -> None:
    knows = [source for source in SOURCES if engine in set(imported_modules(source))]
    assert knows == [PACKAGE / "target" / f"{engine}_session.py"]


def test_tests_import_no_tests() -> None:
    """What two of them need is in tests/support."""
    for source in (CHECKOUT / "tests").rglob("*.py"):
        for module in imported_modules(source):
            in_a_test = re.match(r"tests\.(.+\.)?(test_|conftest)", module)
            assert not in_a_test, f"{source} imports {module}"


def test_tests_stand_in_the_rooms_that_they_test() -> None:
    here = Path(__file__).parent
    assert {path.parent.name for path in here.glob("*/**/test_*.py")} <= set(ROOMS)
    assert {path.name for path in here.glob("*.py")} == ABOUT_ALL_ROOMS


def test_the_adapters_are_known_where_a_target_is_opened() -> None:
    adapters = {
        f"pykd_ext.target.{each}"
        for each in ("pykd_session", "ntoseye_session", "crash_dump", "memory_image")
    }
    for source in SOURCES:
        known = adapters & set(imported_modules(source))
        assert not known or source == PACKAGE / "target" / "opening.py", f"{source}: {known}"


# What is behind the package's own functions: commands and scripts go through those.
BEHIND_THE_INTERFACE = {
    "CrashDump", "Guard", "ImageFiles", "MemoryImage", "RegistrationWatch", "Tracer", "carve",
    "check",
    "open_session", "read_callbacks", "read_key_details", "read_listing",
    "read_notification_call", "read_stop",
}  # fmt: skip


def test_commands_and_scripts_use_the_interface() -> None:
    for source in [
        *(PACKAGE / "command_line").glob("*.py"),
        *(PACKAGE / "commands").glob("*.py"),
        *(CHECKOUT / "scripts").glob("*.py"),
    ]:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                second = BEHIND_THE_INTERFACE & {alias.name for alias in node.names}
                assert not second, f"{source} imports {second}"


def test_sections_that_comments_name_are_in_sources_md() -> None:
    sections = re.findall(
        r"^(?:## )?(\d(?:\.\d+)?) ", (PACKAGE / "SOURCES.md").read_text(), re.MULTILINE
    )
    for source in SOURCES:
        for cited in re.findall(r"SOURCES\s+([\d., to]+)", source.read_text(encoding="utf-8")):
            for number in re.findall(r"\d(?:\.\d+)?", cited):
                assert number in sections, f"{source}: {number}"


def test_builds_have_their_numbers_in_one_file() -> None:
    known = {
        value for value in vars(builds).values() if isinstance(value, int) and value >= builds.XP
    }
    for source in SOURCES:
        if source.name == "builds.py" or source.parent.name == "target":  # which is left of it
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and type(node.value) is int:
                assert node.value not in known, f"{source}:{node.lineno}: {node.value}"


def test_notify_classes_have_their_numbers_in_one_file() -> None:
    """Of constants by their names, of what is compared by what it is compared with."""
    spelled = [each.name.lower() for each in NotifyClass]
    right_of_it = ROOMS[ROOMS.index("notify") :]
    for source in SOURCES:
        room = source.relative_to(PACKAGE).parts[0]
        if room not in right_of_it or source == PACKAGE / "notify" / "classes.py":
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            where = f"{source}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Assign):
                for name in names_in(node.targets):
                    stem = name.strip("_").replace("_", "").lower()
                    is_of_class = "class" in stem or any(stem in each for each in spelled)
                    assert not (name.isupper() and is_of_class and numbers_in(node.value)), where
            elif isinstance(node, ast.Compare):
                of_class = {"notify_class", "about"}
                if room in ("notify", "live", "verification"):  # elsewhere much has a number
                    of_class.add("number")
                is_class = names_in([node]) & of_class
                assert not (is_class and any(map(numbers_in, node.comparators))), where
            elif isinstance(node, ast.Call) and names_in([node.func]) & {
                "notify_class",
                "NotifyClass",
            }:
                assert not any(map(numbers_in, node.args)), where


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    """The last part of each dotted name."""
    found = (each for node in nodes for each in ast.walk(node))
    return {
        each.id if isinstance(each, ast.Name) else each.attr
        for each in found
        if isinstance(each, (ast.Name, ast.Attribute))
    }


def numbers_in(node: ast.AST) -> set[int]:
    """The numbers that a class may have, of a constant or of a collection of such."""
    if isinstance(node, ast.Call):  # frozenset((5, 6))
        return {number for each in node.args for number in numbers_in(each)}
    parts = node.elts if isinstance(node, (ast.Tuple, ast.Set, ast.List)) else [node]
    return {
        each.value
        for each in parts
        if isinstance(each, ast.Constant) and type(each.value) is int and each.value in CLASSES
    }
