"""What is asked for, through the command line: requests, budgets, refusals, saved plans, what is shown."""

import json

import pytest

from reconciler.sandbox.entities import MANAGED, WORKFLOW
from tests.fakes.cli import run_cli
from tests.fakes.sandbox import example, running_sandbox

SECRET_NAME = "portrait-of-a-customer"


def runner(name, tags):
    """A live runner without headers."""
    made = {**example("get_runner"), "name": name, "tags": tags, "headers": {}}
    del made["id"]
    return made


def workflows(status, count, *tags):
    """So many workflows of one status, under a name that nobody is to see."""
    return [
        {"name": SECRET_NAME, "status": status, "tags": list(tags), "created_at": "2026-01-15T10:30:00Z"}
        for _ in range(count)
    ]


def write(folder, tags, project=""):
    """A project whose one runner is to have these tags."""
    endpoint = example("get_runner")["endpoint"]
    (folder / "reconciler.yaml").write_text(f"version: 1\n{project}")
    (folder / "runners").mkdir(exist_ok=True)
    (folder / "runners" / "r.yaml").write_text(
        f"version: 1\nrunners:\n  r: {{endpoint: '{endpoint}', tags: [{tags}], headers: {{}}, status: active}}\n"
    )


def run(sandbox, folder, *arguments, form="json"):
    """One command line against the sandbox; nothing of it shows a workflow's name."""
    ran = run_cli(
        *(*arguments, "--api-url", sandbox.url, "--rate-limit", "1000000/1", "--format", form, "-q"),
        cwd=folder,
        env={"COMFYCONTROL_API_TOKEN": sandbox.token},
    )
    assert SECRET_NAME not in ran.out + ran.err
    return ran


@pytest.fixture
def sandbox():
    """One runner that serves gpu+sdxl; of workflows 3 wait for it, 37 had it, and 5 wait for what nobody serves."""
    with running_sandbox([runner("r", ["gpu", "sdxl"])], tier="plus") as sandbox:
        sandbox.store.add_many(workflows("completed", 37, "sdxl", "gpu"), kind=WORKFLOW)
        sandbox.store.add_many(workflows("queued", 3, "gpu", "sdxl"), kind=WORKFLOW)
        sandbox.store.add_many(workflows("accepted", 5, "video"), kind=WORKFLOW)
        yield sandbox


@pytest.mark.parametrize(
    ("project", "arguments", "paths"),
    [
        ("", (), {"/v1/runner": 1}),
        ("demand: {recent: 0}\n", (), {"/v1/runner": 1}),
        ("demand: {recent: 500}\n", ("--demand", "0"), {"/v1/runner": 1}),
        ("managed: true\n", (), {"/v1/runner": 1, "/v1/managed-runner": 1}),
        ("demand: {recent: 500}\n", (), {"/v1/runner": 1, "/v1/managed-runner": 1, "/v1/workflow": 5}),
        ("", ("--demand", "10"), {"/v1/runner": 1, "/v1/managed-runner": 1, "/v1/workflow": 5}),
        (
            "demand: {recent: 5}\nenvironments: {a: {demand: {recent: 0}}}\n",
            ("-e", "a"),
            {"/v1/runner": 1},
        ),
        (
            "demand: {recent: 0}\nenvironments: {a: {demand: {recent: 9}}}\n",
            ("-e", "a"),
            {"/v1/runner": 1, "/v1/managed-runner": 1, "/v1/workflow": 5},
        ),
    ],
)
def test_what_a_plan_reads(sandbox, tmp_path, project, arguments, paths):
    """Nothing more than the runners unless asked for; each request counts in the budget; the environment decides."""
    write(tmp_path, "gpu, sdxl", project)
    ran = run(sandbox, tmp_path, "plan", *arguments)
    asked = [each.path for each in sandbox.requests]
    assert {path: asked.count(path) for path in asked} == paths
    assert ran.json["budget"]["reads"] == len(asked)
    assert ("demand" in ran.json) is ("/v1/workflow" in paths)


def test_a_plan_that_strands_workflows_is_refused(sandbox, tmp_path):
    """Exit 5 with who asks for what; apply writes nothing."""
    write(tmp_path, "gpu", "demand: {recent: 500}\n")
    ran = run(sandbox, tmp_path, "plan")
    found = {each["code"]: each for each in ran.json["findings"]}
    assert ran.code == 5
    assert "3 workflows under way ask for it since 2026-01-15T10:30:00Z" in found["stranded-workflows"]["message"]
    assert "Asked by 3 workflows under way and 37 of the last 37" in found["stranded-tags"]["message"]
    assert (found["stranded-workflows"]["key"], found["stranded-tags"]["asked"]) == ("r", True)
    assert found["unserved-demand"]["severity"] == "warning"
    assert run(sandbox, tmp_path, "apply", "-y").code == 5
    assert sandbox.count("PUT") == 0
    assert run(sandbox, tmp_path, "apply", "-y", "--acknowledge", "stranded-workflows").code == 0


def test_the_plan_has_the_demand_as_data(sandbox, tmp_path):
    """By tag set: how many under way and of late, since when, and how many runners serve it before and after."""
    write(tmp_path, "gpu", "")
    demand = run(sandbox, tmp_path, "plan", "--demand", "500").json["demand"]
    since = "2026-01-15T10:30:00Z"
    assert demand == {
        "recent": 37,
        "asked": [
            {"tags": ["gpu", "sdxl"], "under_way": 3, "recent": 37, "since": since, "before": 1, "after": 0},
            {"tags": ["video"], "under_way": 5, "recent": 0, "since": since, "before": 0, "after": 0},
        ],
    }


