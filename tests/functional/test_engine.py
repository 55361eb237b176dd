"""`Reconciler`, as a program uses it that has a process of its own to look after."""

import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import reconciler
from reconciler import GuardRefused, PlanFileError, Reconciler, StalePlan, UsageProblem, errors
from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.secret import Secret
from tests.fakes.clock import StopSwitch, VirtualClock
from tests.fakes.embedding import TWO, WILDCARD, declare, work_in
from tests.fakes.sandbox import running_sandbox

EMBED = Path(__file__).parents[2] / "examples" / "embed"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with two runners, and an environment without the product's variables."""
    return work_in(tmp_path, monkeypatch)


@pytest.fixture
def service():
    """An empty sandbox on a real socket."""
    with running_sandbox() as sandbox:
        yield sandbox


def connect(service, **ports):
    """A Reconciler that talks to it."""
    return Reconciler(token=service.token, api_url=service.url, **ports)


def change_live(service):
    """Another writer edits a runner."""
    service.edit("a", tags=["moved"])


class Recorder:
    """Implements ports.Journal and ports.Progress; remembers what it was given."""

    def __init__(self):
        self.events = []

    def record(self, event, **_facts):
        """One event of a journal."""
        self.events.append(event)

    def __getattr__(self, name):
        return lambda *_args: self.events.append(name)


def test_a_plan_is_applied_and_the_next_one_is_empty(service):
    """Plan, apply, plan: what the report counts is what the service has."""
    with connect(service) as r:
        plan = r.plan("runners/")
        assert [action.key for action in plan.actions] == ["a", "b"]
        assert r.apply(plan).exit_code == 0
        assert not r.plan("runners/").has_changes
        assert set(r.list().standing.values()) == {"managed"}
    assert {runner["name"] for runner in service.runners} == {"a", "b"}


def test_a_plan_without_changes_is_applied_without_a_write(service):
    """It is read again, and nothing is written."""
    with connect(service) as r:
        r.apply(r.plan())
        report = r.apply(r.plan())
    assert (report.outcomes, report.exit_code, report.requests.writes) == ((), 0, 0)


def saved(r, plan):
    """The plan as it is opened from a file."""
    r.save(plan, "made.plan")
    return r.open("made.plan")


@pytest.mark.parametrize("give", [lambda _r, plan: plan, saved], ids=["made", "opened"])
@pytest.mark.parametrize(
    "move",
    [
        change_live,
        lambda _service: declare(TWO.replace("video", "audio")),
        lambda _service: Path("runners/more.yaml").write_text(TWO.replace("a:", "c:").replace("b:", "d:"), "utf-8"),
    ],
    ids=["live", "manifest", "another-file"],
)
def test_what_moved_since_the_plan_is_stale(service, give, move):
    """Nothing is written when the plan would now be another one, by whichever Reconciler it was made."""
    with connect(service) as r, connect(service) as other:
        r.apply(r.plan())
        declare(TWO.replace("[gpu]", "[gpu, sdxl]"))
        plan = give(r, r.plan())
        move(service)
        before = service.count("PUT") + service.count("POST")
        for each in (r, other):
            with pytest.raises(StalePlan) as stale:
                each.apply(plan)
            assert stale.value.differences
        assert service.count("PUT") + service.count("POST") == before


@pytest.mark.parametrize("give", [lambda _r, plan: plan, saved], ids=["made", "opened"])
def test_a_plan_key_of_its_own_binds_a_saved_plan_to_the_account(service, give):
    """Of an empty account too, whose id only the service knows."""
    with connect(service, plan_key="k" * 32) as r:
        assert r.apply(give(r, r.plan())).exit_code == 0
    assert service.count("GET", "/v1/user") <= 2


@pytest.mark.parametrize("give", [lambda _r, plan: plan, saved], ids=["made", "opened"])
def test_another_reconciler_applies_a_plan(service, give):
    """A plan holds what it was made from, so that any Reconciler of the account can apply it, from a file too."""
    with connect(service) as r, connect(service) as other:
        plan = give(r, r.plan("runners/all.yaml", targets=["b"]))
        assert [each.key for each in other.apply(plan).outcomes] == ["b"]
    assert [runner["name"] for runner in service.runners] == ["b"]


def test_a_plan_of_another_service_is_stale(service):
    """A plan is for the address and the account that it was made for."""
    with running_sandbox() as elsewhere, connect(service) as r, connect(elsewhere) as other:
        with pytest.raises(StalePlan, match="address"):
            other.apply(r.plan())
        assert elsewhere.runners == []


