"""Every structure, member by member, as C compilers for Windows lay it out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pykd_ext.notify.classes import CLASSES
from pykd_ext.notify.structures import DECLARATIONS, Structure, structure
from tests.support.compilers import MINGW, MSVC, Compiler, complaints

NAMES = re.findall(r"^typedef struct _(\w+)", DECLARATIONS, re.MULTILINE)
SECOND_NAMES = {name for each in CLASSES for name in each.structures} - set(NAMES)

# mingw-w64 10.0.0 has none of these (SOURCES 4.4).
NOT_IN_MINGW = {
    "REG_QUERY_KEY_NAME",
    "REG_LOAD_KEY_INFORMATION_V2",
    "REG_SAVE_MERGED_KEY_INFORMATION",
    "KEY_NAME_INFORMATION",
}

# Initializers of what is no number.
ZERO = {"LARGE_INTEGER": "{0}", "WCHAR[1]": "{0}", "UCHAR[1]": "{0}"}


def claims_about(layout: Structure) -> Iterator[str]:
    """C that compiles when the header's structure has these members, all of them, and no other."""
    name = layout.name
    yield f'_Static_assert(sizeof({name}) == {layout.size}, "{name}");'
    for each in layout.members:
        member = f"(({name} *)0)->{each.name}"
        is_of_type = f"__builtin_types_compatible_p(__typeof__({member}), {each.type})"
        place = f"{name}.{each.name}"
        offset = f"__builtin_offsetof({name}, {each.name})"
        yield f'_Static_assert({offset} == {each.offset}, "{place} offset");'
        yield f'_Static_assert(sizeof({member}) == {each.size}, "{place} size");'
        yield f'_Static_assert({is_of_type}, "{place} is no {each.type}");'
    zeros = ", ".join(
        ZERO.get(each.type, "0") for each in layout.members
    )  # one more or less is an error
    yield f"{name} all_members_of_{name} = {{{zeros}}};"


def all_claims(compiler: Compiler, names: set[str]) -> list[str]:
    layouts = (structure(name, compiler.pointer_size) for name in sorted(names))
    return [claim for layout in layouts for claim in claims_about(layout)]


def test_every_class_has_its_structures_and_every_structure_its_class() -> None:
    of_classes = {name for each in CLASSES for name in each.structures} - SECOND_NAMES
    assert of_classes == {name for name in NAMES if name.startswith("REG_")}
    for name in SECOND_NAMES:
        assert structure(name, 8).members


@pytest.mark.toolchain
@pytest.mark.parametrize("compiler", MSVC, ids=str)
def test_layouts_are_those_of_microsofts_abi(compiler: Compiler) -> None:
    claims = all_claims(compiler, {*NAMES, *SECOND_NAMES})
    assert complaints(compiler, ["registry_information.h"], claims) == ""


@pytest.mark.toolchain
@pytest.mark.parametrize("compiler", MINGW, ids=str)
def test_layouts_are_those_of_wdm_h(compiler: Compiler) -> None:
    claims = all_claims(compiler, {*NAMES, *SECOND_NAMES} - NOT_IN_MINGW)
    assert complaints(compiler, ["stddef.h", "ddk/wdm.h"], claims) == ""


@pytest.mark.toolchain
@pytest.mark.parametrize("name", sorted(NOT_IN_MINGW))
def test_mingw_does_not_have_these_yet(name: str) -> None:
    """When it does, the exception above can go."""
    assert complaints(MINGW[0], ["ddk/wdm.h"], [f"{name} present;"])


@pytest.mark.toolchain
def test_a_wrong_layout_is_refused() -> None:
    """The proof can fail: by offset, size, type, a member too many and one too few."""
    layout = structure("REG_SET_VALUE_KEY_INFORMATION", 8)
    first, *rest = layout.members
    wrong = [
        layout._replace(size=72),
        layout._replace(members=(first._replace(offset=8), *rest)),
        layout._replace(members=(first._replace(size=4), *rest)),
        layout._replace(members=(first._replace(type="ULONG"), *rest)),
        layout._replace(members=(*layout.members, first)),
        layout._replace(members=tuple(rest)),
    ]
    for each in wrong:
        assert complaints(MSVC[0], ["registry_information.h"], claims_about(each))


@pytest.mark.parametrize("pointer_size", [4, 8])
def test_an_unknown_structure_is_an_error(pointer_size: int) -> None:
    with pytest.raises(AttributeError):
        structure("REG_NO_SUCH_INFORMATION", pointer_size)


def test_a_missing_member_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"REG_DELETE_KEY_INFORMATION\.Data"):
        structure("REG_DELETE_KEY_INFORMATION", 8).member("Data")
