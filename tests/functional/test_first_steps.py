"""A newcomer's way: demo, init, export, the examples."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings

from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.store import Store
from tests.fakes.cli import run_cli

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRETS = {"RECONCILER_COMFY_TOKEN": "made-up-token"}
FLEET = [
    {
        "name": "Prod GPU #1",
        "endpoint": "https://gpu-1.example.com",
        "tags": ["gpu", "yes", "0123"],
        "status": "active",
    },
    {"name": "prod gpu 1", "endpoint": "http://[::1]:8188/x?y=z", "tags": [], "status": "disabled"},
    {
        "name": "Prod-GPU--1",
        "endpoint": "https://gpu-1.example.com/",
        "tags": ["${var:x}"],
        "headers": {"X-A": "s3cret-value"},
    },
    {"name": "null", "endpoint": "https://gpu-2.example.com", "tags": ["a: b # c"], "headers": {"x-b": "s3cret-value"}},
    {
        "name": "2024-01-01",
        "endpoint": "https://gpu-3.example.com",
        "tags": ["@home", "*", "&x", "!t", "日本"],
        "status": "paused",
    },
    {"name": "{}", "endpoint": "https://gpu-4.example.com", "tags": ["~", "null", "1e3", "- x", "'q'", '"q"']},
]


def seeded(folder, runners=FLEET):
    """A sandbox file with these runners."""
    with Store(folder / "live.db") as store:
        store.add_many(runners)
    return ("--sandbox", "live.db")


def test_the_demo_tells_the_whole_story(tmp_path):
    """Plan, apply, no changes, drift, plan, apply; nothing is left behind."""
    ran = run_cli("demo", cwd=tmp_path)
    assert ran.code == 0, ran.err
    shown = [line for line in ran.out.splitlines() if line.startswith(("$ ", "Plan:", "No changes.", "Applied:"))]
    assert [line.split(" ")[0 if line[0] != "$" else 2] for line in shown] == [
        *("plan", "Plan:", "apply", "Plan:", "Applied:", "plan", "No"),
        *("plan", "Plan:", "apply", "Plan:", "Applied:"),
        *("apply", "Plan:", "apply", "Plan:", "Applied:", "list"),
    ]
    assert list(tmp_path.glob("*.db")) == []


def test_the_demo_ends_with_what_is_asked_for(tmp_path):
    """Last act: workflows wait, a change that would strand them is refused, corrected, applied; all are served."""
    out = run_cli("demo", cwd=tmp_path).out
    act = out[out.index("Four workflows ask") :]
    refused, applied, shown = (act.index(each) for each in ("4 workflows under way ask for it", "2 updated", "both   "))
    assert refused < act.index("This plan cannot be applied") < applied < shown
    assert "brief-gap" not in act


def test_the_demo_can_leave_its_files(tmp_path):
    """With --keep the story can be gone on with by hand, where it left off."""
    ran = run_cli("demo", "--keep", "here", cwd=tmp_path)
    assert ran.code == 0, ran.err
    again = run_cli(
        "plan",
        "-e",
        "production",
        "--sandbox",
        "demo.db",
        cwd=tmp_path / "here",
        env={"RECONCILER_COMFY_TOKEN": "made-up-token-of-the-demo"},
    )
    assert "No changes." in again.out
    assert run_cli("demo", "--keep", "here", cwd=tmp_path).code == 64


def test_init_export_plan_is_no_changes(tmp_path):
    """A fresh repository adopts a live fleet without a change."""
    where = seeded(tmp_path)
    assert run_cli("init", cwd=tmp_path).code == 0
    exported = run_cli("export", "--out", "runners", *where, cwd=tmp_path)
    assert exported.code == 0, exported.err
    planned = run_cli("plan", *where, cwd=tmp_path)
    assert planned.code == 0, planned.err
    assert "No changes. 6 runners match the manifests." in planned.out


def test_init_overwrites_nothing(tmp_path):
    """What is there stays; .gitignore only gains lines; a second init changes nothing."""
    (tmp_path / "reconciler.yaml").write_text("version: 1\n")
    (tmp_path / ".gitignore").write_text("*.plan\nmine")
    first = run_cli("init", "--format", "json", cwd=tmp_path)
    how = {each["path"]: each["how"] for each in first.json["files"]}
    assert how["reconciler.yaml"] == "kept"
    assert how[".gitignore"] == "extended"
    assert how["runners/first.yaml"] == "wrote"
    assert (tmp_path / "reconciler.yaml").read_text() == "version: 1\n"
    assert (tmp_path / ".gitignore").read_text().startswith("*.plan\nmine\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {each["how"] for each in run_cli("init", "--format", "json", cwd=tmp_path).json["files"]} == {"kept"}
    assert {path: path.read_bytes() for path in before} == before


def test_what_init_writes_is_valid(tmp_path):
    """The project file loads, the workflows are YAML, the schemas are JSON."""
    assert run_cli("init", "new", cwd=tmp_path).code == 0
    folder = tmp_path / "new"
    assert run_cli("validate", "--allow-empty", cwd=folder).code == 0
    workflows = sorted((folder / ".github" / "workflows").glob("*.yml"))
    assert [path.name for path in workflows] == ["drift.yml", "reconcile.yml", "runners.yml"]
    for path in workflows:
        assert yaml.safe_load(path.read_text())["jobs"]
    for path in folder.glob("*.schema.json"):
        assert json.loads(path.read_text())["$schema"].endswith("2020-12/schema")


def test_init_says_what_stands_in_its_way(tmp_path):
    """A file where a folder is needed is an error, no traceback."""
    (tmp_path / "runners").write_text("a file")
    ran = run_cli("init", cwd=tmp_path)
    assert ran.code == 1
    assert "runners" in ran.err


def test_export_with_headers_names_what_to_set(tmp_path):
    """Header values become references; with the variables set, a plan is "No changes"."""
    where = seeded(tmp_path)
    exported = run_cli("export", "--headers", *where, cwd=tmp_path)
    assert "s3cret-value" not in exported.out + exported.err
    (tmp_path / "all.yaml").write_text(exported.out)
    needed = [line.strip() for line in exported.err.splitlines() if line.startswith("  RECONCILER_")]
    assert len(needed) == len(set(needed)) == 2
    planned = run_cli("plan", "all.yaml", *where, cwd=tmp_path, env=dict.fromkeys(needed, "s3cret-value"))
    assert "No changes." in planned.out, planned.err


def test_export_overwrites_nothing(tmp_path):
    """A manifest that is there stays; what is live and not declared goes into a file beside it, and only that."""
    where = seeded(tmp_path)
    assert run_cli("export", "--out", "runners", *where, cwd=tmp_path).code == 0
    other = "version: 1\nrunners: {other: {endpoint: https://other.example.com, tags: [gpu]}}\n"
    (tmp_path / "runners" / "runners.yaml").write_text(other)
    again = run_cli("export", "--out", "runners", *where, cwd=tmp_path)
    assert (tmp_path / "runners" / "runners.yaml").read_text() == other
    assert (again.code, again.err.splitlines()[0]) == (0, "wrote runners/runners-2.yaml")
    third = run_cli("export", "--out", "runners", *where, cwd=tmp_path)
    assert (third.code, "wrote" in third.err) == (0, False)
    assert sorted(each.name for each in (tmp_path / "runners").iterdir()) == ["runners-2.yaml", "runners.yaml"]
    (tmp_path / "runners" / "runners.yaml").unlink()
    assert "No changes." in run_cli("plan", *where, cwd=tmp_path).out


def test_a_second_export_writes_what_is_new(tmp_path):
    """A runner that came since the first export is written beside it, with no key twice."""
    where = seeded(tmp_path)
    name = json.loads(run_cli("list", "--format", "json", *where, cwd=tmp_path).out)["runners"][0]["name"]
    assert run_cli("export", "--out", "runners", "--target", name, *where, cwd=tmp_path).code == 0
    assert run_cli("export", "--out", "runners", *where, cwd=tmp_path).code == 0
    planned = run_cli("plan", "--format", "json", *where, cwd=tmp_path).json
    assert (planned["actions"], planned["unmanaged"]) == ([], [])


def test_an_empty_fleet_exports_an_empty_manifest(tmp_path):
    """Nothing live is a manifest without runners."""
    where = seeded(tmp_path, [])
    exported = run_cli("export", *where, cwd=tmp_path)
    (tmp_path / "all.yaml").write_text(exported.out)
    assert "No changes. 0 runners" in run_cli("plan", "all.yaml", "--allow-empty", *where, cwd=tmp_path).out


ODD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(
    str.strip
)
RUNNER = st.fixed_dictionaries(
    {
        "name": ODD,
        "endpoint": st.sampled_from(["https://a.example.com", "http://10.0.0.1:8188/", "https://u:p@b.example.com"]),
        "tags": st.lists(ODD, max_size=12),
        "status": st.sampled_from(["active", "disabled", "paused"]),
        "headers": st.dictionaries(
            st.sampled_from(["X-A", "x-a", "X B", "Authorization", "X-Pool"]), ODD | st.just(""), max_size=3
        ),
    }
)
DEFAULTS = """version: 1
public_headers: [X-Pool]
defaults: {tags: [inherited], headers: {X-New: v}, status: disabled}
"""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(runners=st.lists(RUNNER, max_size=6), options=st.sampled_from([(), ("--headers",)]), defaults=st.booleans())
@example(
    runners=[
        {"name": "a\u2028b", "endpoint": "https://a.example.com", "tags": ["\u2029", "x"], "headers": {"X-A": ""}}
    ],
    options=("--headers",),
    defaults=False,
)
@example(
    runners=[{"name": "a", "endpoint": "https://a.example.com", "headers": {"X-Pool": "a\tb", "X-A": "b"}}],
    options=("--headers",),
    defaults=True,
)
def test_export_then_plan_is_no_changes_for_any_fleet(tmp_path_factory, runners, options, defaults):
    """Whatever is live, and whatever runners would inherit: what is exported is what is there."""
    folder = tmp_path_factory.mktemp("export")
    where = seeded(folder, runners)
    if defaults:
        (folder / "reconciler.yaml").write_text(DEFAULTS)
    exported = run_cli("export", *options, *where, cwd=folder)
    assert exported.code == 0, exported.err
    (folder / "all.yaml").write_text(exported.out, encoding="utf-8")
    assert run_cli("validate", "all.yaml", "--allow-empty", cwd=folder).code == 0
    needed = set(re.findall(r"(?<!\$)\$\{env:(RECONCILER_\w+)\}", exported.out))
    options = ("--allow-empty", "--allow-unresolved", "--format", "json")
    planned = run_cli("plan", "all.yaml", *options, *where, cwd=folder)
    assert planned.code == 0, planned.err
    assert planned.json["actions"] == []
    assert planned.json["complete"] is not bool(needed)


@pytest.mark.parametrize(
    ("example", "options", "created"),
    [("quickstart", (), 1), ("fleet", ("-e", "production"), 4), ("fleet", ("-e", "staging"), 1)],
)
def test_every_example_is_valid_and_plans(tmp_path, example, options, created):
    """Each example validates offline and plans against an empty fleet, applies, and then has no changes."""
    folder = tmp_path / example
    shutil.copytree(EXAMPLES / example, folder)
    assert run_cli("validate", cwd=folder).code == 0
    where = (*options, "--sandbox", "x.db")
    planned = run_cli("plan", *where, "--format", "json", cwd=folder, env=SECRETS)
    assert planned.code == 0, planned.err
    assert planned.json["summary"]["create"] == created
    assert run_cli("apply", "--yes", *where, cwd=folder, env=SECRETS).code == 0
    assert "No changes." in run_cli("plan", *where, cwd=folder, env=SECRETS).out


def test_the_fleets_live_state_is_a_seed(tmp_path):
    """The example's live.json seeds a sandbox."""
    with Store(tmp_path / "live.db") as store:
        load_seed(str(EXAMPLES / "fleet" / "live.json"), store)
        assert len(store.runners()) == 3
