"""The data files of the package, which may lie in a zip file."""

from __future__ import annotations

from pkgutil import get_data

__all__ = ["packaged_text"]


def packaged_text(module: str, name: str) -> str:
    """The text of the file ``name`` in the folder of ``module``, which is a ``__name__``."""
    data = get_data(module, name)
    assert data is not None, name
    return data.decode("utf-8").replace("\r\n", "\n")
