"""``regcb scan``: many dumps, one line each."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from ..command_line.command import Command
from ..command_line.progress import progress_bar
from ..command_line.scan_dump import failed, scan_dump
from ..command_line.targets import symbol_path_of
from ..command_line.workers import in_processes, on_cluster
from ..documents.scan import ScanDocument
from ..documents.scan_formats import FORMATS, header
from ..present.output import Output
from ..target.errors import RegcbError
from ..target.opening import inside_debugger

_FOUND, _NONE_COULD_BE_READ = 1, 2
_MAGIC = (b"PAGEDU64", b"PAGEDUMP")


class NothingToScan(RegcbError):
    """No dump to look at, or nowhere to write; ``str()`` says which."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="DUMP|DIR", help="a folder stands for its dumps"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="append the lines to it")
    parser.add_argument(
        "--skip-done",
        action="store_true",
        help="leave out the dumps that FILE has a line for (jsonl and ecs)",
    )
    parser.add_argument("--format", choices=FORMATS, default="jsonl")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (%(default)s)"
    )
    where.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="run on a Dask cluster (regcb[cluster])"
    )
    parser.add_argument(
        "--no-carve", action="store_true", help="do not search the dumps for unlinked callbacks"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.jobs < 1:
        raise NothingToScan("--jobs must be 1 or more")
    paths = [str(path) for path in _dumps(arguments.paths)]
    if arguments.skip_done:
        done = _done(arguments)
        paths = [path for path in paths if path not in done]
    states = set()
    for result in _shown(_results(arguments, paths), arguments, len(paths), output):
        states.add(result["state"])
    if states == {"failed"}:
        return _NONE_COULD_BE_READ
    return _FOUND if "findings" in states else 0


def _results(arguments: argparse.Namespace, paths: list[str]) -> Iterator[ScanDocument]:
    work = partial(
        scan_dump,
        symbol_path=symbol_path_of(arguments),
        carve=not arguments.no_carve,
        layout=arguments.layout,
    )
    if arguments.scheduler:
        return on_cluster(work, failed, paths, arguments.scheduler)
    jobs = 1 if inside_debugger() else arguments.jobs  # a new process would be a new debugger
    return in_processes(work, failed, paths, min(jobs, max(len(paths), 1)))


def _dumps(paths: list[Path]) -> Iterator[Path]:
    """Each file that was named, and in the folders those that begin as a kernel dump does or are
    called ``.dmp``; a folder that cannot be read stands for itself."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(_in_folder(path))
        if not found:
            raise NothingToScan(f"{path}: no kernel dump in this folder or below it")
        yield from found


def _in_folder(top: Path) -> list[Path]:
    unreadable: list[Path] = []
    walk = os.walk(top, onerror=lambda error: unreadable.append(Path(error.filename)))
    files = (Path(folder, name) for folder, _, names in walk for name in names)
    return [each for each in files if each.is_file() and _is_dump(each)] + unreadable


def _is_dump(path: Path) -> bool:
    if path.suffix.lower() == ".dmp":
        return True
    try:
        with path.open("rb") as file:
            return file.read(8) in _MAGIC
    except OSError:
        return False


def _done(arguments: argparse.Namespace) -> set[str]:
    """The paths that the output file has a line for. A last one that was cut off is taken away, for
    its dump is scanned again."""
    if arguments.output is None or arguments.format == "csv":
        raise NothingToScan("--skip-done needs -o FILE, and lines of JSON in it")
    if not arguments.output.exists():
        return set()
    whole, end, rest = arguments.output.read_bytes().rpartition(b"\n")
    if rest and not _path_of(rest):
        os.truncate(arguments.output, len(whole + end))
    return {path for line in [*whole.splitlines(), rest] if (path := _path_of(line))}


def _path_of(line: bytes) -> str | None:
    """Of the dump that a line of ours is about."""
    try:
        parsed = json.loads(line)
        path: str = parsed.get("path") or parsed["file"]["path"]
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return path


def _shown(
    results: Iterator[ScanDocument], arguments: argparse.Namespace, total: int, output: Output
) -> Iterator[ScanDocument]:
    """Writes each result as it comes, whole lines, so that an end at any time loses one at most."""
    form = FORMATS[arguments.format]
    file = _opened(arguments)
    bar = progress_bar(total=total, unit="dump", leave=False, file=sys.stderr)
    try:
        first = header(arguments.format)
        if first and not (file and file.tell()):
            _write(first, file, output)
        for result in results:
            _write(form(result), file, output)
            bar.update()
            yield result
    finally:
        bar.close()
        if file:
            file.close()


def _opened(arguments: argparse.Namespace) -> TextIO | None:
    if arguments.output is None:
        return None
    try:
        file: TextIO = arguments.output.open("a+", encoding="utf-8")
    except OSError as error:
        raise NothingToScan(
            f"{arguments.output}: cannot be written: {error.strerror or error}"
        ) from None
    file.seek(max(file.tell() - 1, 0))
    if file.read(1) not in ("", "\n"):
        file.write("\n")  # the last run was cut off in its line
    return file


def _write(line: str, file: TextIO | None, output: Output) -> None:
    if file is None:
        output.write(line)
        return
    file.write(f"{line}\n")
    file.flush()


COMMAND = Command(
    "many dumps, one line each",
    group="triage",
    add_arguments=add_arguments,
    run=run,
)
