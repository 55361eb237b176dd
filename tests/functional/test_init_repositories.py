"""`init` in real repositories: where its files go, for which branch and environments, and what CI installs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import seeded_file

ROOT = Path(__file__).parents[2]
WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
PINNED = ("--requirement", "comfycontrol-reconciler==1.2.3")


def git(folder, *words):
    """One git command that must work, with no configuration but the repository's."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **WHO}
    subprocess.run(["git", *words], cwd=folder, check=True, env=env, capture_output=True)  # noqa: S607 - the git of the PATH is meant


@pytest.fixture
def repository(tmp_path):
    """A repository of one commit on the branch `trunk`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


def init(folder, *options, **env):
    """Run init in a folder; what it wrote, as JSON."""
    ran = run_cli("init", *PINNED, "--format", "json", *options, cwd=folder, env=env)
    assert ran.code == 0, ran.err
    return ran.json


def caller(root, name="runners.yml"):
    """The caller as GitHub reads it; `on` is the boolean of YAML 1.1."""
    document = yaml.safe_load((root / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return document.pop(True), document


def branches(root, name="runners.yml"):
    """The branches that a push must go to."""
    return caller(root, name)[0]["push"]["branches"]


def test_the_default_branch_is_the_one_there_is(repository):
    """No remote, one branch: that one, whatever it is called."""
    init(repository)
    assert branches(repository) == ["trunk"]


def test_before_the_first_commit_it_is_the_current_one(tmp_path):
    """HEAD names a branch that is not there yet."""
    git(tmp_path, "init", "-q", "-b", "trunk")
    init(tmp_path)
    assert branches(tmp_path) == ["trunk"]


def test_a_clone_knows_its_remotes(tmp_path, repository):
    """What the remote's HEAD was beats the branch that is checked out."""
    git(tmp_path, "clone", "-q", str(repository), "clone")
    git(tmp_path / "clone", "checkout", "-q", "-b", "feature")
    init(tmp_path / "clone")
    assert branches(tmp_path / "clone") == ["trunk"]


def test_a_remote_of_another_name_knows_too(tmp_path, repository):
    """Not every remote is called origin."""
    git(tmp_path, "clone", "-q", "-o", "upstream", str(repository), "clone")
    git(tmp_path / "clone", "checkout", "-q", "-b", "main")
    init(tmp_path / "clone")
    assert branches(tmp_path / "clone") == ["trunk"]


@pytest.mark.parametrize(
    ("others", "configured", "expected"),
    [
        (["main"], None, "main"),
        (["master"], None, "master"),
        (["main", "develop"], "develop", "develop"),
        (["main"], "absent", "main"),
        (["odd"], None, "trunk"),
    ],
)
def test_among_several_it_is_the_configured_or_usual_one(repository, tmp_path, others, configured, expected):
    """init.defaultBranch of the user where it is there, else main or master, else the current one."""
    for other in others:
        git(repository, "branch", other)
    if configured:
        (tmp_path / ".gitconfig").write_text(f"[init]\n  defaultBranch = {configured}\n")
    init(repository, HOME=str(tmp_path), PATH=os.environ["PATH"])
    assert branches(repository) == [expected]


def test_a_detached_head_still_has_a_default_branch(repository):
    """As in a CI's checkout."""
    git(repository, "checkout", "-q", "--detach")
    init(repository)
    assert branches(repository) == ["trunk"]


def test_a_worktree_is_a_checkout_too(tmp_path, repository):
    """Its `.git` is a file; the workflows go to its own root."""
    git(repository, "worktree", "add", "-q", "-b", "feature", str(tmp_path / "tree"))
    git(repository, "branch", "main")
    (tmp_path / "tree" / "fleet").mkdir()
    init(tmp_path / "tree" / "fleet")
    assert branches(tmp_path / "tree", "runners-fleet.yml") == ["main"]


@pytest.mark.parametrize("branch", ["release+1", "ünï/x", "it's#1", "yes", "1.0"])
def test_an_odd_branch_is_a_pattern_for_itself(tmp_path, branch):
    """Signs of the filter's own are escaped, and YAML reads a string."""
    git(tmp_path, "init", "-q", "-b", branch)
    init(tmp_path)
    assert branches(tmp_path) == [branch.replace("+", "\\+")]


def test_without_git_the_branch_is_said_to_be_a_guess(repository, tmp_path):
    """The root is found without it."""
    (repository / "fleet").mkdir()
    made = init(repository / "fleet", PATH=str(tmp_path))
    assert branches(repository, "runners-fleet.yml") == ["main"]
    assert any("default branch" in note for note in made["notes"])


