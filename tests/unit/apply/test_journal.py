"""The journal: one line per intent and outcome, on the disk, appended, private, without a secret."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading

import pytest

from reconciler.apply import journal as journals
from reconciler.apply.journal import JournalError, open_journal
from reconciler.apply.writer import Writer
from reconciler.errors import Rejected, Unauthorized
from reconciler.model.finding import Finding
from reconciler.model.secret import Secret
from tests.fakes.applying import apply_plan, statuses
from tests.fakes.plans import body_of, create, live_runner, plan_of, runner_id, update
from tests.fakes.runner_api import FakeJournal, FakeRunnerApi

LIVE = live_runner(1)


def lines_of(path):
    """The journal's lines as data."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def two_writes():
    """A create that is disabled at once."""
    return plan_of(create("new", status="disabled", headers={"X-Key": Secret("made-up-secret")}))


def test_every_write_has_its_intent_and_its_outcome(tmp_path):
    """Start and end carry the plan's digest and the counts; writes are numbered; secrets do not stand in it."""
    path = tmp_path / "j.ndjson"
    with open_journal(str(path), now=lambda: "T") as journal:
        apply_plan(two_writes(), FakeRunnerApi(), journal=journal)
    lines = lines_of(path)
    assert [(line["event"], line.get("write"), line.get("method")) for line in lines] == [
        ("start", None, None),
        ("intent", 1, "POST"),
        ("outcome", 1, "POST"),
        ("intent", 2, "PUT"),
        ("outcome", 2, "PUT"),
        ("action", None, None),
        ("end", None, None),
    ]
    assert {line["time"] for line in lines} == {"T"}
    assert len(lines[0]["plan"]) == 64
    assert lines[0]["api_url"] == "https://api.example.com"
    assert lines[1]["fields"] == ["name"]
    assert lines[1]["path"] == "/v1/runner"
    assert lines[3]["path"] == f"/v1/runner/{runner_id(900)}"
    assert (lines[4]["status"], lines[4]["error"]) == ("applied", None)
    assert lines[5]["status"] == "applied"
    assert lines[6]["plan"] == lines[0]["plan"]
    assert lines[6]["summary"]["applied"] == 1
    assert "made-up-secret" not in path.read_text()


def test_one_plan_has_one_digest():
    """The same plan is named by the same digest, and another one by another."""
    digests = []
    for plan in (two_writes(), two_writes(), plan_of()):
        journal = FakeJournal()
        apply_plan(plan, FakeRunnerApi(), journal=journal)
        digests.append(journal.lines[0]["plan"])
    assert digests[0] == digests[1] != digests[2]


def test_acceptances_are_journaled():
    """Who took on a finding stands in the start line; findings that nobody took on don't."""
    finding = Finding(code="coverage", severity="error", message="m", key="k", accepted=True, accepted_by="manifest: x")
    journal = FakeJournal()
    plan = plan_of(findings=(finding, Finding(code="brief-gap", severity="warning", message="m")))
    apply_plan(plan, FakeRunnerApi(), journal=journal)
    assert journal.lines[0]["accepted"] == [{"code": "coverage", "key": "k", "accepted_by": "manifest: x"}]


def test_a_failure_is_journaled_with_its_reason():
    """Code and message of the error stand in the write's outcome and in the action's."""
    journal = FakeJournal()
    api = FakeRunnerApi([LIVE], script={("replace", LIVE.id): [Rejected("no", status=400)]})
    apply_plan(plan_of(update(LIVE, body_of(LIVE, tags=()))), api, journal=journal)
    told = {"code": "rejected", "message": "no"}
    assert [line["error"] for line in journal.lines if line["event"] in ("outcome", "action")] == [told, told]


def test_what_is_not_sent_has_an_action_line_only():
    """No intent without a write: what was not attempted is told as an action."""
    lives = [LIVE, live_runner(2)]
    journal = FakeJournal()
    api = FakeRunnerApi(lives, script={("replace", LIVE.id): [Unauthorized("no", status=401)]})
    apply_plan(plan_of(*(update(live, body_of(live, tags=())) for live in lives)), api, journal=journal)
    assert [line["event"] for line in journal.lines].count("intent") == 1
    assert journal.lines[-2]["status"] == "not_attempted"


