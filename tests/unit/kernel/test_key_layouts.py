"""The tables of key structures, held against C declarations of the public PDBs' types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pykd_ext.kernel.key_layouts import (
    KEY_BODIES,
    KEY_CONTROL_BLOCKS,
    KEY_SECURITY_CACHES,
    KeyBodyLayout,
    KeyControlBlockLayout,
    layer_layout,
    name_block_layout,
)
from tests.support.compilers import MSVC, complaints
from tests.support.registry_types import BUILDS, Row, row

HAS_LAYERS = 14393
POINTER_SIZES = {"x64": 8, "x86": 4}
COMPILERS = {8: MSVC[0], 4: MSVC[2]}

# The C types of the members that the tables name; what is not here is padding.
BODY = {
    "Type": "unsigned",
    "KeyControlBlock": "void *",
    "NotifyBlock": "void *",
    "ProcessID": "void *",
    "KeyBodyList": "LIST_ENTRY",
    "Flags": "unsigned short",
    "KtmTrans": "void *",
    "Trans": "void *",
    "KtmUow": "void *",
    "ContextListHead": "LIST_ENTRY",
}
BLOCK = {
    "RefCount": "unsigned",
    "ExtFlags": "unsigned",
    "KeyHive": "void *",
    "KeyCell": "unsigned",
    "LayerSemantics": "unsigned char",
    "LayerHeight": "unsigned short",
    "ParentKcb": "void *",
    "NameBlock": "void *",
    "CachedSecurity": "void *",
    "ValueCache": "unsigned",  # its count; ValueList since 1903
    "ValueList": "unsigned",
    "SubKeyCount": "unsigned",
    "KCBUoWListHead": "LIST_ENTRY",
    "KcbLastWriteTime": "long long",
    "Flags": "unsigned",  # the upper half of the word
    "FullKCBName": "void *",
    "LayerInfo": "void *",
}
LAYER = {"Kcb": "void *", "LowerLayer": "void *"}
SECURITY = {"DescriptorLength": "unsigned", "Descriptor": "unsigned"}
NAME = {"NameLength": "unsigned short", "Name": "unsigned short"}

LIST_ENTRY = "typedef struct { void *Flink, *Blink; } LIST_ENTRY;"


def declaration(name: str, offsets: Row, types: dict[str, str]) -> Iterator[str]:
    """A structure with the members at their offsets, if their alignment lets them stand there."""
    places = {field.partition(":")[0]: offset for field, offset in offsets.items()}
    present = sorted((places[field], field) for field in types if field in places)
    yield f"struct {name} {{ union {{"
    for number, (offset, field) in enumerate(present):
        gap = f"char gap{number}[{offset}]; " if offset else ""
        yield f"struct {{ {gap}{types[field]} {field}; }};"
    yield f"char all[{offsets['SIZE']}];"
    yield "}; };"


def claim(structure: str, field: str, offset: int | None) -> str:
    if offset is None:
        return ""
    return (
        f"_Static_assert(__builtin_offsetof(struct {structure}, {field}) == {offset}, "
        f'"{structure}.{field}");'
    )


def body_claims(layout: KeyBodyLayout, build: int) -> list[str]:
    transaction = "Trans" if build >= 14393 else "KtmTrans"
    return [
        f'_Static_assert(sizeof(struct BODY) >= {layout.size}, "size");',
        claim("BODY", "KeyControlBlock", layout.key_control_block),
        claim("BODY", "ProcessID", layout.process_id),
        claim("BODY", "Flags", layout.flags),
        claim("BODY", transaction, layout.transaction),
        claim("BODY", "ContextListHead", layout.contexts),
    ]


def block_claims(
    layout: KeyControlBlockLayout, pointer_size: int, values: str = "ValueList"
) -> list[str]:
    return [
        f'_Static_assert(sizeof(struct BLOCK) == {layout.size}, "size");',
        claim("BLOCK", "RefCount", 0),
        claim("BLOCK", "KcbLastWriteTime", layout.last_write),
        claim("BLOCK", "ExtFlags", layout.state),
        claim("BLOCK", "KeyCell", layout.key_cell),
        claim("BLOCK", "LayerHeight", layout.layer_height),
        claim("BLOCK", "ParentKcb", layout.parent),
        claim("BLOCK", "NameBlock", layout.name_block),
        claim("BLOCK", "CachedSecurity", layout.name_block + pointer_size),
        claim("BLOCK", values, layout.name_block + 2 * pointer_size),
        claim("BLOCK", "SubKeyCount", layout.sub_key_count),
        claim("BLOCK", "KCBUoWListHead", layout.transactions),
        claim("BLOCK", "Flags", layout.flags),
        claim("BLOCK", "FullKCBName", layout.full_name),
        claim("BLOCK", "LayerInfo", layout.layer_info),
    ]


def said_by_the_compiler(architecture: str, build: int, claims: list[str]) -> str:
    lines = [LIST_ENTRY]
    for name, type_name, types in (
        ("BODY", "_CM_KEY_BODY", BODY),
        ("BLOCK", "_CM_KEY_CONTROL_BLOCK", BLOCK),
        ("NAME", "_CM_NAME_CONTROL_BLOCK", NAME),
        ("SECURITY", "_CM_KEY_SECURITY_CACHE", SECURITY),
    ):
        lines += declaration(name, row(type_name, architecture, build), types)
    if build >= HAS_LAYERS:
        lines += declaration("LAYER", row("_CM_KCB_LAYER_INFO", architecture, build), LAYER)
    return complaints(COMPILERS[POINTER_SIZES[architecture]], [], [*lines, *claims])


@pytest.mark.toolchain
@pytest.mark.parametrize(("architecture", "build"), BUILDS)
def test_every_row_is_the_public_types(architecture: str, build: int) -> None:
    size = POINTER_SIZES[architecture]
    values = "ValueList" if build >= 18362 else "ValueCache"
    name = name_block_layout(size)
    security = KEY_SECURITY_CACHES.value(architecture, build)
    claims = [
        *body_claims(KEY_BODIES.value(architecture, build), build),
        *block_claims(KEY_CONTROL_BLOCKS.value(architecture, build), size, values),
        claim("NAME", "NameLength", name.name_length),
        claim("NAME", "Name", name.name),
        claim("SECURITY", "DescriptorLength", security.length),
        claim("SECURITY", "Descriptor", security.descriptor),
    ]
    if build >= HAS_LAYERS:
        layer = layer_layout(size)
        claims.append(claim("LAYER", "Kcb", layer.key_control_block))
        claims.append(claim("LAYER", "LowerLayer", layer.lower_layer))
    assert said_by_the_compiler(architecture, build, claims) == ""


@pytest.mark.toolchain
@pytest.mark.parametrize(
    "field",
    [
        "parent",
        "name_block",
        "sub_key_count",
        "transactions",
        "key_cell",
        "last_write",
        "flags",
        "full_name",
    ],
)
def test_a_wrong_row_is_refused(field: str) -> None:
    layout = KEY_CONTROL_BLOCKS.value("x64", 19041)
    wrong = layout._replace(**{field: getattr(layout, field) + 8})
    assert said_by_the_compiler("x64", 19041, block_claims(wrong, 8))


@pytest.mark.parametrize(("architecture", "build"), BUILDS)
def test_a_field_that_a_build_lacks_is_none(architecture: str, build: int) -> None:
    body = row("_CM_KEY_BODY", architecture, build)
    block = row("_CM_KEY_CONTROL_BLOCK", architecture, build)
    layout = KEY_CONTROL_BLOCKS.value(architecture, build)
    assert (KEY_BODIES.value(architecture, build).contexts is None) == (
        "ContextListHead" not in body
    )
    assert (layout.transactions is None) == ("KCBUoWListHead" not in block)
    assert (layout.full_name is None) == ("FullKCBName" not in block)
    assert (layout.layer_height is None) == ("LayerHeight" not in block)
    assert (layout.layer_info is None) == ("LayerInfo" not in block)
    assert ("freed" in dict(layout.states).values()) == (build >= 18362)
