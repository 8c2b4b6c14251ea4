"""What is asked of a process of ``scan`` and what it answers: text alone, so that who asks loads
nothing of what looks at dumps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..documents.scan import Fault
    from ..documents.scan_format_names import ScanFormat

__all__ = ["ScanOptions", "ScanResult", "failed", "host_of"]


class ScanOptions(NamedTuple):
    """How every dump of a scan is looked at, and what is said of it. ``layout``: a file of
    ``regcb verify --json``; ``host``: whose the dumps are, as in :func:`host_of`."""

    symbol_path: str = ""
    carve: bool = True
    layout: str | None = None
    form: ScanFormat = "jsonl"
    host: str | None = None


class ScanResult(NamedTuple):
    """``state`` and ``fault`` as ScanDocument has them; ``text``: the dump's lines."""

    state: str
    fault: Fault | None
    text: str


def failed(
    path: str, fault: Fault, reason: str, options: ScanOptions, seconds: float = 0
) -> ScanResult:
    """Of a dump that could not be looked at, ``seconds`` after it was begun."""
    from .scan_dump import failed_dump, scan_result  # noqa: PLC0415 - seldom wanted

    return scan_result(failed_dump(path, fault, reason, options, seconds), options)


def host_of(path: str, host: str) -> str:
    """``host`` with the dump's folder and name in the places of ``{folder}`` and ``{name}``."""
    dump = Path(path)
    return host.replace("{folder}", dump.parent.name).replace("{name}", dump.stem)
