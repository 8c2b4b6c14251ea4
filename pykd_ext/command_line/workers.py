"""Running one function over many dumps: in this process, in others, or on a Dask cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Callable

from ..documents.scan import ScanDocument
from ..target.errors import RegcbError

__all__ = ["NoScheduler", "in_processes", "on_cluster"]

Work = Callable[[str], ScanDocument]  # what to do with one path; can be pickled
Failure = Callable[[str, str], ScanDocument]  # path, reason -> what to say instead


class NoScheduler(RegcbError):
    """The cluster cannot be used; ``str()`` says why."""


def in_processes(
    work: Work, failure: Failure, paths: Sequence[str], jobs: int
) -> Iterator[ScanDocument]:
    """One result for each path, as they are done. A worker that dies (out of memory) costs the
    dump that it was at."""
    if jobs == 1:
        yield from map(work, paths)
        return
    waiting = deque(paths)
    suspects: list[str] = []
    while waiting or suspects:
        if suspects:  # one of these has killed its worker: each gets a worker of its own
            yield _alone(work, failure, suspects.pop())
            continue
        with ProcessPoolExecutor(jobs) as pool:
            suspects = yield from _until_broken(pool, work, waiting, 2 * jobs)


def _until_broken(pool: ProcessPoolExecutor, work: Work, waiting: deque[str], most: int) -> Any:
    """Takes from ``waiting``; returns the paths that were being worked on when the pool broke."""
    running: dict[Future[ScanDocument], str] = {}
    try:
        while waiting or running:
            while waiting and len(running) < most:
                running[pool.submit(work, waiting[0])] = waiting[0]
                waiting.popleft()  # only now: submit raises when the pool has broken meanwhile
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                result = done.result()
                del running[done]
                yield result
    except BrokenProcessPool:
        return list(running.values())
    return []


def _alone(work: Work, failure: Failure, path: str) -> ScanDocument:
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(work, path).result()
        except BrokenProcessPool:
            return failure(path, "its worker process died (out of memory?)")


def on_cluster(
    work: Work, failure: Failure, paths: Sequence[str], scheduler: str
) -> Iterator[ScanDocument]:
    """The same on the workers of a Dask scheduler (``tcp://host:8786``), which must see the paths
    and have regcb installed. Raises NoScheduler."""
    try:
        from distributed import Client, as_completed  # noqa: PLC0415 - an extra
    except ImportError:
        raise NoScheduler("--scheduler needs Dask: pip install 'regcb[cluster]'") from None
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise NoScheduler(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        futures = {client.submit(work, path, pure=False): path for path in paths}
        for done in as_completed(futures):
            if done.status == "finished":
                yield done.result()
            else:
                yield failure(futures[done], f"its worker failed: {done.exception()}")
