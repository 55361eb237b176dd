"""What a step of GitHub Actions is told."""

from __future__ import annotations

import json
import os
import re
import resource
from contextlib import contextmanager

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


@contextmanager
def room(size):
    """No file grows over `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def make_missing(path, _elsewhere):
    """A folder that is not there."""
    return path / "missing" / "file"


def make_folder(path, _elsewhere):
    """A folder in the file's place."""
    (path / "folder").mkdir()
    return path / "folder"


def make_link(path, elsewhere):
    """A link to a file elsewhere."""
    (path / "link").symlink_to(elsewhere)
    return path / "link"


def make_dangling_link(path, elsewhere):
    """A link to where nothing is yet."""
    (path / "link").symlink_to(elsewhere.with_name("new"))
    return path / "link"


def make_pipe(path, _elsewhere):
    """A named pipe that nobody reads."""
    os.mkfifo(path / "pipe")
    return path / "pipe"


def make_long(path, _elsewhere):
    """A name longer than a file may have."""
    return path / ("x" * 300)


@pytest.mark.parametrize("make", [make_missing, make_folder, make_link, make_dangling_link, make_pipe, make_long])
def test_a_file_that_cannot_be_written_is_a_warning(tmp_path, said, make):
    """Whatever stands in its place: one warning a file, and nothing is written elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    place = make(tmp_path, elsewhere)
    step = Step(place, place, said.append)
    step.planned(plan(action()), 0)
    step.applied(report(), plan(action()))
    step.failed(UsageProblem("wrong"))
    assert [line.partition(": ")[0] for line in said] == [
        "::warning::GITHUB_STEP_SUMMARY",
        "::warning::GITHUB_OUTPUT",
    ] * 3
    assert elsewhere.read_text() == "theirs"
    assert not elsewhere.with_name("new").exists()


@pytest.mark.parametrize("free", [0, 5, 40])
def test_a_full_disk_leaves_no_half_output(step, said, free):
    """Half an output would fail the step: what was there stays, and nothing is added."""
    step.output.write_text("before\n")
    step.summary.write_text("before\n")
    with room(len("before\n") + free):
        step.planned(plan(action()), 0)
    assert step.output.read_text() == step.summary.read_text() == "before\n"
    assert len(said) == 2


def test_a_working_folder_that_is_gone_is_no_error(tmp_path, said, monkeypatch):
    """Places are then named as the manifests name them."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Step.of({"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/"}, said.append).folder == ""
