"""``regcb scan``: many dumps, one line each."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from ..api.live_target import LONGEST
from ..command_line.arguments import count_argument
from ..command_line.command import Command
from ..command_line.limited_process import DEFAULT_LIMITS, LimitedProcess, Limits
from ..command_line.progress import progress_bar
from ..command_line.scan_request import ScanOptions, ScanResult, failed, host_of
from ..command_line.targets import refuse_target, symbol_path_of
from ..command_line.workers import in_processes, on_cluster
from ..documents.line_file import LineFile
from ..documents.scan_format_names import BEGINNINGS, ScanFormat
from ..documents.text import counted
from ..foreign_file import refuse_foreign_file
from ..kernel.saved_document import parse_json
from ..present.output import Output
from ..target.errors import RegcbError
from ..target.locations import is_url, shown
from ..target.opening import inside_debugger

_WHERE = "in this folder or below it (images of memory are named one by one)"
_FOUND, _NONE_COULD_BE_READ, _NOT_ALL = 1, 2, 8


class NothingToScan(RegcbError):
    """No dump to look at, or nowhere to write; ``str()`` says which."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="DUMP|DIR|URL",
        help="a folder stands for its dumps, but not for images of memory: those are named one by "
        "one; a URL may have * in its path",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="append the lines to it")
    parser.add_argument(
        "--skip-done",
        action="store_true",
        help="leave out the dumps that FILE has all lines of, but for failed ones (not csv)",
    )
    parser.add_argument(
        "--format",
        choices=get_args(ScanFormat),
        default="jsonl",
        help="regcb.scan/1 (%(default)s), events for a SIEM, or rows of a spreadsheet",
    )
    parser.add_argument(
        "--host",
        metavar="NAME",
        help="whose the dumps are; {folder} and {name} in it are the dump's folder and its name",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=count_argument,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (%(default)s)",
    )
    where.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="run on a Dask cluster (regcb[cluster])"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_LIMITS.seconds,
        metavar="SECONDS",
        help="for one dump (%(default)g)",
    )
    parser.add_argument(
        "--memory",
        type=count_argument,
        default=DEFAULT_LIMITS.megabytes,
        metavar="MIB",
        help="for one dump, beside the dump itself (%(default)s; no limit on Windows)",
    )
    parser.add_argument(
        "--no-carve", action="store_true", help="do not search the dumps for unlinked callbacks"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    refuse_target(arguments, "scan takes the names of dumps as they are")
    if not 0 < arguments.timeout <= LONGEST:
        raise NothingToScan(f"--timeout is more than 0 and at most {LONGEST} seconds (a year)")
    _refuse_unknown_words(arguments.host)
    if arguments.output is not None:
        refuse_foreign_file(arguments.output, BEGINNINGS[arguments.format])
    try:
        done = _done(arguments) if arguments.skip_done else set()
    except OSError as error:
        why = error.strerror or error
        raise NothingToScan(f"{arguments.output}: cannot be read: {why}") from None
    options = ScanOptions(
        symbol_path_of(arguments), not arguments.no_carve, arguments.layout, arguments.format,
        arguments.host,
    )  # fmt: skip
    states, faults = Counter[str](), Counter[str]()
    with closing(LimitedProcess(Limits(arguments.timeout, arguments.memory))) as process:
        found, unreadable = _dumps(arguments.paths, options, process)
        paths = [path for path in found if shown(path) not in done]
        total = len(paths) + len(unreadable)
        results = chain(unreadable, _results(arguments, paths, options, process))
        for result in _shown(results, arguments, total, output):
            states[result.state] += 1
            if result.fault:
                faults[result.fault] += 1
    if faults:
        output.error(_said_of_failures(faults, total, arguments.format))
    if states and set(states) == {"failed"}:
        return _NONE_COULD_BE_READ
    return (_FOUND if states["findings"] else 0) + (_NOT_ALL if states["failed"] else 0)


def _refuse_unknown_words(host: str | None) -> None:
    if host is not None and {"{", "}"} & set(host_of("", host)):
        raise NothingToScan(f"--host {host}: it may have {{folder}} and {{name}} in it, no others")


def _said_of_failures(faults: Counter[str], total: int, form: ScanFormat) -> str:
    whose = ", ".join(f"{fault}: {count}" for fault, count in faults.most_common())
    of_all = f"{sum(faults.values())} of {counted(total, 'dump')}"
    again = "" if form == "csv" else "; -o FILE --skip-done tries them again"
    return f"regcb: {of_all} could not be looked at ({whose}){again}"


def _results(
    arguments: argparse.Namespace, paths: list[str], options: ScanOptions, process: LimitedProcess
) -> Iterator[ScanResult]:
    if arguments.scheduler:
        return on_cluster(paths, options, process.limits, arguments.scheduler)
    if inside_debugger():
        return _in_this_process(paths, options)
    return in_processes(paths, options, process, arguments.jobs)


def _in_this_process(paths: list[str], options: ScanOptions) -> Iterator[ScanResult]:
    """A new one would be a new debugger."""
    from ..command_line.scan_dump import scan_dump, scan_result  # noqa: PLC0415 - seldom here

    return (scan_result(scan_dump(path, options), options) for path in paths)


def _dumps(
    paths: list[str], options: ScanOptions, process: LimitedProcess
) -> tuple[list[str], list[ScanResult]]:
    """Each dump once, by whatever names it was given, and lines about folders that cannot be read
    or do not answer. A process looks for them, since a dead mount may never answer."""
    found: dict[str, None] = {}
    lines: list[ScanResult] = []
    for path in paths:
        if not path:
            raise NothingToScan("an empty name: name a dump, a folder or a URL")
        look = _dumps_of if inside_debugger() else process.dumps_of
        dumps, unreadable = look(path, options)
        if not dumps and not unreadable:
            where = "matches this URL" if is_url(path) else _WHERE
            raise NothingToScan(f"{shown(path)}: no kernel dump {where}")
        found.update(dict.fromkeys(dumps))
        lines += unreadable
    return list(found), lines


def _dumps_of(path: str, options: ScanOptions) -> tuple[list[str], list[ScanResult]]:
    from ..command_line.scan_process import dumps_of  # noqa: PLC0415 - a process does it elsewhere

    found = dumps_of(path)
    return found.dumps, [failed(each, "dump", why, options) for each, why in found.unreadable]


def _done(arguments: argparse.Namespace) -> set[str]:
    """The dumps that the output file has all lines of, but for failed ones: those are tried again.
    A last line that was cut off is taken away."""
    if arguments.output is None or arguments.format == "csv":
        raise NothingToScan("--skip-done needs -o FILE, and lines of JSON in it")
    if not arguments.output.exists():
        return set()
    done: set[str] = set()
    end = 0
    with arguments.output.open("rb") as file:
        for line in file:
            record = _record_of(line)
            if not line.endswith(b"\n") and record is None:
                break
            end += len(line)
            if record and record["state"] != "failed" and _is_last(record):
                done.add(_one_name(record["path"]))
    if end < arguments.output.stat().st_size:
        os.truncate(arguments.output, end)
    return done


def _one_name(path: str) -> str:
    return path if is_url(path) else os.path.abspath(path)  # noqa: PTH100 - asks no dead mount


def _is_last(record: dict[str, Any]) -> bool:
    """Whether no event of the dump follows: without numbers it is the one line of it."""
    return record.get("event_number") == record.get("event_count")


def _record_of(line: bytes) -> dict[str, Any] | None:
    """The path and the state that a line of ours says, and of an event its number; None for a line
    of others."""
    try:
        parsed = parse_json(line)
        record: dict[str, Any] = parsed.get("unmapped", parsed).get("regcb", parsed)
        texts = record.get("path"), record.get("state")
    except (ValueError, AttributeError):
        return None
    return record if all(isinstance(each, str) for each in texts) else None


def _shown(
    results: Iterator[ScanResult], arguments: argparse.Namespace, total: int, output: Output
) -> Iterator[ScanResult]:
    """Writes each result as it comes, whole lines, so that an end at any time loses one dump's at
    most."""
    with ExitStack() as stack:
        file = None
        if arguments.output is not None:
            file = stack.enter_context(LineFile(arguments.output, append=True))
        bar = progress_bar(total=total, unit="dump", leave=False, file=sys.stderr)
        stack.callback(bar.close)
        write = file.write if file else output.write
        if arguments.format == "csv" and (file is None or file.is_empty):
            from ..documents.scan_formats import header  # noqa: PLC0415 - 30 ms

            write(header())
        for result in results:
            write(result.text)
            bar.update()
            yield result


COMMAND = Command(
    "many dumps, one line each",
    group="triage",
    add_arguments=add_arguments,
    run=run,
)