def test_the_callers_environment_leads_git_nowhere(tmp_path, repository):
    """GIT_DIR of a hook, say, is no part of the question."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "wrong")
    init(repository, GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other), PATH=os.environ["PATH"])
    assert branches(repository) == ["trunk"]
    assert not (other / ".github").exists()


@pytest.mark.parametrize("folder", ["fleet", "fleets/a", "fleets/a b", "日本/ü", "a-b", "it's #1 {x}: *"])
def test_below_the_root_the_workflow_goes_to_the_root(repository, folder):
    """It works in the folder, runs for what is in it, and is found by its own name."""
    made = init(repository, folder)
    names = {path.name for path in (repository / ".github" / "workflows").iterdir()} - {"reconcile.yml", "drift.yml"}
    assert len(names) == 1
    name = names.pop()
    assert name.isascii()
    assert not (repository / folder / ".github").exists()
    on, document = caller(repository, name)
    assert {job["with"]["working-directory"] for job in document["jobs"].values()} == {folder}
    escaped = folder.replace("*", "\\*")
    for event in ("pull_request", "push"):
        assert on[event]["paths"][0] == f"{escaped}/**"
        assert f".github/workflows/{name}" in on[event]["paths"]
    paths = {each["path"] for each in made["files"]}
    assert os.path.relpath(repository / ".github/workflows" / name, repository / folder) in paths
    assert run_cli("validate", "--allow-empty", cwd=repository / folder).code == 0


def test_two_projects_share_the_reusable_workflows_only(repository):
    """Each has its caller, also where two folders read alike."""
    for folder in ("a/b", "a-b", "a b", "a.b"):
        init(repository, folder)
    callers = list((repository / ".github" / "workflows").glob("runners*.yml"))
    folders = {caller(repository, path.name)[1]["jobs"]["reconcile"]["with"]["working-directory"] for path in callers}
    assert folders == {"a/b", "a-b", "a b", "a.b"}


def test_each_environment_has_its_jobs(repository):
    """A project file that is there is read: its environments, and its manifests wherever they are."""
    (repository / "fleet").mkdir()
    (repository / "fleet" / "reconciler.yaml").write_text(
        "version: 1\nenvironments:\n  staging: {manifests: [runners/staging]}\n  'eu.prod': {manifests: [../shared]}\n"
    )
    init(repository, "fleet")
    on, document = caller(repository, "runners-fleet.yml")
    assert set(document["jobs"]) == {"reconcile-staging", "drift-staging", "reconcile-eu-prod", "drift-eu-prod"}
    assert document["jobs"]["reconcile-eu-prod"]["with"] == {
        "environment": "eu.prod",
        "working-directory": "fleet",
        "requirement": "comfycontrol-reconciler==1.2.3",
        "apply-environment": "eu.prod",
    }
    assert on["push"]["paths"][:2] == ["fleet/**", "shared/**"]
    assert (repository / "fleet" / "runners" / "staging" / "first.yaml").exists()


def test_an_environment_s_own_token_has_its_secret(repository):
    """Where the project file names the variable of a token, the jobs pass the secret of that name as that variable."""
    tokens = "{staging: {token_env: COMFYCONTROL_STAGING_TOKEN}, production: {}}"
    (repository / "reconciler.yaml").write_text(f"version: 1\nenvironments: {tokens}\n")
    init(repository)
    jobs = caller(repository)[1]["jobs"]
    for kind in ("reconcile", "drift"):
        staging, production = jobs[f"{kind}-staging"], jobs[f"{kind}-production"]
        assert staging["with"]["token-env"] == "COMFYCONTROL_STAGING_TOKEN"
        assert staging["secrets"]["COMFYCONTROL_API_TOKEN"] == "${{ secrets.COMFYCONTROL_STAGING_TOKEN }}"
        assert "token-env" not in production["with"]
        assert production["secrets"]["COMFYCONTROL_API_TOKEN"] == "${{ secrets.COMFYCONTROL_API_TOKEN }}"


def test_at_the_root_it_runs_for_the_project_s_files(repository):
    """Not for the whole repository."""
    (repository / "reconciler.yaml").write_text("version: 1\nmanifests: [fleet.yaml, more/runners]\n")
    init(repository)
    paths = caller(repository)[0]["push"]["paths"]
    assert paths[:4] == ["reconciler.yaml", "live.json", "fleet.yaml", "more/runners/**"]
    assert (
        (repository / "fleet.yaml")
        .read_text()
        .startswith("# yaml-language-server: $schema=./runner-manifest.schema.json\n")
    )


def test_a_broken_project_file_is_reported_before_anything_is_written(repository):
    """Its environments could not be known."""
    (repository / "reconciler.yaml").write_text("version: 1\nnonsense: 1\n")
    assert run_cli("init", *PINNED, cwd=repository).code == 1
    assert [path.name for path in repository.iterdir() if path.name != ".git"] == ["reconciler.yaml"]


@pytest.mark.parametrize(
    ("remote", "github"),
    [
        ("https://github.com/example/fleet.git", True),
        ("git@github.com:example/fleet.git", True),
        ("ssh://git@github.example.com:22/example/fleet", True),
        ("https://user:secret-token@code.example.com/github/fleet.git", False),
        ("https://code.example.com/example/fleet", False),
    ],
)
def test_ci_is_what_the_remote_is(repository, remote, github):
    """By its host; an unknown one gets none, and it is said. --ci decides."""
    git(repository, "remote", "add", "origin", remote)
    made = init(repository)
    assert (repository / ".github").exists() is github
    assert bool(made["notes"]) is not github
    assert "secret-token" not in json.dumps(made)
    init(repository, "other", "--ci", "github")
    assert (repository / ".github" / "workflows" / "runners-other.yml").exists()
    init(repository, "third", "--ci", "none")
    assert not (repository / ".github" / "workflows" / "runners-third.yml").exists()


@pytest.mark.parametrize("link", [".github", "workflows", "fleet"])
def test_no_link_leads_out(tmp_path, repository, link):
    """A folder that is a link to another place gets nothing."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = {".github": ".github", "workflows": ".github/workflows", "fleet": "runners"}[link]
    (repository / place).parent.mkdir(parents=True, exist_ok=True)
    (repository / place).symlink_to(elsewhere)
    assert run_cli("init", *PINNED, cwd=repository).code == 1
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", [".gitignore", "reconciler.yaml", ".github/workflows/runners.yml"])
def test_a_file_that_is_a_link_stays_one(tmp_path, repository, name):
    """Neither it nor what it points to is written."""
    target = tmp_path / "theirs"
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).symlink_to(target)
    run_cli("init", *PINNED, cwd=repository)
    assert (repository / name).is_symlink()
    assert not target.exists()


