"""Looking at many dumps: in this process, in others, or on a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from queue import SimpleQueue
from typing import Any

from ..documents.scan import ScanDocument
from ..target.errors import RegcbError
from .limited_process import LimitedProcess, Limits
from .scan_dump import ScanOptions, failed

__all__ = ["NoScheduler", "in_processes", "on_cluster", "scan_on_worker"]


class NoScheduler(RegcbError):
    """The cluster cannot be used, or not any more; ``str()`` says why."""


def in_processes(
    paths: Sequence[str], options: ScanOptions, limits: Limits, jobs: int
) -> Iterator[ScanDocument]:
    """One result for each path, as they are done, from so many processes."""
    with ThreadPoolExecutor(jobs) as pool, _processes(limits, jobs) as free:

        def scan(path: str) -> ScanDocument:
            process = free.get()
            try:
                return process.scan(path, options)
            finally:
                free.put(process)

        waiting = iter(paths)
        running = {pool.submit(scan, path) for path in islice(waiting, 2 * jobs)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(scan, path) for path in islice(waiting, len(done))}
            yield from (each.result() for each in done)


@contextmanager
def _processes(limits: Limits, count: int) -> Iterator[SimpleQueue[LimitedProcess]]:
    """Ended before the pool is, whose threads wait for them."""
    processes = [LimitedProcess(limits) for _ in range(count)]
    free: SimpleQueue[LimitedProcess] = SimpleQueue()
    for each in processes:
        free.put(each)
    try:
        yield free
    finally:
        for each in processes:
            each.close()


_of_thread = threading.local()


def on_cluster(
    paths: Sequence[str], options: ScanOptions, limits: Limits, scheduler: str
) -> Iterator[ScanDocument]:
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
                yield failed(path, "cluster", f"its worker failed: {done.exception()}")


def scan_on_worker(path: str, options: ScanOptions, limits: Limits) -> ScanDocument:
    """In a process of the worker's thread, which the worker outlives."""
    process: LimitedProcess | None = getattr(_of_thread, "process", None)
    if process is None or process.limits != limits:  # an earlier scan had others
        if process is not None:
            process.close()
        process = _of_thread.process = LimitedProcess(limits)
    return process.scan(path, options)
