"""`--probe`: endpoints are asked before anything is written for those that become active, and decide `auto`."""

from __future__ import annotations

import json

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.comfyui import ComfyUI

SECRET = "Bearer secret-of-the-runner"
QUICK = "health: {unhealthy_after: 1, healthy_after: 1, timeout: 30}"


@pytest.fixture(scope="module")
def stub():
    """One stub for the runners of this module."""
    with ComfyUI() as running:
        yield running


class Fleet:
    """A project over an emulator in a file, whose runners' endpoints are on the stub."""

    def __init__(self, root, stub):
        self.root, self.stub = root, stub
        self.write_project(QUICK)

    def write_project(self, *lines):
        """The project file."""
        (self.root / "reconciler.yaml").write_text("\n".join(("version: 1", *lines)) + "\n")

    def write(self, **runners):
        """The manifest: each runner by key, as the way its endpoint answers, or as a mapping that adds to it."""
        entries = {}
        for key, given in runners.items():
            more = {"way": given} if isinstance(given, str) else dict(given)
            way = more.pop("way", "ok")
            entries[key] = {
                "endpoint": self.stub.url(way) if way != "down" else "http://127.0.0.1:9",
                "tags": ["gpu"],
                "headers": {"Authorization": SECRET},
                "status": "active",
            } | more
        text = json.dumps({"version": 1, "runners": entries})
        (self.root / "runners").mkdir(exist_ok=True)
        (self.root / "runners" / "a.yaml").write_text(text)

    def run(self, *words):
        """Run one command against the emulator."""
        command, *rest = words
        return run_cli(command, "--sandbox", "fleet.db", *rest, cwd=self.root)

    def live(self):
        """The live statuses by name."""
        listed = self.run("list", "--format", "json").json
        return {each["name"]: each["status"] for each in listed["runners"]}

    def apply(self, *words):
        """Apply without asking."""
        return self.run("apply", "-y", *words)


@pytest.fixture
def fleet(tmp_path, stub):
    """A project without runners yet."""
    return Fleet(tmp_path, stub)


def codes(ran):
    """The findings about health of a plan, by key, code and severity."""
    plan = ran.json.get("plan", ran.json)
    wanted = ("unhealthy-endpoint", "disabled-by-health")
    return [(each["key"], each["code"], each["severity"]) for each in plan["findings"] if each["code"] in wanted]


@pytest.mark.parametrize("way", ["down", "login", "old", "slow", "away"])
def test_nothing_is_written_for_anybody_when_one_is_dead(fleet, way):
    """A create on a dead endpoint is exit 5 for plan and apply, and the others are not written either."""
    if way == "slow":
        fleet.write_project(QUICK.replace("30", "0.3"))
    fleet.write(fine="ok", dead=way)
    plan = fleet.run("plan", "--probe", "--format", "json")
    assert plan.code == 5
    assert ("dead", "unhealthy-endpoint", "error") in codes(plan)
    ran = fleet.apply("--probe", "--format", "json")
    assert ran.code == 5
    assert ("dead", "unhealthy-endpoint", "error") in codes(ran)
    assert fleet.live() == {}
    assert "secret-of-the" not in plan.out + plan.err + ran.out + ran.err


@pytest.mark.parametrize(
    "accept", [("--acknowledge", "unhealthy-endpoint"), ("--acknowledge", "unhealthy-endpoint:dead"), ()]
)
def test_an_accepted_one_is_written(fleet, accept):
    """Accepted for a run or in the manifest, it is created all the same."""
    reason = {"code": "unhealthy-endpoint", "reason": "comes up tomorrow", "until": "2099-01-01"}
    fleet.write(dead={"way": "down", "accept": [] if accept else [reason]})
    assert fleet.apply("--probe", *accept).code == 0
    assert fleet.live() == {"dead": "active"}


def test_without_probe_nobody_is_asked(fleet, stub):
    """plan, apply, validate, list, render and a plan against a snapshot send nothing to any endpoint."""
    fleet.write(a="never", b={"way": "never", "status": "auto"})
    for words in (("plan",), ("apply", "-y"), ("plan",), ("list",)):
        assert fleet.run(*words).code == 0
    (fleet.root / "live.json").write_text(fleet.run("list", "--format", "json").out)
    for words in (("plan", "--live", "live.json"), ("validate",), ("render",)):
        assert run_cli(*words, cwd=fleet.root).code == 0
    assert stub.asked("never") == 0
    assert run_cli("plan", "--live", "live.json", "--probe", cwd=fleet.root).code == 64