def test_a_journal_is_private_and_appended_to(tmp_path):
    """A new file is 0600; a second apply adds to it; half a line that a kill left is ended first."""
    path = tmp_path / "j.ndjson"
    with open_journal(str(path)) as journal:
        journal.record("start")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open("a") as file:
        file.write('{"event": "int')
    for _each in range(2):
        with open_journal(str(path)) as journal:
            journal.record("end")
    first, half, *rest = path.read_text().splitlines()
    assert json.loads(first)["event"] == "start"
    assert half == '{"event": "int'
    assert [json.loads(line)["event"] for line in rest] == ["end", "end"]
    assert json.loads(first)["time"].endswith("Z")


def test_no_journal_is_kept_unless_asked_for():
    """Without a path events go nowhere."""
    with open_journal(None) as journal:
        journal.record("start")


@pytest.mark.parametrize("path", ["absent/j.ndjson", "."])
def test_a_journal_that_cannot_be_opened_is_an_error_at_once(tmp_path, monkeypatch, path):
    """A path that can't be written is refused before anything is sent."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(JournalError, match=f"{path} can't be written: "), open_journal(path):
        pass


class FullDisk(FakeJournal):
    """Takes so many lines."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def record(self, event, **facts):
        """Refuse when there is no room."""
        if not self.room:
            raise JournalError("the journal j can't be written: No space left on device")
        self.room -= 1
        super().record(event, **facts)


def test_a_journal_that_breaks_at_the_start_sends_nothing():
    """Without its start line nothing is written to the service."""
    api = FakeRunnerApi([LIVE])
    with pytest.raises(JournalError):
        apply_plan(plan_of(update(LIVE, body_of(LIVE, tags=()))), api, journal=FullDisk(0))
    assert api.calls == []


@pytest.mark.parametrize(
    ("room", "expected", "calls"),
    [
        (1, ["not_attempted", "not_attempted"], 0),
        (2, ["applied", "not_attempted"], 1),
        (3, ["applied", "not_attempted"], 1),
        (4, ["applied", "not_attempted"], 1),
        (5, ["applied", "applied"], 2),
    ],
)
def test_a_journal_that_breaks_later_stops_further_writes(room, expected, calls):
    """No write is sent whose intent could not be recorded; what was done before is reported as it was."""
    lives = [LIVE, live_runner(2)]
    api = FakeRunnerApi(lives)
    plan = plan_of(*(update(live, body_of(live, tags=())) for live in lives))
    report = apply_plan(plan, api, journal=FullDisk(room))
    assert list(statuses(report).values()) == expected
    assert len(api.calls) == calls
    assert all(outcome.error.code == "journal" for outcome in report.outcomes if outcome.error)


class Hiccup(FakeJournal):
    """Refuses one line, counted from 1, and takes all others; `refused` is its event."""

    def __init__(self, number):
        super().__init__()
        self.number = number
        self.count = 0
        self.refused = None

    def record(self, event, **facts):
        """Refuse the one."""
        self.count += 1
        if self.count == self.number:
            self.refused = event
            raise JournalError("the journal j can't be written: Input/output error")
        super().record(event, **facts)


@pytest.mark.parametrize("parallelism", [1, 3])
@pytest.mark.parametrize("number", range(2, 12))
def test_one_line_that_is_lost_stops_all_further_writes(number, parallelism):
    """Whichever it is, and also when the journal works again: no intent follows it."""
    lives = [live_runner(each) for each in (1, 2, 3)]
    api = FakeRunnerApi(lives)
    journal = Hiccup(number)
    seen_at = []
    api.on_call = lambda _verb, _target: seen_at.append(journal.refused is not None)
    plan = plan_of(*(update(live, body_of(live, tags=())) for live in lives))
    report = apply_plan(plan, api, journal=journal, parallelism=parallelism)
    if parallelism == 1:
        assert not any(seen_at), "a write was sent after a line was lost"
        written = {2: 0, 3: 1, 4: 1, 5: 1, 6: 2, 7: 2, 8: 2}.get(number, 3)
        assert [*statuses(report).values()].count("applied") == written == len(api.calls)
    intents = [line["write"] for line in journal.lines if line["event"] == "intent"]
    assert len(intents) <= len(api.calls) + (journal.refused == "intent")
    assert journal.lines[-1]["event"] == "end" or journal.refused == "end"


