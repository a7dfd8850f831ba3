"""Processes that prepare records beside the one that lands them.

They are programs of their own (`python -m parley.unpack.workers`), which read what to do from their standard input and
end when there is no more: also when the process that lands is killed. `multiprocessing` would not do: tasks of Airflow
and Celery may run in processes that may have no children.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from parley import settings
from parley.errors import UnpackError
from parley.unpack.columns import Types
from parley.unpack.contract import Contract
from parley.unpack.prepare import Prepared, Preparer
from parley.unpack.sources import Record


def number_of_workers() -> int:
    """How many were asked for. None is the default: each takes its own memory.

    Raises:
        ConfigurationError: UNPACK_PROCESSES is not a number.
    """
    return settings.number("UNPACK_PROCESSES", 0)


class Workers:
    """Some processes, which start with what they are first given to do and end with the context.

    Attributes:
        number: how many there can be; nothing may be submitted to none.
    """

    def __init__(self, contract: Contract, *, strict: bool, number: int) -> None:
        self.number = number
        self._start = pickle.dumps((contract, strict))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._mine = threading.local()
        # A thread for each process, which waits for it.
        self._threads = ThreadPoolExecutor(max(number, 1), thread_name_prefix="parley-unpack")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """End them all, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
        self._threads.shutdown()
        while self._processes:
            self._processes.pop().communicate()

    def submit(self, records: Sequence[Record], types: Mapping[str, Types] | None) -> Future[Prepared]:
        """Prepare records.

        Args:
            types: see `Preparer.prepare`; None to identify them only.
        """
        # Here and not in the thread: the types may change meanwhile.
        return self._threads.submit(self._ask, pickle.dumps((records, types)))

    def _ask(self, request: bytes) -> Prepared:
        if not hasattr(self._mine, "process"):
            self._mine.process = self._new_process()
            request = self._start + request
        process = self._mine.process
        try:
            process.stdin.write(request)
            process.stdin.flush()
            answer = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise UnpackError(
                f"A process that prepared records ended (exit code {process.wait()}): was there too little memory? "
                "Nothing was landed. Set UNPACK_PROCESSES to fewer, or to 0 for none."
            ) from error
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Prepared)
        return answer

    def _new_process(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._processes.append(process)
        return process


def work() -> None:
    """Answer requests until there are no more."""
    # Ctrl-C in a terminal is for the process that lands; this one ends with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    # Whatever prints goes to the log, not between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests = sys.stdin.buffer
    contract, strict = pickle.load(requests)
    preparer = Preparer(contract, strict=strict)
    while True:
        try:
            records, types = pickle.load(requests)
        except EOFError:
            return
        answer: Any
        try:
            answer = preparer.identify(records) if types is None else preparer.prepare(records, types)
        except Exception as error:
            error.add_note(traceback.format_exc())
            answer = error
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    work()
