"""The statuses and events of resources whose account is really planned and written, by a watch against a sandbox."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.watching import Mode
from reconciler.operator.resources.files import ResourceFiles
from reconciler.operator.resources.resource import Snapshot
from reconciler.operator.statuses.conditions import by_type
from reconciler.operator.statuses.observed import Observed, ids_of, problems_in
from reconciler.operator.statuses.updates import updates
from reconciler.workflow.run import Selection
from tests.fakes.kubernetes.memory import MemoryCluster
from tests.fakes.kubernetes.observing import NOW
from tests.fakes.resources import account, runner
from tests.fakes.sandbox import running_sandbox
from tests.fakes.watching import Watching

NO_ONE = "00000000-0000-4000-8000-000000000000"
ENDPOINT = "http://{}.example.com:8188"
PROMISE = {"coverage": [{"tags": ["gpu"], "minActive": 1}]}


def live(name, **fields):
    """A runner as the sandbox has it."""
    made = {"name": name, "endpoint": ENDPOINT.format(name), "tags": ["gpu"], "headers": {}, "status": "active"}
    return {**made, **fields}


def wanted(name, **spec):
    """A Runner that wants it so."""
    return runner(name, **{"endpoint": ENDPOINT.format(name), "tags": ["gpu"], "state": "active", **spec})


class Still:
    """Implements Source: a snapshot that a test may replace. `in_force` is the last one that compiled."""

    look_every_s = 1.0
    revision = None

    def __init__(self, snapshot):
        self.snapshot = snapshot
        self.in_force = None
        self.mark = None

    def look(self):
        """See Source."""
        return repr(self.snapshot)

    def open(self):
        """See Source."""
        self.mark = self.look()
        return nullcontext(Selection(cwd=Path("/"), files=ResourceFiles(self.snapshot), allow_empty=True))

    def note(self, _project):
        """See Source."""
        self.in_force = self.snapshot

    def close(self):
        """See Source."""


class Operated(Watching):
    """A watch of resources. `written` has their statuses by uid, `said` resource and reason of each event."""

    def __init__(self, folder, url, *runners, of=None, mode=Mode.APPLY):
        super().__init__(folder, url, mode=mode)
        self.source = Still(Snapshot(of or account(), runners))
        self.cycle._source = self.source
        self.ports = replace(self.ports, secrets=MemoryCluster())
        self.observed = self
        self.written = {}
        self.said = []
        self.messages = []

    def append(self, cycle):
        """Take in what a cycle came to."""
        happened, status, listing = cycle
        in_force = self.cycle.in_force
        seen = Observed(
            snapshot=self.source.snapshot,
            in_force=self.source.in_force,
            status=status,
            happened=happened,
            now=NOW,
            held=self.cycle.endpoints.held,
            ids=ids_of(in_force.desired, listing) if in_force and listing else {},
            problems=problems_in(self.cycle.problems),
            written=self.written,
            scrub=self.cycle.connection.scrub,
        )
        for update in updates(seen):
            self.written = {**self.written, update.resource.uid: update.status}
            self.said += [(each["involvedObject"]["name"], each["reason"]) for each in update.events]
            self.messages += [each["message"] for each in update.events]

    def shown(self, uid, of="Ready"):
        """Status and reason of a condition. The uid of an Account is `a`, that of a Runner its name."""
        found = by_type(self.written[uid])[of]
        return found["status"], found["reason"]


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    """Locks of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_what_is_created_is_ready(tmp_path):
    """Runners that are created are ready after the cycle that creates them, with their ids."""
    with running_sandbox() as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"), wanted("two"))
        operated.run(5)
        assert [operated.shown(uid) for uid in ("a", "one", "two")] == [("True", "Ready")] * 3
        assert operated.written["one"]["id"] == sandbox.runner("one")["id"]
        counts = {"runners": 2, "inSync": 2, "drifted": 0, "unmanaged": 0, "unhealthy": 0}
        assert {name: operated.written["a"][name] for name in counts} == counts
        assert operated.said == [("default", "Applied"), ("one", "Applied"), ("two", "Applied")]
        assert operated.messages == ["2 written", "created", "created"]


