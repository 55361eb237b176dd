"""What a step of GitHub Actions is told."""

from __future__ import annotations

import json
import re

import pytest

from reconciler.errors import ManifestError, UsageProblem
from reconciler.forge.github.step import MAX_SUMMARY, Step
from reconciler.model.finding import Finding
from reconciler.model.position import Position, Problem
from tests.fakes.sample_plans import action, plan, report


@pytest.fixture
def said():
    """The lines of the step's log."""
    return []


@pytest.fixture
def step(tmp_path, said):
    """A step in a folder of its own."""
    return Step(tmp_path / "summary.md", tmp_path / "output", said.append)


def outputs(step):
    """The step's outputs, read as GitHub reads them."""
    found = re.findall(r"^([a-z-]+)<<(.+)\n((?:.*\n)*?)\2\n", step.output.read_text(), re.MULTILINE)
    return {name: value.rstrip("\n") for name, _, value in found}


def test_outside_of_actions_there_is_no_step():
    """Nothing is written on a laptop."""
    assert Step.of({}, print) is None
    assert Step.of({"GITHUB_ACTIONS": "false"}, print) is None


def test_a_plan_gives_outputs_summary_and_annotations(step, said):
    """has-changes, exit-code and summary-json are outputs; the Markdown is the summary; findings are annotations."""
    finding = Finding(code="coverage", severity="error", message="too few", at=Position("runners/a.yaml", 3, 1))
    step.planned(plan(action(), findings=(finding,)), 5)
    told = outputs(step)
    assert told["has-changes"] == "true"
    assert told["exit-code"] == "5"
    assert json.loads(told["summary-json"])["update"] == 1
    assert "prod-a100-1" in step.summary.read_text()
    assert said == ["::error file=runners/a.yaml,line=3,col=1,title=coverage::too few"]


def test_places_are_seen_from_the_repositorys_folder(tmp_path, said, monkeypatch):
    """A step that works in a folder of the repository still marks the file where GitHub looks for it."""
    (tmp_path / "fleet" / "prod").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "fleet" / "prod")
    step = Step.of({"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}, said.append)
    step.invalid(ManifestError([Problem(Position("../runners/a.yaml", 7, 5), "runners.a: wrong")]))
    assert said == ["::error file=fleet/runners/a.yaml,line=7,col=5,title=manifest::runners.a: wrong"]


def test_an_apply_gives_outputs_and_summary(step):
    """What was done is the summary."""
    step.applied(report(), plan(action()))
    assert outputs(step)["exit-code"].isdigit()
    assert step.summary.read_text().strip()


def test_problems_are_annotations_at_their_places(step, said):
    """A bad manifest is marked where it is wrong."""
    step.invalid(ManifestError([Problem(Position("runners/a.yaml", 7, 5), "runners.a: wrong")]))
    assert said == ["::error file=runners/a.yaml,line=7,col=5,title=manifest::runners.a: wrong"]
    assert outputs(step) == {"exit-code": "1"}


def test_any_error_has_its_exit_code_as_output(step):
    """Also one that is no manifest's."""
    step.failed(UsageProblem("no such option"))
    assert outputs(step) == {"exit-code": "64"}
    assert "no such option" in step.summary.read_text()


@pytest.mark.parametrize("used", [0, MAX_SUMMARY - 2000, MAX_SUMMARY - 4, MAX_SUMMARY])
def test_the_summary_never_passes_githubs_limit(step, used):
    """Over 1 MiB the whole upload fails, so what is appended fits into what is left."""
    step.summary.write_bytes(b"x" * used)
    step.summarise(lambda left: "ü" * left)
    assert step.summary.stat().st_size <= MAX_SUMMARY


def test_a_plan_of_thousands_stays_within_the_limit(step):
    """Whole blocks, then a count of the rest."""
    step.planned(plan(*(action(key=f"runner-{number}-{'x' * 80}") for number in range(4000))), 0)
    assert step.summary.stat().st_size <= MAX_SUMMARY


def test_without_files_nothing_is_written(said):
    """An old or odd runner that names no files still gets its annotations."""
    step = Step.of({"GITHUB_ACTIONS": "true"}, said.append)
    step.planned(plan(action()), 0)
    step.notice("hello: 100%")
    assert said == ["::notice::hello: 100%25"]
