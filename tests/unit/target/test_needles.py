"""Where bytes lie in others, and in memory whose runs lie in a file as they like."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykd_ext.target.file_bytes import map_file
from pykd_ext.target.needles import places
from pykd_ext.target.physical import PAGE, Runs, StoredMemory

few_letters = st.text("CMc", max_size=80).map(str.encode)


@given(few_letters, few_letters.filter(bool), st.sampled_from([1, 2, 8, 16]), st.integers(0, 15))
def test_each_place_is_found(data: bytes, needle: bytes, step: int, first: int) -> None:
    first %= step
    expected = [at for at in range(first, len(data), step) if data.startswith(needle, at)]
    assert list(places(data, needle, step, first)) == expected


@pytest.mark.parametrize("gap", [0, 32, 3, PAGE])
def test_memory_is_searched_by_its_addresses(tmp_path: Path, gap: int) -> None:
    """As in ELF and LiME, where what stands between two runs has any length."""
    page = bytearray(PAGE)
    for at in (4, 0x124, 0x128, PAGE - 12):
        page[at : at + 4] = b"CMcb"
    path = tmp_path / "memory"
    path.write_bytes(bytes(7) + page + b"CMcb" * gap + page)
    runs = Runs([(5, 1, 7), (9, 1, 7 + PAGE + 4 * gap)])
    memory = StoredMemory(map_file(str(path)), runs)
    expected = [frame * PAGE + at for frame in (5, 9) for at in (4, 0x124, PAGE - 12)]
    assert list(memory.find(b"CMc", step=16, first=4)) == expected
    assert len(list(memory.find(b"CMc"))) == 8
    memory.close()
