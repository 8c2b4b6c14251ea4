"""The reference page is what the code says.

``python -m tests.unit.api.test_reference`` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.reference import reference

PAGE = Path(__file__).parents[3] / "docs" / "reference.md"


@pytest.mark.toolchain  # argparse and inspect word things otherwise in another Python
def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == reference()


if __name__ == "__main__":
    PAGE.write_text(reference(), "utf-8")
