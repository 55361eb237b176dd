"""RECONCILER_HEADER_SECRETS and --secrets, over the real command line and a real socket."""

from __future__ import annotations

import pytest

from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

MANIFEST = """\
version: 1
runners:
  gpu:
    endpoint: https://a.example.com
    tags: [gpu]
    headers: {Authorization: "${env:%s}"}
"""
BASIC = "Basic dXNlcjpwYXNzd29yZA="


@pytest.fixture
def fleet(tmp_path):
    """Run one command on a manifest that refers to GPU_AUTH, or to another `name`; `fleet.sandbox` is the service."""
    (tmp_path / "runners").mkdir()
    with running_sandbox() as sandbox:

        def run(*words, name="GPU_AUTH", **variables):
            (tmp_path / "runners" / "gpu.yaml").write_text(MANIFEST % name)
            env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}
            return run_cli(*words, cwd=tmp_path, env=env | variables)

        run.sandbox = sandbox
        run.folder = tmp_path
        yield run


def sent(fleet):
    """The only header of the only live runner."""
    (runner,) = fleet.sandbox.runners
    return runner["headers"]["Authorization"]


def test_a_value_is_sent_whole(fleet):
    """A value that ends with = gets to the runner as it is, under a name without a prefix."""
    ran = fleet("apply", "--yes", RECONCILER_HEADER_SECRETS=f"# ours\nGPU_AUTH={BASIC}\n")
    assert ran.code == 0, ran.err
    assert sent(fleet) == BASIC
    assert "dXNlcjpwYXNzd29yZA" not in ran.out + ran.err


def test_which_source_wins(fleet):
    """The file beats the variable, and both beat the environment."""
    (fleet.folder / "s.env").write_text("RECONCILER_A='from the file'")
    variables = {"RECONCILER_HEADER_SECRETS": "RECONCILER_A=from-the-variable", "RECONCILER_A": "from-the-environment"}
    expected = {("--secrets", "s.env"): "from the file", (): "from-the-variable"}
    for words, value in expected.items():
        assert fleet("apply", "--yes", *words, name="RECONCILER_A", **variables).code == 0
        assert sent(fleet) == value
    assert fleet("apply", "--yes", name="RECONCILER_A", RECONCILER_A="from-the-environment").code == 0
    assert sent(fleet) == "from-the-environment"


@pytest.mark.parametrize(
    "name", ["RECONCILER_HEADER_SECRETS", "COMFYCONTROL_API_TOKEN", "RECONCILER_PLAN_KEY", "GITHUB_TOKEN"]
)
def test_what_can_not_be_referred_to(fleet, name):
    """Neither the variable itself nor a credential of the run, not even when a line assigns it."""
    ran = fleet("plan", name=name, RECONCILER_HEADER_SECRETS=f"{name}=hunter2hunter2")
    assert ran.code == 1
    assert "is never sent to a runner" in ran.err
    assert "hunter2" not in ran.out + ran.err


def test_a_name_like_an_options_is_a_secrets_where_it_is_assigned(fleet):
    """Names need no permission: a line for RECONCILER_TOKEN is meant for runners."""
    assert fleet("plan", name="RECONCILER_TOKEN", RECONCILER_HEADER_SECRETS="RECONCILER_TOKEN=x").code == 0
    assert fleet("plan", name="RECONCILER_TOKEN").code == 1


def test_values_are_masked_before_anything_is_printed(fleet):
    """In Actions each value's mask comes first, its %, CR and LF escaped; the file's values too."""
    (fleet.folder / "s.env").write_text('GPU_AUTH="100%\n50%"')
    words = ("plan", "-v", "--secrets", "s.env")
    ran = fleet(*words, GITHUB_ACTIONS="true", RECONCILER_HEADER_SECRETS="OTHER=::error::x\nNONE=")
    assert ran.err.splitlines()[:2] == ["::add-mask::::error::x", "::add-mask::100%25%0A50%25"]
    assert ran.code == 1  # a line break is no part of a header
    assert "add-mask" not in fleet(*words).err


@pytest.mark.parametrize("words", [["plan"], ["apply", "--yes"], ["list"], ["validate"], ["render"]])
def test_a_line_that_is_no_assignment(fleet, words):
    """It is an error with its number in every command that reads secrets, and its text is shown nowhere."""
    ran = fleet(*words, "--format", "json", RECONCILER_HEADER_SECRETS=f"GPU_AUTH={BASIC}\n\nhunter2hunter2")
    assert ran.code == 1
    assert [(at["file"], at["line"]) for at in ran.json["error"]["problems"]] == [("RECONCILER_HEADER_SECRETS", 3)]
    assert "hunter2" not in ran.out + ran.err
    assert fleet.sandbox.requests == []


def test_a_file_that_can_not_be_read(fleet):
    """It fails before anything is sent."""
    ran = fleet("plan", "--secrets", "absent.env")
    assert (ran.code, "absent.env: can't be read" in ran.err) == (1, True)
    assert fleet.sandbox.requests == []


def test_names_are_known_offline(fleet):
    """Without the values a name needs its prefix; where it is assigned, validate and render take it too."""
    for command in ("validate", "render"):
        assert fleet(command).code == 1
        assert fleet(command, RECONCILER_HEADER_SECRETS="GPU_AUTH=x").code == 0


def test_a_saved_plan_is_applied_with_the_same_secrets(fleet):
    """`apply --plan` reads them again; another value is stale."""
    assert fleet("plan", "--out", "p.plan", RECONCILER_HEADER_SECRETS="GPU_AUTH=one-one-one").code == 0
    assert fleet("apply", "--plan", "p.plan", RECONCILER_HEADER_SECRETS="GPU_AUTH=two-two-two").code == 4
    assert fleet("apply", "--plan", "p.plan", RECONCILER_HEADER_SECRETS="GPU_AUTH=one-one-one").code == 0
    assert sent(fleet) == "one-one-one"


def test_an_empty_value_is_no_fallback(fleet):
    """A name that is assigned nothing is an error, also where the environment has a value."""
    ran = fleet("plan", name="RECONCILER_A", RECONCILER_HEADER_SECRETS="RECONCILER_A=", RECONCILER_A="x")
    assert (ran.code, "is set but empty" in ran.err) == (1, True)
