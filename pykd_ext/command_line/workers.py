"""Looking at many dumps: in this process, in others, or on a Dask cluster."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from queue import Queue
from typing import Any

from ..target.errors import RegcbError
from .limited_process import LimitedProcess, Limits
from .scan_request import ScanOptions, ScanResult, failed

__all__ = ["NoScheduler", "in_processes", "on_cluster", "scan_on_worker"]


class NoScheduler(RegcbError):
    """The cluster cannot be used, or not any more; ``str()`` says why."""


def in_processes(
    paths: Sequence[str], options: ScanOptions, first: LimitedProcess, jobs: int
) -> Iterator[ScanResult]:
    """One result for each path, as they are done, by ``first`` and so many processes like it as
    make ``jobs``; all of them are closed."""
    others = min(jobs, len(paths)) - 1
    processes = [first, *(LimitedProcess(first.limits) for _ in range(others))]
    waiting = deque(paths)
    results: Queue[ScanResult | None] = Queue(2 * len(processes))  # who takes them may be slow

    def look(process: LimitedProcess) -> None:
        try:
            while waiting:
                results.put(process.scan(waiting.popleft(), options))
        except IndexError:  # another one took the last
            pass
        finally:
            results.put(None)

    at_work = len(processes)
    for each in processes:
        threading.Thread(target=look, args=(each,), daemon=True).start()
    try:
        while at_work:
            result = results.get()
            if result is None:
                at_work -= 1
            else:
                yield result
    finally:
        waiting.clear()
        for each in processes:
            each.close()
        while at_work:
            at_work -= results.get() is None


_of_thread = threading.local()


def on_cluster(
    paths: Sequence[str], options: ScanOptions, limits: Limits, scheduler: str
) -> Iterator[ScanResult]:
    """The same on the workers of a Dask scheduler (``tcp://host:8786``), which must see the paths
    and have regcb installed. Raises NoScheduler, also where it goes away in between: what has no
    result then was not looked at."""
    try:
        from distributed import Client, as_completed  # noqa: PLC0415 - an extra
    except ImportError:
        raise NoScheduler("--scheduler needs Dask: pip install 'regcb[cluster]'") from None
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise NoScheduler(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        waiting = iter(paths)

        def submit(count: int) -> dict[Any, str]:
            return {
                client.submit(scan_on_worker, path, options, limits, pure=False): path
                for path in islice(waiting, count)
            }

        running = submit(max(2 * sum(client.nthreads().values()), 8))
        finished = as_completed(list(running))
        for done in finished:
            path = running.pop(done)
            if done.status not in ("finished", "error"):
                raise NoScheduler(
                    f"the Dask scheduler at {scheduler} has gone; --skip-done goes on from here"
                )
            more = submit(1)
            running.update(more)
            finished.update(list(more))
            if done.status == "finished":
                yield done.result()
            else:
                said = f"its worker failed: {done.exception()}"
                yield failed(path, "cluster", said, options)


def scan_on_worker(path: str, options: ScanOptions, limits: Limits) -> ScanResult:
    """In a process of the worker's thread, which the worker outlives."""
    process: LimitedProcess | None = getattr(_of_thread, "process", None)
    if process is None or process.limits != limits:  # an earlier scan had others
        if process is not None:
            process.close()
        process = _of_thread.process = LimitedProcess(limits)
    return process.scan(path, options)