def test_a_guard_that_refuses_says_so(tmp_path):
    """The last active runner of a promised set is not disabled; both resources and their events say why."""
    with running_sandbox([live("one")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one", state="disabled"), of=account(**PROMISE))
        operated.run(65)
        assert sandbox.runner("one")["status"] == "active"
        assert operated.shown("one") == operated.shown("a") == ("False", "GuardRefused")
        for uid in ("a", "one"):
            assert "gpu" in by_type(operated.written[uid])["Ready"]["message"]
        assert operated.written["one"]["differs"] == ["state"]
        assert operated.said == [("default", "GuardRefused"), ("one", "GuardRefused")]


def test_drift_is_an_event_when_it_is_healed(tmp_path):
    """What another writer changes is written back: the status stays, and an event says what was written."""
    with running_sandbox([live("one")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"))
        operated.at(30, lambda: sandbox.edit("one", tags=["other"]))
        operated.run(65)
        assert operated.shown("one") == ("True", "Ready")
        assert operated.said == [("default", "Applied"), ("one", "Applied")]
        assert operated.messages == ["1 written", "written: tags"]


def test_entries_that_match_no_runner(tmp_path):
    """A Runner whose id no live runner has is wrong at the plan, and says so."""
    with running_sandbox([live("one"), live("two")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"), wanted("two", id=NO_ONE))
        operated.run(5)
        assert operated.shown("two") == ("False", "Invalid")
        assert operated.shown("a") == ("False", "InvalidRunner")
        assert operated.shown("one")[0] != "True"


def test_drift_in_mode_report(tmp_path):
    """In mode report drift shows by the names of its fields, and nothing is written."""
    with running_sandbox([live("one", tags=["other"], status="disabled")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"), wanted("two"), mode=Mode.REPORT)
        operated.run(5)
        assert operated.written["one"]["differs"] == ["state", "tags"]
        assert operated.shown("two") == ("False", "Drifted")
        assert operated.written["a"]["drifted"] == 2
        assert sandbox.methods == ["GET"]


def test_an_invalid_runner_leaves_the_rest_in_force(tmp_path):
    """A Runner that becomes invalid says so, what was in force stays, and a change of another waits for it."""
    with running_sandbox([live("one"), live("two")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"), wanted("two"))

        def edit():
            one = replace(wanted("one", endpoint="nonsense"), generation=2)
            two = replace(wanted("two", tags=["sdxl"]), generation=2)
            operated.source.snapshot = Snapshot(account(), (one, two))

        operated.at(30, edit)
        operated.run(40)
        assert operated.shown("one") == ("False", "Invalid")
        assert operated.shown("two") == ("Unknown", "Blocked")
        assert operated.shown("a") == ("False", "InvalidRunner")
        assert sandbox.runner("two")["tags"] == ["gpu"]
        assert operated.said == [("default", "InvalidRunner"), ("one", "Invalid")]


def test_a_token_that_is_refused(tmp_path):
    """While the service refuses the token, the Account is not ready; Runners keep what was found."""
    with running_sandbox([live("one")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"))
        operated.at(30, lambda: setattr(operated, "token", "cfc_wrong"))
        operated.run(65)
        assert operated.shown("a") == ("False", "ReadsFailed")
        assert operated.shown("one") == ("True", "Ready")
        assert operated.said == [("default", "ReadsFailed")]
        assert "cfc_wrong" not in str(operated.written)


def test_an_endpoint_that_does_not_answer(tmp_path):
    """An endpoint that is unhealthy makes its Runner and the Account not ready, though both are in sync."""
    with running_sandbox([live("one"), live("two")]) as sandbox:
        operated = Operated(tmp_path, sandbox.url, wanted("one"), wanted("two"))
        operated.prober.dead.add("fleet.one")
        operated.run(200)
        assert operated.shown("one") == ("False", "Unhealthy")
        assert operated.shown("one", "Synced") == ("True", "InSync")
        assert operated.shown("two") == ("True", "Ready")
        assert operated.shown("a") == ("False", "Unhealthy")
        assert operated.said == [("default", "Unhealthy"), ("one", "Unhealthy")]