def test_who_is_asked_before_a_write(fleet, stub):
    """Created, activated and moved runners, with their own headers; neither unchanged nor disabled nor renamed ones."""
    fleet.write(stays="p-stays", off={"way": "p-off", "status": "disabled"}, moves="p-from", renamed="p-renamed")
    assert fleet.apply().code == 0
    fleet.write(
        stays={"way": "p-stays", "tags": ["gpu", "b"]},
        off="p-off",
        moves="p-to",
        new="p-new",
        new_off={"way": "p-new-off", "status": "disabled"},
        renamed={"way": "p-renamed", "name": "other", "former_name": "renamed"},
    )
    assert fleet.apply("--probe").code == 0
    ways = ("stays", "off", "from", "to", "new", "new-off", "renamed")
    assert [way for way in ways if stub.asked(f"p-{way}")] == ["off", "to", "new"]
    sent = [headers for path, headers in stub.seen if "/p-new/" in path]
    assert {each["authorization"] for each in sent} == {SECRET}


@pytest.mark.parametrize(("globs", "asked"), [("['127.0.0.1']", True), ("['*.example.com']", False), ("[]", False)])
def test_only_allowed_hosts_are_asked(fleet, stub, globs, asked):
    """guard.endpoint_hosts keeps every other host from being asked, also when its own finding is accepted."""
    way = f"g{len(globs)}"
    fleet.write_project(QUICK, f"guard: {{endpoint_hosts: {globs}}}")
    fleet.write(a=way)
    ran = fleet.run("plan", "--probe", "--format", "json", "--acknowledge", "host-not-allowed")
    assert ran.code == 0
    assert bool(stub.asked(way)) == asked
    assert codes(ran) == ([] if asked else [("a", "unhealthy-endpoint", "warning")])


def test_an_automatic_status_follows_the_endpoint(fleet, stub):
    """Disabled while dead, activated when it answers again; without --probe the live status is kept."""
    stub.ways["flaky"] = ["old"]
    fleet.write(a={"way": "flaky", "status": "auto"}, b={"status": "auto"})
    assert fleet.apply().code == 0
    assert fleet.run("plan", "--detailed-exitcode").code == 0
    plan = fleet.run("plan", "--probe", "--format", "json")
    assert (plan.code, codes(plan)) == (0, [("a", "disabled-by-health", "info")])
    (action,) = plan.json["actions"]
    assert action["changes"] == [{"field": "status", "before": "active", "after": "disabled"}]
    assert fleet.apply("--probe").code == 0
    assert fleet.live() == {"a": "disabled", "b": "active"}
    stub.ways["flaky"] = ["ok"]
    assert fleet.run("plan", "--detailed-exitcode").code == 0
    assert fleet.apply("--probe").code == 0
    assert fleet.live() == {"a": "active", "b": "active"}
    stub.ways["flaky"] = ["old"]
    fleet.write(a={"way": "flaky", "status": "auto", "tags": ["alone"]}, b={"status": "auto"})
    plan = fleet.run("plan", "--probe", "--format", "json")
    assert (plan.code, codes(plan)) == (0, [("a", "unhealthy-endpoint", "warning")])
    assert fleet.apply("--probe").code == 0
    assert fleet.live() == {"a": "active", "b": "active"}


def test_a_saved_plan_asks_again(fleet, stub):
    """What was decided by health is decided again: the same answers apply it, others make it stale, a new error 5."""
    stub.ways["s"] = ["old"]
    fleet.write(a={"way": "s", "status": "auto"}, b={})
    assert fleet.apply().code == 0
    assert fleet.run("plan", "--probe", "--out", "p.json").code == 0
    assert json.loads((fleet.root / "p.json").read_text())["inputs"]["probe"] is True
    stub.ways["s"] = ["ok"]
    stale = fleet.run("apply", "--plan", "p.json")
    assert stale.code == 4
    assert fleet.live() == {"a": "active", "b": "active"}
    stub.ways["s"] = ["login"]
    assert fleet.run("apply", "--plan", "p.json").code == 0
    assert fleet.live() == {"a": "disabled", "b": "active"}


