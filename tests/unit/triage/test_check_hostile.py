"""Random bytes as the list's head, as callback blocks and as code: ``check`` says what it can."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pykd_ext.documents.findings import findings_document
from pykd_ext.present.findings import findings_text
from pykd_ext.present.output import Output
from pykd_ext.target.errors import RegcbError
from pykd_ext.target.image_files import ImageFiles
from pykd_ext.target.memory import PAGE
from pykd_ext.target.symbol_path import SymbolPath
from pykd_ext.triage.check import check
from tests.support.byte_target import ByteTarget
from tests.support.schemas import validate

BASE = {"x64": 0xFFFFF80412A00000, "arm64": 0xFFFFF80412A00000, "x86": 0x82800000}
PAGES = 3
NAMES = ("CallbackListHead", "CmpCallBackCount", "CmpCallbackCookie", "CmRegisterCallback")


def words(architecture: str) -> st.SearchStrategy[list[int]]:
    """Many of them lead back to where they stand, or are as small as lengths are."""
    base = BASE[architecture]
    near = st.integers(base - 8, base + PAGES * PAGE).map(lambda each: each & ~7)
    return st.lists(near | st.integers(0, 0x40) | st.integers(0, (1 << 64) - 1), min_size=1)


@settings(max_examples=150)
@given(data=st.data(), architecture=st.sampled_from(sorted(BASE)))
def test_random_bytes(data: Any, architecture: str) -> None:
    base = BASE[architecture]
    places = st.integers(0, PAGES * PAGE - 8).map(lambda each: base + (each & ~7))
    content = data.draw(words(architecture))
    check_bytes(architecture, content, [data.draw(places) for _ in NAMES])


def test_a_driver_with_an_empty_name() -> None:
    """Its file cannot be looked for; random bytes found this once."""
    base = BASE["x86"]
    content = [base + 0x858, 0, *[base - 8] * 6]
    check_bytes("x86", content, [base] * len(NAMES))


def check_bytes(architecture: str, content: list[int], places: list[int]) -> None:
    """``check`` of a kernel that is ``content``, again and again, its symbols at ``places``."""
    target: Any = ByteTarget(architecture)
    base, size = BASE[architecture], target.memory.pointer_size
    raw = b"".join((word & ((1 << 8 * size) - 1)).to_bytes(size, "little") for word in content)
    target.write(base, (raw * (PAGES * PAGE // len(raw) + 1))[: PAGES * PAGE])
    target.nt_base = target.module_list = base
    target.symbols.update(zip(NAMES, places))
    try:
        triage = check(target, ImageFiles(SymbolPath("")), _silent)
    except RegcbError as error:
        assert str(error).isprintable()
        return
    validate(findings_document(triage))
    shown = io.StringIO()
    Output(shown).write(findings_text(triage))
    assert all(line.isprintable() for line in shown.getvalue().splitlines())


def _silent(_done: int, _total: int) -> None:
    """Nobody waits."""