def test_what_a_managed_runner_serves_is_not_stranded(sandbox, tmp_path):
    """With `managed: true` the service's own runners serve tags and keep promises."""
    promise = "coverage: [{tags: [gpu, sdxl], min_active: 1}]\n"
    sandbox.store.add_many([{"name": "m", "tags": ["gpu", "sdxl"]}], kind=MANAGED)
    write(tmp_path, "gpu", promise)
    assert run(sandbox, tmp_path, "plan").code == 5
    write(tmp_path, "gpu", f"{promise}managed: true\n")
    ran = run(sandbox, tmp_path, "plan")
    assert (ran.code, ran.json["findings"], ran.json["managed_runners"]) == (0, [], 1)


def test_demand_moves_without_making_a_saved_plan_stale(sandbox, tmp_path):
    """Other workflows since the plan are no difference; what they make an error of is exit 5."""
    write(tmp_path, "gpu", "")
    other = runner("other", ["gpu", "sdxl"])
    other["endpoint"] = "https://other.example.com"
    sandbox.store.add_many([other])
    run(sandbox, tmp_path, "plan", "--demand", "500", "--out", "p")
    sandbox.store.add_many(workflows("queued", 9, "gpu"), kind=WORKFLOW)
    assert json.loads((tmp_path / "p").read_text())["inputs"]["demand"] == 500
    before = sandbox.count("GET", "/v1/workflow")
    ran = run(sandbox, tmp_path, "apply", "--plan", "p")
    assert (ran.code, sandbox.count("GET", "/v1/workflow") - before) == (0, 5)
    sandbox.edit("r", tags=["gpu", "x"])
    run(sandbox, tmp_path, "plan", "--demand", "500", "--out", "p")
    sandbox.store.add_many(workflows("queued", 1, "gpu", "x"), kind=WORKFLOW)
    ran = run(sandbox, tmp_path, "apply", "--plan", "p")
    assert ran.code == 5
    assert "stranded-workflows" in {each["code"] for each in ran.json["plan"]["findings"]}


def test_what_waits_is_shown_first(sandbox, tmp_path):
    """A plan without changes says first that workflows wait for a set that nobody serves."""
    write(tmp_path, "gpu, sdxl", "demand: {recent: 5}\n")
    text = run(sandbox, tmp_path, "plan", form="text").out
    assert 0 < text.index("video: 5 workflows under way") < text.index("No changes.")


def test_an_unknown_key_of_a_severity_is_an_error_with_its_place(sandbox, tmp_path):
    """Unknown keys and severities have file, line and column, and what was meant."""
    write(tmp_path, "gpu", "guard: {severity: {stranded-tags: {askd: error}}}\n")
    problem = run(sandbox, tmp_path, "plan").json["error"]["problems"][0]
    assert (problem["line"], problem["file"]) == (2, "reconciler.yaml")
    assert "did you mean asked" in problem["message"]


@pytest.mark.parametrize(("severity", "code"), [("{asked: error, unasked: info}", 5), ("{asked: info}", 0)])
def test_severity_by_demand_in_the_project_file(sandbox, tmp_path, severity, code):
    """`guard.severity` may tell what is asked for from what is not."""
    project = f"guard: {{severity: {{stranded-workflows: info, stranded-tags: {severity}}}}}\ndemand: {{recent: 50}}\n"
    write(tmp_path, "gpu", project)
    assert run(sandbox, tmp_path, "plan").code == code


def test_an_offline_plan_reads_no_workflows(sandbox, tmp_path):
    """--live with --demand is a usage error."""
    write(tmp_path, "gpu")
    assert run(sandbox, tmp_path, "plan", "--live", "x.json", "--demand", "5").code == 64


def test_sets_served_and_asked(sandbox, tmp_path):
    """`list --coverage --demand`: every set that a runner carries or a workflow asks for, and which of both it is."""
    sandbox.store.add_many([runner("spare", ["cpu"]) | {"status": "disabled"}, runner("other", ["gpu"])])
    sandbox.store.add_many([{"name": "m", "tags": ["gpu", "sdxl"]}], kind=MANAGED)
    shown = run(sandbox, tmp_path, "list", "--coverage", "--demand")
    demand = shown.json["demand"]
    assert {"+".join(each["tags"]): each["standing"] for each in demand["sets"]} == {
        "cpu": "neither",
        "gpu": "served",
        "gpu+sdxl": "both",
        "video": "asked",
    }
    both = next(each for each in demand["sets"] if each["standing"] == "both")
    assert (both["runners"], both["under_way"], both["recent"]) == (["m (managed by the service)", "r"], 3, 37)
    for form in ("text", "markdown", "html"):
        out = run(sandbox, tmp_path, "list", "--coverage", "--demand", "50", form=form).out
        assert "1 served, 1 asked, 1 both, 1 neither" in out


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ((), {"/v1/runner": 1}),
        (("--coverage",), {"/v1/runner": 1, "/v1/managed-runner": 1}),
        (("--demand",), {"/v1/runner": 1, "/v1/managed-runner": 1, "/v1/workflow": 5}),
    ],
)
def test_what_a_list_reads(sandbox, tmp_path, arguments, paths):
    """Workflows only where --demand is given, managed runners where the project counts them for coverage."""
    write(tmp_path, "gpu, sdxl", "demand: {recent: 50}\nmanaged: true\n")
    ran = run(sandbox, tmp_path, "list", *arguments)
    asked = [each.path for each in sandbox.requests]
    assert {path: asked.count(path) for path in asked} == paths
    assert ("demand" in ran.json) is ("--demand" in arguments)


def test_a_list_says_what_waits(sandbox, tmp_path):
    """`list --demand` counts the workflows that ask for what no runner serves."""
    out = run(sandbox, tmp_path, "list", "--demand", form="text").out
    assert "Workflows ask for 2 tag sets; 5 workflows under way for what no runner serves." in out