def test_a_copy_without_a_requirement_asks_for_one(repository):
    """This one was installed from a folder: the workflow holds nothing that pip would install, and init says so."""
    ran = run_cli("init", cwd=repository)
    assert ran.code == 0, ran.err
    requirement = caller(repository)[1]["jobs"]["reconcile"]["with"]["requirement"]
    assert requirement.startswith("<")
    assert "--requirement" in ran.err


@pytest.mark.parametrize("out", ["runners", "runners/deep/er", "elsewhere"])
def test_export_points_at_the_schema_where_it_is(repository, out):
    """As init does: by the way from the manifest to it."""
    init(repository, "fleet")
    seeded_file(repository / "fleet" / "live.db", [{"name": "gpu-1", "endpoint": "https://a.example.com"}])
    exported = run_cli("export", "--out", out, "--sandbox", "live.db", cwd=repository / "fleet")
    assert exported.code == 0, exported.err
    manifest = repository / "fleet" / out / "runners.yaml"
    line = next(each for each in manifest.read_text().splitlines() if "$schema=" in each)
    assert (manifest.parent / line.partition("$schema=")[2]).resolve() == (
        repository / "fleet" / "runner-manifest.schema.json"
    )


@pytest.mark.parametrize(
    ("remote", "said"),
    [
        ("https://gitea.example.com/me/fleet.git", "gitea.example.com is a Gitea or Forgejo"),
        ("git@codeberg.org:me/fleet.git", "codeberg.org is a Gitea or Forgejo"),
        ("https://forgejo.example.com:3000/me/fleet", "forgejo.example.com is a Gitea or Forgejo"),
        ("https://git.example.com/me/fleet.git", "git.example.com is not known; give --ci github or --ci gitlab"),
    ],
)
def test_a_forge_without_a_template_gets_the_commands_to_run(repository, remote, said):
    """No CI is written, and the note says so and what to write instead."""
    git(repository, "remote", "add", "origin", remote)
    (note,) = init(repository)["notes"]
    assert note.startswith(f"no CI was written: {said}")
    assert "`reconciler plan --out fleet.plan`" in note
    assert "`reconciler apply --plan fleet.plan`" in note
    assert not list(repository.glob("**/workflows"))
