"""Signals: the first asks the run to stop, the second ends the process, and the handlers are put back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.signals import StopFlag, watch_signals
from reconciler.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handled():
    """Signals do what they do in a shell, also where this process was started by `nohup`, which ignores SIGHUP."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


EACH = pytest.mark.parametrize("number", SIGNALS)


@EACH
def test_a_signal_sets_the_flag_once_writing_began(number):
    """Deferred, nothing is broken off: whoever writes looks at the flag."""
    with watch_signals() as stop:
        stop.defer()
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()


@EACH
def test_a_signal_breaks_off_what_waits_before_that(number):
    """A prompt or a read ends at once, and the flag is set for the threads."""
    with watch_signals() as stop:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        assert stop.is_set()


@EACH
def test_the_handlers_are_put_back(number):
    """After the run signals do what they did before, also after an error."""
    before = signal.getsignal(number)

    def run():
        with watch_signals():
            assert signal.getsignal(number) is not before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert signal.getsignal(number) is before


def test_a_handler_that_is_not_pythons_becomes_the_default(monkeypatch):
    """Such a handler can't be put back from Python."""
    put = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: put.append((number, handler)))
    with watch_signals():
        pass
    assert put[-3:] == [(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]


def test_a_closed_terminal_asks_twice():
    """The kernel and the shell both send SIGHUP: the second one does not break off what is in flight."""
    with watch_signals() as stop:
        stop.defer()
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        assert stop.is_set()


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda _number, _frame: None])
def test_a_hangup_that_is_handled_already(handler):
    """After `nohup` the run goes on, and a watch's own handler stays."""
    before = signal.signal(signal.SIGHUP, handler)
    try:
        with watch_signals() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_ends_the_process_at_once():
    """Exit code 130, a word on stderr, and nothing that would wait: no cleaning up."""
    code = (
        "import signal\n"
        "from reconciler.adapters.signals import watch_signals\n"
        "with watch_signals() as stop:\n"
        "    stop.defer()\n"
        "    try:\n"
        "        signal.raise_signal(signal.SIGTERM)\n"
        "        print('awaiting', flush=True)\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "    finally:\n"
        "        print('cleaned up', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stdout == "awaiting\n"
    assert "may have been written" in done.stderr


def test_a_second_signal_leaves_without_another_step(monkeypatch):
    """Also where nobody reads stderr any more, the process ends with 130."""

    def gone(_handle, _text):
        raise BrokenPipeError

    def leave(code):
        raise SystemExit(code)

    monkeypatch.setattr(os, "write", gone)
    monkeypatch.setattr(os, "_exit", leave)
    with watch_signals() as stop:
        stop.set()
        with pytest.raises(SystemExit) as left:
            signal.raise_signal(signal.SIGINT)
    assert left.value.code == 130


def test_another_thread_gets_a_flag_without_handlers():
    """Only the main thread can handle signals; a run elsewhere still has its flag."""
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def run():
        with watch_signals() as stop:
            seen.append((stop.is_set(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(False, True)]


def test_a_wait_on_the_clock_ends_when_the_run_is_stopped():
    """An hour's wait ends at once, whether the stop comes before or while waiting."""
    stop = StopFlag()
    clock = SystemClock(stop)
    clock.wait(0)
    clock.wait(-1)
    threading.Timer(0, stop.set).start()
    for _each in range(2):
        with pytest.raises(Interrupted):
            clock.wait(3600)


def test_the_clock_tells_the_time():
    """Seconds go on, and the time of day is aware and in UTC."""
    clock = SystemClock(StopFlag())
    assert clock.monotonic() <= clock.monotonic()
    assert clock.utc_now().utcoffset().total_seconds() == 0