@pytest.mark.parametrize("when", ["plan", "apply"])
def test_a_saved_plan_is_refused_when_an_endpoint_has_died(fleet, stub, when):
    """Recorded with the plan or given to apply: who is to become active is asked now, and a dead one is exit 5."""
    way = f"dies-{when}"
    stub.ways[way] = ["ok"]
    fleet.write(a=way)
    assert fleet.run("plan", "--out", "p.json", *(["--probe"] if when == "plan" else [])).code == 0
    stub.ways[way] = ["old"]
    ran = fleet.run("apply", "--plan", "p.json", *(["--probe"] if when == "apply" else []))
    assert ran.code == 5
    assert fleet.live() == {}
    stub.ways[way] = ["ok"]
    assert fleet.run("apply", "--plan", "p.json", *(["--probe"] if when == "apply" else [])).code == 0


def test_list_shows_whether_endpoints_answer(fleet):
    """A column and two keys in JSON, only with --probe, with a reason of ours; what may not be asked is unknown."""
    fleet.write_project(QUICK, "guard: {endpoint_hosts: ['127.0.0.1']}")
    fleet.write(fine="ok", dead="login", far={"endpoint": "http://far.example.com"})
    assert fleet.apply("--acknowledge", "host-not-allowed").code == 0
    assert "health" not in fleet.run("list").out
    assert "health" not in fleet.run("list", "--format", "json").json["runners"][0]
    ran = fleet.run("list", "--probe", "--format", "json")
    found = {each["name"]: (each["health"], each["health_reason"]) for each in ran.json["runners"]}
    assert found["fine"] == ("healthy", None)
    assert found["dead"][0] == "unhealthy"
    assert "login page" in found["dead"][1]
    assert found["far"][0] == "unknown"
    assert "endpoint_hosts" in found["far"][1]
    text = fleet.run("list", "--probe")
    assert "unhealthy: it answers 200" in " ".join(text.out.split())
    assert "secret-of-the" not in ran.out + text.out
    (fleet.root / "live.json").write_text(ran.out)
    covered = fleet.run("list", "--probe", "--coverage", "--format", "json").json
    assert covered["runners"] == ran.json["runners"]
    assert [(each["active"], each["healthy"]) for each in covered["served"]] == [(3, 1)]
    assert fleet.run("list", "--coverage", "--probe").out.splitlines()[1].split() == [
        "TAGS",
        "ACTIVE",
        "HEALTHY",
        "RUNNERS",
    ]
    assert run_cli("plan", "--live", "live.json", cwd=fleet.root).code == 5
    assert [
        each["name"] for each in fleet.run("list", "--probe", "--target", "fine", "--format", "json").json["runners"]
    ] == ["fine"]


def test_doctor_asks_one_endpoint(fleet, stub):
    """By key: ok, or a failed check with what to do; only the runner that is named is asked."""
    fleet.write(fine="d-fine", dead="down", far={"endpoint": "http://far.example.com"})
    fleet.write_project(QUICK, "guard: {endpoint_hosts: ['127.0.0.1']}")
    assert fleet.apply("--acknowledge", "host-not-allowed").code == 0
    for key, code, status in (("dead", 1, "fail"), ("far", 0, "unknown"), ("none", 1, "fail"), ("fine", 0, "ok")):
        assert stub.asked("d-fine") == 0
        ran = fleet.run("doctor", "--endpoint", key, "--format", "json")
        found = [each["status"] for each in ran.json["checks"] if each["name"] == "endpoint"]
        assert (ran.code, found) == (code, [status])
    assert stub.asked("d-fine") == 1


def test_a_plan_file_can_not_name_whom_to_ask(fleet, stub):
    """An edited plan file is refused before any endpoint is asked."""
    fleet.write(a="edited")
    assert fleet.run("plan", "--out", "p.json").code == 0
    document = json.loads((fleet.root / "p.json").read_text())
    document["inputs"]["probe"] = True
    (fleet.root / "p.json").write_text(json.dumps(document))
    assert fleet.run("apply", "--plan", "p.json").code != 0
    assert stub.asked("edited") == 0
