"""The process that ``scan`` looks at dumps in: ``python -m pykd_ext.command_line.scan_process``.

One question a line on its input, one answer a line on its output, both JSON; it ends with its
input. Its memory is limited where the system can (``RLIMIT_DATA``: what it allocates, and not the
dumps that it maps), its time by who asks.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from ..documents.json_text import json_line
from ..target.dump_header import is_kernel_dump
from ..target.errors import TargetError
from ..target.locations import is_url
from .scan_request import ScanOptions

__all__ = ["Found", "answer", "dumps_of"]

_COMPRESSED = (".zip", ".cab", ".gz")


class Found(NamedTuple):
    """The paths of dumps; and what could not be looked through, with the reason."""

    dumps: list[str]
    unreadable: list[tuple[str, str]]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """To ``{"dumps_of": PATH}`` as :func:`dumps_of`, to ``{"dump": PATH, "options": [...]}`` as
    :func:`.scan_dump.scan_dump` in a ScanResult."""
    if "dumps_of" in question:
        return dumps_of(question["dumps_of"])._asdict()
    # Other processes start when this one has found the dumps.
    from .scan_dump import scan_dump, scan_result  # noqa: PLC0415

    options = ScanOptions(*question["options"])
    return scan_result(scan_dump(question["dump"], options), options)._asdict()


def dumps_of(path: str) -> Found:
    """A file itself; of a folder those below it that begin as a kernel dump does or are called
    ``.dmp``, and archives with such a dump, sorted, with links followed, so that a dump has one
    name; of a URL with ``*`` the files that it matches."""
    if is_url(path):
        return _at_url(path)
    folder = Path(path)
    if not folder.is_dir():
        return Found([os.path.realpath(path)], [])
    unreadable: list[str] = []
    walk = os.walk(path, onerror=lambda error: unreadable.append(str(error.filename)))
    files = (Path(folder, name) for folder, _, names in walk for name in names)
    found = {os.path.realpath(each) for each in files if each.is_file() and _is_meant(str(each))}
    why = "a folder that cannot be read"
    return Found(sorted(found), [(os.path.realpath(each), why) for each in unreadable])


def _is_meant(path: str) -> bool:
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122 - of thousands
    if ending in _COMPRESSED:
        from ..target.archives import holds_kernel_dump  # noqa: PLC0415 - 20 ms

        return holds_kernel_dump(path)
    return ending == ".dmp" or is_kernel_dump(path)


def _at_url(url: str) -> Found:
    from ..target.remote_file import matching  # noqa: PLC0415 - seldom wanted

    try:
        return Found(matching(url), [])
    except TargetError as error:
        return Found([], [(url, str(error))])


def _limit_memory(megabytes: int) -> None:
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))


def _listen(questions: SimpleQueue[str]) -> None:
    """Passes on what is asked, and ends the process with its input, whatever it is at: nobody is
    there any more to end it."""
    for line in sys.stdin:
        questions.put(line)
    os._exit(0)


def main() -> None:
    """``argv[1]``: how many MiB it may allocate."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for who asks
    _limit_memory(int(sys.argv[1]))
    questions: SimpleQueue[str] = SimpleQueue()
    Thread(target=_listen, args=(questions,), daemon=True).start()
    while True:
        sys.stdout.write(f"{json_line(answer(json.loads(questions.get())))}\n")
        sys.stdout.flush()
        gc.collect()  # what a dump leaves behind in cycles
        gc.freeze()  # what is left is the program's own, 5 ms of each further search


if __name__ == "__main__":
    main()
