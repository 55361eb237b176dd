"""What goes wrong around a watch for hours, on a virtual clock: it stays up, says why, and is in step afterwards."""

from __future__ import annotations

import datetime as dt
import errno
import itertools
import socket
import tempfile
from types import SimpleNamespace

import pytest

from reconciler.apply.journal import JournalError, NullJournal
from tests.fakes.sandbox import running_sandbox
from tests.fakes.watching import Remote, Watching

URL = "http://gpu-1.example.com:8188"
MANIFEST = (
    f"version: 1\ndefaults: {{status: active, headers: {{}}}}\nrunners:\n  gpu-1: {{endpoint: '{URL}', tags: [gpu]}}\n"
)
LIVE = {"name": "gpu-1", "endpoint": URL, "tags": ["gpu"], "headers": {}, "status": "active"}


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    """Locks of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def folder(tmp_path):
    """A working folder with the manifest."""
    (tmp_path / "work" / "runners").mkdir(parents=True)
    (tmp_path / "work" / "runners" / "a.yaml").write_text(MANIFEST)
    return tmp_path / "work"


@pytest.fixture
def sandbox():
    """One runner, as the manifest has it."""
    with running_sandbox([LIVE]) as found:
        yield found


@pytest.mark.parametrize("away", ["http://127.0.0.1:9", "http://nowhere.invalid"])
def test_a_service_or_a_name_that_is_gone(folder, sandbox, away, monkeypatch):
    """Reads back off up to 15 minutes; the status says why, and afterwards the drift is healed."""
    real = socket.getaddrinfo

    def resolve(host, *arguments, **options):
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    watching = Watching(folder, sandbox.url)
    watching.at(61, lambda: setattr(watching, "url", away))
    watching.at(3700, lambda: setattr(watching, "url", sandbox.url))
    watching.at(3700, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.run(3700 + 901)
    reasons = [each.troubles["reads"] for each in watching.statuses if "reads" in each.troubles]
    assert 8 <= len(reasons) <= 14
    assert watching.board.status.troubles == {}
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]


def test_a_storm_that_uses_up_the_rate_limit(folder, sandbox, monkeypatch):
    """Somebody else behind the address takes the whole limit for half an hour: 429 after 429, then all is well."""
    watching = Watching(folder, sandbox.url)
    real = sandbox.service.handle
    refusal = SimpleNamespace(body=b"error code: 1015", status=429, headers={"Retry-After": "10"})
    asked = []

    def refuse(_request):
        asked.append(watching.clock.monotonic())
        return refusal

    watching.at(70, lambda: monkeypatch.setattr(sandbox.service, "handle", refuse))
    watching.at(1800, lambda: monkeypatch.setattr(sandbox.service, "handle", real))
    watching.at(1800, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.run(1800 + 1000)
    assert any("reads" in each.troubles for each in watching.statuses)
    assert watching.board.counts.requests.rate_limited == len(asked)
    assert all(later - earlier >= 10 for earlier, later in itertools.pairwise(asked))
    assert watching.board.status.troubles == {}
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps(folder, sandbox, days):
    """The time of day changes by more than a year: cycles go on as before, and drift lasts as long as it does."""
    watching = Watching(folder, sandbox.url, suspend=True)
    real = watching.clock.utc_now
    watching.at(100, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(200, lambda: setattr(watching.clock, "utc_now", lambda: real() + dt.timedelta(days=days)))
    watching.run(605)
    assert len(watching.statuses) == 11
    assert 480 <= watching.board.drift_s <= 485


class FullDisk(NullJournal):
    """A journal that can't be written while `full`."""

    full = False

    def record(self, event, **facts):
        """Fail as a full disk does."""
        if self.full:
            raise JournalError("the journal j can't be written: No space left on device")
        super().record(event, **facts)


def test_a_disk_that_is_full_under_the_journal(folder, sandbox):
    """What can't be journalled is not written; it is tried again with a back-off until there is room."""
    watching = Watching(folder, sandbox.url)
    journal = FullDisk()
    object.__setattr__(watching.ports, "journal", journal)
    watching.at(50, lambda: setattr(journal, "full", True))
    watching.at(50, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(2000, lambda: setattr(journal, "full", False))
    watching.at(1999, lambda: watching.transitions.append(sandbox.count("PUT")))
    watching.run(3000)
    assert watching.transitions.pop(-1).event == "drift-ends"
    assert [each for each in watching.transitions if each == 0] == [0]
    assert watching.results[-1] == "in-step"
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]


def test_a_disk_that_is_full_under_the_clone(tmp_path, sandbox, monkeypatch):
    """The last good commit stays in force; a clone is made when there is room."""
    remote = Remote(tmp_path / "remote")
    remote.commit(MANIFEST)
    watching = Watching(tmp_path, sandbox.url, git=remote.folder)
    real = tempfile.TemporaryDirectory

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    def lose_the_clone():
        watching.source.close()
        monkeypatch.setattr(tempfile, "TemporaryDirectory", full)

    watching.at(100, lose_the_clone)
    watching.at(150, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(600, lambda: watching.transitions.append(sandbox.runner("gpu-1")["tags"]))
    watching.at(610, lambda: monkeypatch.setattr(tempfile, "TemporaryDirectory", real))
    watching.run(2000)
    assert watching.transitions == [["gpu"]]
    assert any("No space left" in each.troubles.get("git", "") for each in watching.statuses)
    assert watching.board.status.troubles == {}


def test_what_nobody_thought_of(folder, sandbox, monkeypatch):
    """An error that is none of ours ends a cycle, and not the watch."""
    watching = Watching(folder, sandbox.url)
    real = watching.cycle.endpoints.ask

    def broken(*_arguments):
        raise ZeroDivisionError("secret text")

    watching.at(50, lambda: monkeypatch.setattr(watching.cycle.endpoints, "ask", broken))
    watching.at(70, lambda: monkeypatch.setattr(watching.cycle.endpoints, "ask", real))
    watching.run(200)
    assert "error" in watching.results
    assert watching.results[-1] == "in-step"
    assert "secret text" not in str(watching.statuses)
