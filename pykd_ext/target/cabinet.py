"""Cabinets, MSZIP or LZX: the library that reads them, and the compressed files of a symbol store,
each a cabinet with one file in it.

Microsoft, "Symbol File Compression": ``Driver.pd_`` has ``Driver.pdb``. libmspack expands them,
through pylibmspack; weighed on PyPI in 2026: cabarchive has no LZX, cabfile needs Windows' DLL.
"""

from __future__ import annotations

import os
from typing import Any

from .errors import SymbolFileError

__all__ = ["cabinet_library", "compressed_name", "expand", "is_cabinet"]

_MAGIC = b"MSCF"  # [MS-CAB] 2.1 CFHEADER
_LARGEST = 1 << 30  # bytes; LZX makes as many of 1 MB
_BY_HAND = {"nt": 'expand "{0}" "{1}"', "posix": "cabextract -p '{0}' > '{1}'"}


def cabinet_library() -> tuple[Any, tuple[type[Exception], ...]]:
    """pylibmspack's class of a cabinet, and what it raises of a damaged one; ImportError without
    the library, which is an extra."""
    from pylibmspack import CabArchive, MspackError  # noqa: PLC0415

    return CabArchive, (MspackError, OSError, ValueError)


def compressed_name(name: str) -> str:
    """``Driver.pd_`` for ``Driver.pdb``."""
    return f"{name[:-1]}_"


def is_cabinet(path: str) -> bool:
    """Whether the file at ``path`` is one, whatever its name; False when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def expand(path: str, name: str, folder: str) -> str:
    """The path, in the new ``folder``, of the first file in the cabinet at ``path``, which should
    be ``name``.

    Raises SymbolFileError, in one line, for a damaged or empty cabinet, for more than 1 GiB, and
    without the library.
    """
    try:
        open_cabinet, errors = cabinet_library()
    except ImportError:
        by_hand = _BY_HAND[os.name].format(path, os.path.join(os.path.dirname(path), name))
        raise SymbolFileError(
            f"{path} is compressed: pip install 'regcb[cab]', or run once: {by_hand}"
        ) from None
    try:
        os.mkdir(folder)
        archive = open_cabinet(path)
        for member in archive.files():
            return str(archive.extract(member["name"], folder, max_size=_LARGEST))
    except errors as error:
        raise SymbolFileError(f"{path} cannot be expanded: {error}") from None
    raise SymbolFileError(f"{path} cannot be expanded: it is empty")