@pytest.mark.parametrize("give", [lambda _r, plan: plan, saved], ids=["made", "opened"])
def test_a_guard_refuses_unless_the_finding_is_taken_on(service, give):
    """A refused plan is a plan; applying it raises, also when it is acknowledged only afterwards: plan again."""
    with connect(service) as r:
        r.apply(r.plan())
        declare(WILDCARD)
        plan = give(r, r.plan())
        assert not plan.applyable
        for acknowledge in ((), ["wildcard-runner"]):
            with pytest.raises(GuardRefused, match="wildcard-runner"):
                r.apply(plan, acknowledge=acknowledge)
        assert service.runner("a")["tags"] == ["gpu"]
        assert r.apply(give(r, r.plan(acknowledge=["wildcard-runner"]))).exit_code == 0
        assert service.runner("a")["tags"] == []


def test_a_plan_without_a_secret_is_no_plan_to_apply(service):
    """It can be looked at, saved and opened."""
    declare(TWO.replace("[gpu]", "[gpu], headers: {X: '${env:RECONCILER_X}'}"))
    with connect(service) as r:
        plan = r.plan(allow_unresolved=True)
        for each in (plan, saved(r, plan)):
            with pytest.raises(PlanFileError, match="secret was not resolved"):
                r.apply(each)
    assert service.runners == []


def test_a_plan_that_was_read_from_a_file_is_not_saved_again(service):
    """Its secrets are not known any more: a file of it could be signed, and be another plan."""
    with connect(service) as r:
        opened = saved(r, r.plan())
        with pytest.raises(PlanFileError, match="copy the file"):
            r.save(opened, "again.plan")
        with pytest.raises(PlanFileError, match="made from"):
            r.apply(replace(opened, inputs=None))


def test_every_port_can_be_passed(service):
    """Clock, stop, progress, journal, secrets, transport and warnings are the caller's own, against a real socket."""
    seen, warned = [], []

    class Transport(httpx.HTTPTransport):
        closed = False

        def handle_request(self, request):
            seen.append(request.method)
            return super().handle_request(request)

        def close(self):
            self.closed = True
            super().close()

    declare(TWO.replace("[gpu]", "[gpu], headers: {X: '${env:HANDED_OVER}', Y: '${env:RECONCILER_Y}'}"))
    journal, progress, transport = Recorder(), Recorder(), Transport()
    secrets = ProcessSecrets({"RECONCILER_Y": "why"}, {"HANDED_OVER": Secret("over")})
    with connect(
        service,
        clock=VirtualClock(),
        stop=StopSwitch(),
        progress=progress,
        journal=journal,
        secrets=secrets,
        transport=transport,
        warn=warned.append,
    ) as r:
        plan = r.plan(acknowledge=["possible-rename"])
        assert plan.created_at.startswith("2024-01-16")
        assert r.apply(plan).exit_code == 0
        assert not transport.closed
    transport.close()
    assert service.runner("a")["headers"] == {"X": "over", "Y": "why"}
    assert seen == service.methods
    assert "POST" in seen
    assert {"start", "intent", "outcome", "end"} <= set(journal.events)
    assert {"applying", "done", "close"} <= set(progress.events)
    assert any("possible-rename" in each for each in warned)


def test_secrets_are_given_by_name(service):
    """A mapping is looked up before the environment, and its names need no prefix."""
    declare(TWO.replace("[gpu]", "[gpu], headers: {X: '${env:OURS}'}"))
    with connect(service, secrets={"OURS": "mine"}) as r:
        r.apply(r.plan())
    assert service.runner("a")["headers"] == {"X": "mine"}


@pytest.mark.parametrize("make", [threading.Event, StopSwitch], ids=["event", "port"])
def test_a_stop_ends_a_call(service, make):
    """Once it is set, by another thread or before, no request is sent that writes."""
    stop = make()
    with connect(service, stop=stop) as r:
        plan = r.plan()
        stop.set()
        with pytest.raises(errors.Interrupted):
            r.apply(plan)
    assert service.runners == []


def test_two_in_two_threads_share_the_limit_of_a_host():
    """The service counts an address: however many Reconcilers there are, it never has to answer 429."""
    limit = (5, 0.3)
    with running_sandbox(rate_limit=limit) as service, ThreadPoolExecutor(2) as threads:

        def read(_number):
            with connect(service, rate_limit="5/0.3") as r:
                return [len(r.list().listing.runners) for _ in range(6)]

        assert list(threads.map(read, range(2))) == [[0] * 6] * 2
        assert {each.status for each in service.requests} == {200}


