"""SIGINT and SIGTERM: the first asks the run to stop, the second ends the process at once.

SIGHUP, a terminal that was closed, asks the run to stop too; to a watch it says to look again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from reconciler.ports import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

INTERRUPTED_EXIT: Final = 130
_POLL_S: Final = 0.1
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_HANGUP: Final = getattr(signal, "SIGHUP", None)
"""Windows has none."""
_AT_ONCE: Final = b"\nstopped at once: what was in flight may have been written; plan again to see\n"


class WaitableStop(Stop, Protocol):
    """A stop that can be waited on."""

    def wait(self, seconds: float) -> bool:
        """Wait for so long, or until the run is asked to stop; True if it was."""


class StopFlag:
    """Whether the run was asked to stop; a wait on it ends as soon as it is. Implements ports.Stop."""

    def __init__(self, event: threading.Event | None = None) -> None:
        self._event = threading.Event() if event is None else event
        self._deferred = False

    def is_set(self) -> bool:
        """True from the first signal on."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask the run to stop."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait for so long, or until the run is asked to stop; True if it was."""
        return self._event.wait(seconds)

    def defer(self) -> None:
        """From now on a signal only sets this; before, it also raises KeyboardInterrupt in the main thread."""
        self._deferred = True

    def resume(self) -> None:
        """Undo `defer`."""
        self._deferred = False

    @property
    def deferred(self) -> bool:
        """Whether writing began, so that what is in flight must be awaited and reported."""
        return self._deferred


class PolledStop:
    """Reads a stop that others set; it can't set one. Implements WaitableStop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.is_set = stop.is_set
        self.defer = stop.defer
        self.resume: Callable[[], None] = getattr(stop, "resume", lambda: None)

    def wait(self, seconds: float) -> bool:
        """Wait for so long, or until the run is asked to stop; True if it was."""
        end = time.monotonic() + seconds
        while not self.is_set() and (left_s := end - time.monotonic()) > 0:
            time.sleep(min(left_s, _POLL_S))
        return self.is_set()


def waitable(stop: Stop | threading.Event | None) -> WaitableStop:
    """Give a stop to wait on: of an event, of another stop, or one that is never set. It installs no signal handler."""
    if stop is None or isinstance(stop, threading.Event):
        return StopFlag(stop)
    return stop if isinstance(stop, StopFlag) else PolledStop(stop)


@contextlib.contextmanager
def watch_signals() -> Iterator[StopFlag]:
    """Let SIGINT and SIGTERM set a stop flag for as long as the context lasts; then the handlers are as before.

    SIGHUP does too, unless it is ignored, as after `nohup`, or has a handler of its own. Sent again it changes nothing:
    when a terminal is closed, both the kernel and the shell send it.
    Until the flag is deferred a signal also raises KeyboardInterrupt, which ends a prompt or a read. Python lets only
    the main thread handle signals: in any other the flag is given without handlers.
    """
    stop = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            if number == _HANGUP:
                return
            _end_at_once()
        stop.set()
        if not stop.deferred:
            raise KeyboardInterrupt

    watched = (*_SIGNALS, _HANGUP) if _HANGUP and signal.getsignal(_HANGUP) is signal.SIG_DFL else _SIGNALS
    before = {number: signal.signal(number, handle) for number in watched}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            # None means a handler that was not installed from Python, and can't be put back from it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


class Hangups:
    """Whether SIGHUP came since it was last asked."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def send(self) -> None:
        """Do what the signal does."""
        self._event.set()

    def take(self) -> bool:
        """True once for each time that it came, however often in a row."""
        came = self._event.is_set()
        self._event.clear()
        return came


@contextlib.contextmanager
def catch_hangups() -> Iterator[Hangups]:
    """SIGHUP asks for a cycle at once, for as long as the context lasts; Windows has no such signal."""
    hangups = Hangups()
    number = _HANGUP
    if number is None or threading.current_thread() is not threading.main_thread():
        yield hangups
        return
    before = signal.signal(number, lambda _number, _frame: hangups.send())
    try:
        yield hangups
    finally:
        signal.signal(number, signal.SIG_DFL if before is None else before)


def _end_at_once() -> NoReturn:
    # Nothing that could wait is done here: no flush, no exit handlers, no joining of threads.
    with contextlib.suppress(OSError):
        os.write(2, _AT_ONCE)
    os._exit(INTERRUPTED_EXIT)
