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
from typing import Any

from ..documents.json_text import json_line
from ..target.dump_file import is_kernel_dump
from .scan_dump import ScanOptions, scan_dump

__all__ = ["answer", "dumps_of"]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """To ``{"dumps_of": PATH}`` as :func:`dumps_of`, to ``{"dump": PATH, "options": [...]}`` the
    ScanDocument."""
    if "dumps_of" in question:
        found, unreadable = dumps_of(Path(question["dumps_of"]))
        return {"found": found, "unreadable": unreadable}
    return {**scan_dump(question["dump"], ScanOptions(*question["options"]))}


def dumps_of(path: Path) -> tuple[list[str], list[str]]:
    """A file itself, and of a folder those below it that begin as a kernel dump does or are called
    ``.dmp``, sorted; beside them the folders that cannot be read. With links followed, so that a
    dump has one name."""
    if not path.is_dir():
        return [os.path.realpath(path)], []
    unreadable: list[str] = []
    walk = os.walk(path, onerror=lambda error: unreadable.append(str(error.filename)))
    files = (Path(folder, name) for folder, _, names in walk for name in names)
    found = {
        os.path.realpath(each)
        for each in files
        if each.is_file() and (each.suffix.lower() == ".dmp" or is_kernel_dump(str(each)))
    }
    return sorted(found), [os.path.realpath(each) for each in unreadable]


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


if __name__ == "__main__":
    main()
