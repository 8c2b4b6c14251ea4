"""What is wrong with the callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..target.image_files import ImageFiles
from ..target.physical import silent
from ..triage.check import Triage, check

if TYPE_CHECKING:
    from ..target import Target
    from ..target.physical import Progress

__all__ = ["findings"]


def findings(
    target: Target, *, carve: bool | None = None, progress: Progress | None = None
) -> Triage:
    """Everything that is wrong with the callbacks of ``target``, the gravest first.

    With ``carve`` callbacks are searched for that the list does not lead to, of which ``progress``
    is told the bytes so far and in all; None is for dumps alone, since it takes long of a live
    target. Code is compared with the drivers' own files, where the target's symbol path has them.
    The listing that the findings are about is their ``listing``.

    Raises TargetError where there is no list that can be read, UnsupportedTarget for a build whose
    layout is not known.

    >>> with pykd_ext.open_target("samples/blinded-x64.dmp", symbols="samples/symbols") as target:
    ...     found = pykd_ext.findings(target)
    >>> found[0].severity, found[0].id
    ('high', 'head-links-disagree')
    >>> [finding.id for finding in found if finding.callback == 3]
    ['owner-unloaded', 'altitude-foreign']
    """
    searches = target.is_file if carve is None else carve
    files = ImageFiles(target.symbol_path)
    return check(target, files, (progress or silent) if searches else None)
