"""Names as the linker writes them, and what pykd made of each: tried in the real engine."""

from __future__ import annotations

import pytest

from pykd_ext.target.symbol_names import decorations, undecorated

C_NAMES = [
    # as linked, in an x64 image, in an x86 image
    ("Plain", "Plain", "Plain"),
    ("_CdeclFunction", "_CdeclFunction", "CdeclFunction"),
    ("___three", "___three", "__three"),
    ("_CmRegisterCallback@12", "_CmRegisterCallback@12", "CmRegisterCallback"),
    ("@Fast@8", "@Fast@8", "Fast"),
    ("@_f@8", "@_f@8", "_f"),
    ("_t_@8", "_t_@8", "t_"),
    ("__imp__w@4", "__imp__w@4", "_imp__w"),
    ("with@at", "with@at", "with@at"),
    ("with_number@12", "with_number@12", "with_number@12"),
    ("_y@", "_y@", "_y@"),
    ("_z@12abc", "_z@12abc", "_z@12abc"),
    ("_v@1@2", "_v@1@2", "_v@1@2"),
    ("q@@16", "q@@16", "q@@16"),
    ("$dollar", "$dollar", "$dollar"),
]

CPP_NAMES = [
    ("?plain@@YAXXZ", "plain"),
    ("?m@C@@QEAAXXZ", "C::m"),
    ("?st@C@n@@SGJPAX00@Z", "n::C::st"),
    ("?a@b@c@d@@YAXXZ", "d::c::b::a"),
    ("?back@x@0@@YAXXZ", "back::x::back"),
    ("?m@?A0x1234@@YAXXZ", "`anonymous namespace'::m"),
    ("??0Ctor@@QEAA@XZ", "Ctor::Ctor"),
    ("??1Dtor@ns@@QEAA@XZ", "ns::Dtor::~Dtor"),
    ("?data@@3HA", "data"),
    ("?lam@<lambda_1>@@QEBAXXZ", "<lambda_1>::lam"),
]

LEFT_AS_THEY_ARE = [
    "?Func@Cls@?$Tmpl@H@ns@@QEAAXXZ",
    "??8Filter@@QEBA_NAEBU0@@Z",
    "??_7Vt@@6B@",
    "?s@?1??f@@YAXXZ@4HA",
    "?9999",
    "?9@@YAXXZ",
    "?",
    "_",
]


@pytest.mark.parametrize(("linked", "x64", "x86"), C_NAMES)
def test_c_names(linked: str, x64: str, x86: str) -> None:
    assert (undecorated(linked, x86=False), undecorated(linked, x86=True)) == (x64, x86)


@pytest.mark.parametrize(("linked", "shown"), CPP_NAMES)
@pytest.mark.parametrize("x86", [False, True])
def test_cpp_names(linked: str, shown: str, x86: bool) -> None:
    assert undecorated(linked, x86) == shown


@pytest.mark.parametrize("linked", LEFT_AS_THEY_ARE)
@pytest.mark.parametrize("x86", [False, True])
def test_names_that_are_not_taken_apart(linked: str, x86: bool) -> None:
    assert undecorated(linked, x86) == linked


@pytest.mark.parametrize("name", ["CmRegisterCallback", "_underscored", "a"])
def test_every_decoration_of_a_name_is_undone(name: str) -> None:
    spellings = list(decorations(name, x86=True))
    assert spellings[0] == f"_{name}"
    assert {f"_{name}@12", f"@{name}@8", name} < set(spellings)
    assert {undecorated(each, x86=True) for each in spellings[:-1]} == {name}


def test_other_processors_have_few_decorations() -> None:
    assert list(decorations("CmRegisterCallback", x86=False)) == [
        "CmRegisterCallback",
        "_CmRegisterCallback",
    ]