def test_the_process_is_left_alone(service, capfd, caplog):
    """No print, no signal handler, no log handler but its own null, no change of the folder or the environment."""
    before = ({each: signal.getsignal(each) for each in signal.valid_signals()}, dict(os.environ), Path.cwd())
    handlers = [*logging.getLogger().handlers]
    with connect(service) as r:
        r.apply(r.plan(acknowledge=["possible-rename"]))
        saved(r, r.plan())
        r.export(headers=True)
        r.validate()
    assert capfd.readouterr() == ("", "")
    assert ({each: signal.getsignal(each) for each in signal.valid_signals()}, dict(os.environ), Path.cwd()) == before
    assert logging.getLogger().handlers == handlers
    assert "possible-rename" in caplog.text


def test_a_plan_whose_environment_is_gone_is_stale(service, folder):
    """What a plan was made from was good when it was made; a token that is missing now is no reason to plan again."""
    project = folder / "reconciler.yaml"
    project.write_text("version: 1\nenvironments: {one: {}, two: {}}\n", encoding="utf-8")
    with connect(service) as r:
        plan = r.plan(environment="two")
        assert plan.environment == "two"
        with Reconciler(api_url=service.url) as other, pytest.raises(UsageProblem, match="no API token"):
            other.apply(plan)
        project.write_text("version: 1\nenvironments: {one: {}}\n", encoding="utf-8")
        with pytest.raises(StalePlan, match="two"):
            r.apply(plan)
    assert service.runners == []


def test_what_can_not_be_is_refused_with_what_to_do(service):
    """The errors of using it wrongly are those of the one tree."""
    for wrong in ({"token": "a b"}, {"token": ""}, {"plan_key": "short"}, {"sandbox": "x.db", "token": "t"}):
        with pytest.raises(UsageProblem):
            Reconciler(**wrong)
    with connect(service) as r:
        with pytest.raises(UsageProblem, match="several texts"):
            r.plan(targets="ab")
        with pytest.raises(UsageProblem, match="stdin"):
            r.plan("-")
    with pytest.raises(UsageProblem, match="closed"):
        r.plan()


def test_paths_are_relative_to_a_folder_of_choice(service, folder, monkeypatch):
    """With `cwd` the working folder of the process does not matter, also for saved plans and for the sandbox."""
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    with connect(service, cwd=folder) as r:
        assert r.apply(saved(r, r.plan("runners"))).exit_code == 0
    assert (folder / "made.plan").is_file()
    with Reconciler(sandbox="own.db", cwd=folder) as r:
        assert r.plan().has_changes
    assert (folder / "own.db").is_file()


def test_the_command_line_applies_what_was_saved_here(service):
    """One format of saved plans: `reconciler apply --plan` takes it, as if it had made it."""
    with connect(service) as r:
        r.save(r.plan(), "made.plan")
    command = [sys.executable, "-m", "reconciler", "apply", "--plan", "made.plan", "--api-url", service.url]
    run = subprocess.run(command, env={**os.environ, "COMFYCONTROL_API_TOKEN": service.token}, check=False, timeout=60)
    assert run.returncode == 0
    assert len(service.runners) == 2


def test_the_example_of_the_manual_runs():
    """At most 25 lines that plan and apply on the sandbox; the second run has nothing to do."""
    script = EMBED / "keep_in_step.py"
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 25
    for told in ("create: studio-a\ncreate: studio-b\n2 done, exit code 0\n", "0 done, exit code 0\n"):
        run = subprocess.run(
            [sys.executable, str(script), "own.db"], capture_output=True, text=True, check=True, timeout=60
        )
        assert (run.stdout, run.stderr) == (told, "")


def test_every_public_name_is_there():
    """`__all__` names all that is public; the errors are the whole tree of `reconciler.errors`."""
    found = {name: getattr(reconciler, name) for name in reconciler.__all__}
    tree = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}
    assert tree == {name for name, each in found.items() if getattr(each, "__module__", "") == "reconciler.errors"}
    assert set(reconciler.__all__) <= set(dir(reconciler))
    with pytest.raises(AttributeError, match="no_such"):
        _ = reconciler.no_such


def test_importing_the_package_imports_nothing_else():
    """A program that imports it and does not use it pays nothing."""
    code = "import sys, reconciler; print(*(name for name in sys.modules if name.startswith('reconciler')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "reconciler\n"
