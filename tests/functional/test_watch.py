"""A watch over hours, against a sandbox on a real socket: it heals, gives way to another writer, and stays up."""

from __future__ import annotations

import pytest

from reconciler.model.watching import Mode
from reconciler.sandbox.entities import WORKFLOW
from tests.fakes.sandbox import running_sandbox
from tests.fakes.watching import Remote, Watching

ENDPOINTS = {"gpu-1": "http://gpu-1.example.com:8188", "gpu-2": "http://gpu-2.example.com:8188"}
DEFAULTS = "version: 1\ndefaults: {status: active, headers: {}}\n"
MANIFEST = (
    DEFAULTS + "runners:\n" + "".join(f"  {key}: {{endpoint: {url}, tags: [gpu]}}\n" for key, url in ENDPOINTS.items())
)
RETAGGED = MANIFEST.replace("[gpu]", "[sdxl]")
BROKEN = MANIFEST.replace("endpoint", "endpont")


def live(name, **fields):
    """A runner as the sandbox has it."""
    return {"name": name, "endpoint": ENDPOINTS[name], "tags": ["gpu"], "headers": {}, "status": "active", **fields}


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    """Locks of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def sandbox():
    """Two runners, as the manifest has them."""
    with running_sandbox([live("gpu-1"), live("gpu-2")]) as found:
        yield found


@pytest.fixture
def folder(tmp_path):
    """A working folder with the manifest."""
    (tmp_path / "work" / "runners").mkdir(parents=True)
    (tmp_path / "work" / "runners" / "a.yaml").write_text(MANIFEST)
    return tmp_path / "work"


def manifest(folder, text):
    """Write the manifest anew."""
    (folder / "runners" / "a.yaml").write_text(text)


def test_drift_is_healed_within_an_interval(folder, sandbox):
    """What another writer changes is written back in the next cycle, and nobody is notified of it."""
    watching = Watching(folder, sandbox.url)
    watching.at(90, lambda: sandbox.edit("gpu-1", tags=["other"]))
    assert watching.run(125) == 0
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]
    assert watching.results == ["in-step", "in-step", "applied"]
    assert watching.events == []


def test_each_cycle_is_observed_with_what_it_read(folder, sandbox):
    """Whoever observes gets what happened, the status after it, and the runners as they were read."""
    watching = Watching(folder, sandbox.url)
    watching.at(90, lambda: sandbox.edit("gpu-1", tags=["other"]))
    watching.run(125)
    seen = [(happened.result, status.cycles, len(listing.runners)) for happened, status, listing in watching.observed]
    assert seen == [("in-step", 1, 2), ("in-step", 2, 2), ("applied", 3, 2)]


def test_a_cycle_costs_what_a_plan_costs(folder, sandbox):
    """One read of the list a cycle and nothing else, while there is nothing to write."""
    watching = Watching(folder, sandbox.url)
    watching.run(10 * 60 + 5)
    assert len(watching.statuses) == 11
    assert sandbox.methods == ["GET"] * 11
    assert sandbox.count("GET", "/v1/runner") == 11


def test_what_workflows_ask_for_is_read_each_cycle(folder, sandbox):
    """Each cycle reads it where the project file says so; a tier without managed runners is asked once in a run."""
    sandbox.store.add_many([{"status": "queued", "tags": ["gpu"]}, {"status": "queued", "tags": ["x"]}], kind=WORKFLOW)
    (folder / "reconciler.yaml").write_text("version: 1\ndemand: {recent: 5}\n")
    watching = Watching(folder, sandbox.url)
    assert watching.run(125) == 0
    cycles = sandbox.count("GET", "/v1/runner")
    assert cycles >= 2
    assert sandbox.count("GET", "/v1/workflow") == 5 * cycles
    assert sandbox.count("GET", "/v1/managed-runner") == 1
    assert watching.statuses[-1].workflows == {"served": 1, "unserved": 1}


def test_a_second_writer_meets_three_heals_and_one_notification(folder, sandbox):
    """A tag that is set back every few seconds is healed three times, then left; the rest of the fleet still heals."""
    watching = Watching(folder, sandbox.url)
    watching.every(7, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(1000, lambda: sandbox.edit("gpu-2", tags=["once"]))
    watching.run(30 * 60)
    (theirs,) = [each["id"] for each in sandbox.runners if each["name"] == "gpu-1"]
    assert sandbox.count("PUT", f"/v1/runner/{theirs}") == 3
    assert sandbox.runner("gpu-2")["tags"] == ["gpu"]
    assert watching.events == ["contested"]
    assert watching.board.status.contested == {"gpu-1": ("tags",)}


def test_a_new_revision_resumes_what_was_contested(folder, sandbox):
    """The manifests changed: a contested runner is written again."""
    watching = Watching(folder, sandbox.url)
    watching.every(7, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(15 * 60, lambda: manifest(folder, RETAGGED))
    watching.run(15 * 60 + 6)
    assert watching.results[-1] == "applied"
    assert watching.board.status.contested == {}


@pytest.mark.parametrize("how", [{"mode": Mode.REPORT}, {"suspend": True}])
def test_nothing_is_written_in_mode_report_or_while_suspended(folder, sandbox, how):
    """It reports the drift once, and its client has no verb that writes."""
    watching = Watching(folder, sandbox.url, **how)
    watching.at(10, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.run(300)
    assert set(sandbox.methods) == {"GET"}
    assert watching.cycle.connection.writer is None
    assert [each.key for each in watching.board.status.drifted] == ["gpu-1"]
    assert watching.events.count("drift-begins") == 1


def test_a_refusal_is_notified_once_and_not_tried_again(folder, sandbox):
    """A guard refuses every cycle; nothing is written until the manifests or the fleet change."""
    (folder / "reconciler.yaml").write_text("version: 1\nguard: {max_changes: 0}\n")
    watching = Watching(folder, sandbox.url)
    watching.at(10, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(600, lambda: (folder / "reconciler.yaml").write_text("version: 1\n"))
    watching.run(610)
    assert set(watching.results[1:-1]) == {"refused"}
    assert watching.results[-1] == "applied"
    assert [each for each in watching.events if each == "guard-refuses"] == ["guard-refuses"]
    assert sandbox.count("PUT") == 1


def test_a_broken_manifest_leaves_the_last_good_one_in_force(folder, sandbox):
    """The status says what is wrong; drift against the last good revision is still healed."""
    watching = Watching(folder, sandbox.url)
    watching.at(70, lambda: manifest(folder, BROKEN))
    watching.at(130, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(310, lambda: manifest(folder, RETAGGED))
    watching.run(200)
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]
    assert "endpont" in watching.board.status.troubles["manifests"]
    manifest(folder, RETAGGED)
    again = Watching(folder, sandbox.url)
    again.run(10)
    assert again.board.status.troubles == {}
    assert sandbox.runner("gpu-1")["tags"] == ["sdxl"]


def test_a_change_of_the_files_is_acted_on_at_the_next_look(folder, sandbox):
    """Within the few seconds between two looks, not at the end of the interval."""
    watching = Watching(folder, sandbox.url, interval_s=3600)
    watching.at(100, lambda: manifest(folder, RETAGGED))
    watching.run(106)
    assert sandbox.runner("gpu-2")["tags"] == ["sdxl"]


def test_a_hangup_is_acted_on_at_once(folder, sandbox):
    """SIGHUP begins a cycle within a second, also while reads back off."""
    watching = Watching(folder, sandbox.url, interval_s=3600)
    watching.at(100, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(100, watching.hang_up)
    watching.run(101)
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]


def test_a_hangup_counts_also_where_cycles_take_longer_than_the_interval(folder, sandbox):
    """Then nothing is waited for between two cycles, and what SIGHUP asks for is read again all the same."""
    watching = Watching(folder, sandbox.url, interval_s=0.001)
    reloaded = []
    ask = watching.cycle.endpoints.ask
    watching.cycle.endpoints.ask = lambda *arguments: (watching.clock.turn(1.0), ask(*arguments))
    watching.reload = lambda ports: reloaded.append(1) or ports
    watching.hang_up()
    watching.stop_after(3)
    watching.run(100)
    assert reloaded == [1]


def test_a_token_that_expires_is_renewed_without_a_restart(folder, sandbox):
    """While it is not valid reads back off; the new one is in force at SIGHUP, and the lock goes with it."""
    watching = Watching(folder, sandbox.url)
    watching.at(70, lambda: setattr(watching, "token", "cfc_expired"))
    watching.at(1000, lambda: setattr(watching, "token", "cfc_sandbox"))
    watching.at(1000, watching.hang_up)
    watching.run(1002)
    assert "error" in watching.results
    assert watching.results[-1] == "in-step"
    assert watching.board.status.troubles == {}


def test_a_service_that_is_down_for_an_hour_is_waited_for(folder, sandbox):
    """Reads back off up to 15 minutes; the status says why, and afterwards the drift is healed."""
    watching = Watching(folder, sandbox.url)
    watching.at(61, lambda: setattr(watching, "url", "http://127.0.0.1:9"))
    watching.at(3700, lambda: setattr(watching, "url", sandbox.url))
    watching.at(3700, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.run(3700 + 901)
    errors = watching.results.count("error")
    assert 8 <= errors <= 14
    assert watching.results[-1] in ("applied", "in-step")
    assert sandbox.runner("gpu-1")["tags"] == ["gpu"]


def test_one_writer_at_a_time(folder, sandbox):
    """A second watch waits, reads nothing meanwhile, says whose the account is, and takes over when it is free."""
    first, second = Watching(folder, sandbox.url), Watching(folder, sandbox.url)
    seen = []

    def let_the_second_run():
        before = len(sandbox.requests)
        second.at(30, lambda: seen.append((second.board.status.waits_for, len(sandbox.requests) - before)))
        second.at(31, first.cycle.locks.release)
        second.run(40)

    first.at(10, let_the_second_run)
    first.run(20)
    ((whose, requests),) = seen
    assert whose.startswith("process ")
    assert requests == 0
    assert second.results == ["in-step"]
    assert second.board.status.waits_for is None


@pytest.fixture
def remote(tmp_path):
    """A git repository with the manifest on its branch main."""
    found = Remote(tmp_path / "remote")
    found.commit(MANIFEST)
    return found


def test_a_new_commit_is_in_force_at_the_next_look(tmp_path, sandbox, remote):
    """Also one that rewrote history; the status names the commit."""
    watching = Watching(tmp_path, sandbox.url, git=remote.folder, interval_s=3600)
    commits = []
    watching.at(100, lambda: commits.append(remote.commit(RETAGGED)))
    watching.at(200, lambda: commits.append(remote.commit(MANIFEST, amend=True)))
    watching.at(107, lambda: commits.append(sandbox.runner("gpu-1")["tags"]))
    watching.run(207)
    assert [commits[1], sandbox.runner("gpu-1")["tags"]] == [["sdxl"], ["gpu"]]
    assert watching.board.status.revision == commits[2]
    assert watching.board.status.troubles == {}


def test_a_remote_that_is_gone_leaves_the_last_commit_in_force(tmp_path, sandbox, remote):
    """The branch, then the whole remote: drift is healed meanwhile, and git is asked again with a back-off."""
    watching = Watching(tmp_path, sandbox.url, git=remote.folder)
    moved = tmp_path / "moved"
    watching.at(61, lambda: remote.git("branch", "-m", "elsewhere"))
    watching.at(300, lambda: remote.folder.rename(moved))
    watching.at(400, lambda: sandbox.edit("gpu-1", tags=["theirs"]))
    watching.at(600, lambda: moved.rename(remote.folder))
    watching.at(600, lambda: remote.git("branch", "-m", "main"))
    watching.at(470, lambda: watching.transitions.append(sandbox.runner("gpu-1")["tags"]))
    watching.run(1600)
    assert watching.transitions == [["gpu"]]
    troubles = [each.troubles.get("git", "") for each in watching.statuses]
    assert any("has no branch" in each for each in troubles)
    assert any("can't be asked" in each for each in troubles)
    assert watching.board.status.troubles == {}


def test_a_commit_that_breaks_a_manifest_is_reported_and_not_in_force(tmp_path, sandbox, remote):
    """The last good commit stays in force, and is named."""
    good = remote.git("rev-parse", "HEAD")
    watching = Watching(tmp_path, sandbox.url, git=remote.folder)
    watching.at(61, lambda: remote.commit(BROKEN))
    watching.run(200)
    assert watching.board.status.revision == good
    assert "runners/a.yaml:4" in watching.board.status.troubles["manifests"]
    assert watching.results[-1] == "in-step"


AUTO = MANIFEST.replace("status: active", "status: auto")


def test_a_status_that_is_auto_follows_the_health_of_the_endpoint(folder, sandbox):
    """Dead for three probes it is disabled, alive for two active again: notified once each, and never contested."""
    manifest(folder, AUTO)
    watching = Watching(folder, sandbox.url)
    seen = []
    for number in range(5):
        dead, alive = 1000 + number * 1000, 1500 + number * 1000
        watching.at(dead, lambda: watching.prober.dead.add("gpu-1"))
        watching.at(dead + 130, lambda: seen.append(sandbox.runner("gpu-1")["status"]))
        watching.at(alive, watching.prober.dead.clear)
        watching.at(alive + 100, lambda: seen.append(sandbox.runner("gpu-1")["status"]))
    watching.run(6000)
    assert seen == ["disabled", "active"] * 5
    assert watching.events == ["unhealthy", "healthy-again"] * 5
    assert watching.board.status.contested == {}


def test_a_dead_endpoint_of_an_active_runner_is_reported_only(folder, sandbox):
    """It is in the status and notified; nothing is written, and nobody is asked twice in an interval."""
    watching = Watching(folder, sandbox.url)
    watching.prober.dead.add("gpu-1")
    watching.run(600)
    assert watching.events == ["unhealthy"]
    assert watching.board.status.unhealthy() == {"gpu-1"}
    assert sandbox.count("PUT") == 0
    assert 15 <= watching.prober.asked["gpu-1"] <= 21


def test_without_probes_only_a_status_that_is_auto_is_asked_for(folder, sandbox):
    """With --no-probe neither a runner that is created active is asked, nor one that is activated or moved."""
    manifest(folder, MANIFEST)
    watching = Watching(folder, sandbox.url, everyone=False)
    watching.at(130, lambda: sandbox.edit("gpu-1", status="disabled"))
    watching.at(330, lambda: sandbox.edit("gpu-1", endpoint="http://127.0.0.1:10"))
    watching.run(500)
    assert sandbox.count("PUT") == 2
    assert not watching.prober.asked
    manifest(folder, AUTO)
    again = Watching(folder, sandbox.url, everyone=False)
    again.run(100)
    assert again.prober.asked["gpu-1"]
