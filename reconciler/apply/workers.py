"""A bounded set of threads that do one thing. They are daemons: an answer that never comes can't keep the process."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers(Generic[Task, Result]):
    """Runs `work` for every task that is put, on at most `count` threads; `work` must not raise."""

    def __init__(self, count: int, work: Callable[[Task], Result]) -> None:
        self._work = work
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Task, Result]] = queue.SimpleQueue()
        self._free = count
        self._threads = 0
        self.in_flight = 0

    @property
    def idle(self) -> bool:
        """Whether another task would be started at once."""
        return self._free > 0

    def put(self, task: Task) -> None:
        """Start a task."""
        self._free -= 1
        self.in_flight += 1
        if self.in_flight > self._threads:
            self._threads += 1
            threading.Thread(target=self._run, name=f"write-{self._threads}", daemon=True).start()
        self._tasks.put(task)

    def get(self, timeout_s: float) -> tuple[Task, Result] | None:
        """Get the next task that is done, with its result; None after so long without one."""
        try:
            done = self._results.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._free += 1
        self.in_flight -= 1
        return done

    def end(self) -> None:
        """Let the threads go as soon as they have nothing to do."""
        for _each in range(self._threads):
            self._tasks.put(None)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._results.put((task, self._work(task)))
