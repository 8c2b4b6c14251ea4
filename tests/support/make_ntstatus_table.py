"""Writes pykd_ext/notify/ntstatus.csv from the table of the library `ntstatus`.

    python tests/support/make_ntstatus_table.py > pykd_ext/notify/ntstatus.csv

The library has the largest table of NTSTATUS names on PyPI (2,714 of them), but no release of it
can be imported at run time: 1.0, the last one for WinDbg's Python 3.9, takes 0.7 s there to build
its enum, and later ones need Python 3.10. So its table is taken, its licence with it, and a test
holds the file to the library. 1.0 and 1.1 have the same table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import distribution

from ntstatus import NtStatus


def table() -> Iterator[str]:
    """The lines of the file: the library's licence as comments, then the statuses by value."""
    yield "# NTSTATUS names by value: the table of the Python library ntstatus 1, whose licence is"
    licence = distribution("ntstatus").read_text("licenses/LICENSE") or ""
    yield from (f"# {line}".rstrip() for line in licence.splitlines())
    yield "value,name"
    by_value = sorted((each.unsigned_value, name) for name, each in NtStatus.__members__.items())
    yield from (f"{value:08x},{name}" for value, name in by_value)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print("\n".join(table()))
