"""Samples built once a run."""

from __future__ import annotations

from typing import Callable

import pytest

from .samples import Sample, build_sample

__all__ = ["BuildSample", "sample"]

BuildSample = Callable[..., Sample]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> BuildSample:
    """``sample(architecture, private)`` as in :func:`build_sample`; not to be changed."""
    built: dict[tuple[str, bool], Sample] = {}

    def build(architecture: str = "x64", private: bool = False) -> Sample:
        key = (architecture, private)
        if key not in built:
            folder = tmp_path_factory.mktemp(f"sample-{architecture}-{private}")
            built[key] = build_sample(architecture, private, folder)
        return built[key]

    return build
