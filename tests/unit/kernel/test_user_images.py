"""A process's own images: the structures as winternl.h has them, and what is no process."""

from __future__ import annotations

import pytest

from pykd_ext import open_target
from pykd_ext.kernel import user_images
from tests.support.compilers import MINGW, Compiler, complaints, is_number
from tests.support.regcb import MakeDump


@pytest.mark.toolchain
@pytest.mark.parametrize("compiler", MINGW, ids=str)
def test_places_are_those_of_winternl_h(compiler: Compiler) -> None:
    """The InLoadOrderModuleList is the LIST_ENTRY before the one that has a name there."""
    ldr = user_images.LDR[compiler.pointer_size]
    in_load_order = user_images.IN_LOAD_ORDER[compiler.pointer_size]
    in_memory_order = in_load_order + 2 * compiler.pointer_size
    claims = [
        is_number("FIELD_OFFSET(PEB, Ldr)", ldr),
        is_number("FIELD_OFFSET(PEB_LDR_DATA, InMemoryOrderModuleList)", in_memory_order),
    ]
    assert complaints(compiler, ["windows.h", "winternl.h"], claims) == ""
    wrong = is_number("FIELD_OFFSET(PEB, Ldr)", ldr + 1)
    assert complaints(compiler, ["windows.h", "winternl.h"], [wrong])


def test_what_is_no_process_has_none(lab_dump: MakeDump) -> None:
    truth = lab_dump()
    with open_target(truth.path, truth.symbols) as target:
        assert list(user_images.user_images(target, 0x1000)) == []
