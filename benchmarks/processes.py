"""What trees of processes cost: CPU seconds, and memory at its peak; and that none is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

# A look costs some hundredths of a second of a core.
LOOK_SECONDS = 1
END_SECONDS = 5


@dataclass
class Cost:
    """CPU seconds, user and system, from start to end; at the peak the sum of the processes' memory in MB."""

    cpu_seconds: float = 0
    peak_mb: int = 0


@contextmanager
def metered(roots: Callable[[], list[int]]) -> Iterator[Cost]:
    """Fill in what some processes and all their descendants cost while the block runs.

    Memory is looked at once a second. Pages that processes share count once (PSS).

    Args:
        roots: the ids of the processes; those that are not there count nothing.
    """
    cost = Cost()
    before = cpu_seconds(roots())
    cpu = [before]

    def look() -> None:
        processes = _trees(roots())
        cost.peak_mb = max(cost.peak_mb, _memory_mb(processes))
        # The last look at a tree that ends within the block is as good as its end.
        cpu.append(_cpu_seconds(processes))

    try:
        with _looking(look):
            yield cost
    finally:
        cpu.append(cpu_seconds(roots()))
        cost.cpu_seconds = round(max(cpu) - before, 2)


def cpu_seconds(roots: list[int]) -> float:
    """Of the trees so far: a process has those of its ended children too, once it has waited for them."""
    return _cpu_seconds(_trees(roots))


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    seconds = 0.0
    for process in processes:
        with suppress(psutil.Error):
            seconds += sum(process.cpu_times()[:4])
    return seconds


def own_cpu_seconds(pid: int) -> float:
    """Of one process so far, without its children."""
    return sum(psutil.Process(pid).cpu_times()[:2])


def memory_mb(roots: list[int]) -> int:
    """Of the trees now."""
    return _memory_mb(_trees(roots))


def _memory_mb(processes: list[psutil.Process]) -> int:
    size = 0
    for process in processes:
        with suppress(psutil.Error):
            size += process.memory_full_info().pss
    return size // 2**20


@contextmanager
def none_left() -> Iterator[None]:
    """End, after the block, whatever it has started and not ended, however deep and in whatever session."""
    seen: set[psutil.Process] = set()
    try:
        with _looking(lambda: seen.update(_trees([psutil.Process().pid])[1:])):
            yield
    finally:
        left = [process for process in seen if process.is_running()]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, END_SECONDS)


@contextmanager
def _looking(look: Callable[[], None]) -> Iterator[None]:
    """Look once a second while the block runs."""
    over = threading.Event()

    def look_until_over() -> None:
        while not over.wait(LOOK_SECONDS):
            look()

    looking = threading.Thread(target=look_until_over, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def _trees(roots: list[int]) -> list[psutil.Process]:
    processes = []
    for root in roots:
        with suppress(psutil.Error):
            process = psutil.Process(root)
            processes += [process, *process.children(recursive=True)]
    return processes