def test_what_was_lost_in_one_thread_stops_the_others():
    """A worker that comes to its write after another one's line was lost does not send it."""
    lives = [live_runner(each) for each in (1, 2)]
    journal = Hiccup(3)
    api = FakeRunnerApi(lives)
    writer = Writer(api, (), api.stop, journal)
    first, second = (update(live, body_of(live, tags=())) for live in lives)
    journal.record("start")
    assert writer.write(first, first.requests, None).status == "applied"
    held = writer.write(second, second.requests, None)
    assert (held.status, held.error.code) == ("not_attempted", "journal")
    assert api.calls == [("replace", lives[0].id)]


def test_half_a_line_does_not_swallow_the_next_one(tmp_path, monkeypatch):
    """A disk that was full in the middle of a line and has room again: each later line is its own."""
    path = tmp_path / "j"
    real = os.write
    answers = [lambda handle, data: real(handle, data[:10]), OSError(errno.ENOSPC, "full")]

    def write(handle, data):
        answer = answers.pop(0) if answers else real
        if isinstance(answer, OSError):
            raise answer
        return answer(handle, data)

    with open_journal(str(path)) as journal:
        monkeypatch.setattr(journals.os, "write", write)
        with pytest.raises(JournalError):
            journal.record("one")
        journal.record("two")
        journal.record("three")
    half, *rest = path.read_text().splitlines()
    assert len(half) == 10
    assert [json.loads(line)["event"] for line in rest] == ["two", "three"]


@pytest.mark.parametrize("unmanaged", [("status",), ("headers", "tags")])
def test_a_stop_between_check_and_write_leaves_no_intent(unmanaged):
    """What was not going to be sent is not announced."""
    api = FakeRunnerApi([LIVE])
    api.on_call = lambda verb, _target: setattr(api.stop, "stopped", verb == "get")
    journal = FakeJournal()
    plan = plan_of(update(LIVE, body_of(LIVE, tags=()), unmanaged=unmanaged))
    report = apply_plan(plan, api, journal=journal)
    assert [call[0] for call in api.calls] == ["get"]
    assert statuses(report) == {"runner-1": "not_attempted"}
    assert [line["event"] for line in journal.lines] == ["start", "action", "end"]


@pytest.mark.parametrize("room", [2, 3, 4])
def test_a_runner_is_disabled_whether_or_not_that_can_be_journaled(room):
    """The PUT that completes a create goes out though its intent can't be recorded."""
    api = FakeRunnerApi()
    report = apply_plan(two_writes(), api, journal=FullDisk(room))
    assert statuses(report) == {"new": "applied"}
    assert [runner.spec.status for runner in api.runners.values()] == ["disabled"]


def test_a_disk_that_fails_is_an_error(tmp_path, monkeypatch):
    """A line that is not on the disk does not count as recorded; a pipe, which has none, is fine."""
    answers = [OSError(errno.EINVAL, "no disk"), OSError(errno.EIO, "broken")]

    def fsync(_handle):
        raise answers.pop(0)

    monkeypatch.setattr(journals.os, "fsync", fsync)
    with open_journal(str(tmp_path / "j")) as journal:
        journal.record("one")
        with pytest.raises(JournalError, match="Input/output error"):
            journal.record("two")


def test_lines_of_many_threads_do_not_mix(tmp_path):
    """Each line is whole, whoever writes at the same time."""
    path = tmp_path / "j"
    with open_journal(str(path)) as journal:
        threads = [
            threading.Thread(target=lambda name=name: [journal.record("x", name=name * 500) for _each in range(20)])
            for name in "abcd"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(line["name"][0] for line in lines_of(path)) == sorted("abcd" * 20)


def test_a_pipe_can_be_a_journal():
    """A write is whole also where a file takes it in pieces, and where nothing can be synced."""
    read_end, write_end = os.pipe()
    with open_journal(f"/dev/fd/{write_end}") as journal:
        journal.record("x", text="y" * 1000)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        assert json.loads(pipe.read())["text"] == "y" * 1000
