"""Compressed files of a symbol store: a cabinet with one file in it, MSZIP or LZX.

Microsoft, "Symbol File Compression": ``Driver.pd_`` has ``Driver.pdb``. libmspack expands them,
through pylibmspack; weighed on PyPI in 2026: cabarchive has no LZX, cabfile needs Windows' DLL.
"""

from __future__ import annotations

import os

from .errors import SymbolFileError

__all__ = ["compressed_name", "expand", "is_cabinet"]

_MAGIC = b"MSCF"  # [MS-CAB] 2.1 CFHEADER
_LARGEST = 1 << 30  # bytes; LZX makes as many of 1 MB
_BY_HAND = {"nt": 'expand "{0}" "{1}"', "posix": "cabextract -p '{0}' > '{1}'"}


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
        from pylibmspack import CabArchive, MspackError  # noqa: PLC0415 - an extra
    except ImportError:
        by_hand = _BY_HAND[os.name].format(path, os.path.join(os.path.dirname(path), name))
        raise SymbolFileError(
            f"{path} is compressed: pip install 'regcb[cab]', or run once: {by_hand}"
        ) from None
    try:
        os.mkdir(folder)
        archive = CabArchive(path)
        for member in archive.files():
            return str(archive.extract(member["name"], folder, max_size=_LARGEST))
    except (MspackError, OSError, ValueError, UnicodeError) as error:
        raise SymbolFileError(f"{path} cannot be expanded: {error}") from None
    raise SymbolFileError(f"{path} cannot be expanded: it is empty")
