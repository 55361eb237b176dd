"""Settings: flags, environment and project file; every option by its environment variable; colours; tokens."""

from __future__ import annotations

import json

import click
import pytest

from reconciler.cli.main import COMMANDS, Commands, cli
from reconciler.settings import OPTION_NAMES
from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

MANIFEST = """\
version: 1
runners:
  gpu-1: {endpoint: "https://a.${var:domain}", tags: [gpu]}
  gpu-2: {endpoint: https://b.example.com, tags: [gpu]}
"""
PROJECT = "version: 1\nvars: {domain: example.com}\nguard: {max_creates: 1}\n"
REFUSED, DONE, CHANGES, USAGE = 5, 0, 2, 64


def options():
    """Every option of every command, with the command's name."""
    for name in COMMANDS:
        command = Commands().get_command(cli.make_context("reconciler", ["schema", "plan"]), name)
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield name, parameter


@pytest.mark.parametrize(
    ("command", "parameter"), [pytest.param(*each, id=f"{each[0]} {each[1].opts[-1]}") for each in options()]
)
def test_every_option_has_its_variable(command, parameter):
    """`--some-option` is RECONCILER_SOME_OPTION, and no manifest may read that variable."""
    del command
    long = next(each for each in parameter.opts if each.startswith("--"))
    variable = "RECONCILER_" + long[2:].replace("-", "_").upper()
    assert variable in ([parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar)
    assert variable.removeprefix("RECONCILER_") in OPTION_NAMES


@pytest.fixture
def fleet(tmp_path):
    """Two runners to create, a guard that allows one, and an empty service."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "runners" / "gpu.yaml").write_text(MANIFEST)
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    with running_sandbox() as sandbox:
        env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}
        yield lambda *words, **more: run_cli(*words, cwd=tmp_path, env=env | more)


ENVIRONMENT = [
    # variables, arguments, exit code, what the output holds
    ({"RECONCILER_TARGET": "gpu-2"}, ["plan"], DONE, "Limited to gpu-2"),
    ({"RECONCILER_TARGET": "'gpu-1' gpu-2"}, ["plan"], REFUSED, "Limited to gpu-1, gpu-2"),
    ({"RECONCILER_TARGET": 'a"b'}, ["plan"], USAGE, "a quote in it is not closed"),
    ({"RECONCILER_TARGET": "gpu-1"}, ["plan", "--target", "gpu-2"], DONE, "Limited to gpu-2;"),
    ({"RECONCILER_ACKNOWLEDGE": "too-many-creates"}, ["plan"], DONE, "Plan: 2 to create"),
    ({"RECONCILER_VAR": "domain=other.org"}, ["plan"], REFUSED, "https://a.other.org"),
    ({"RECONCILER_VAR": "domain=x.org"}, ["plan", "--var", "domain=y.org"], REFUSED, "https://a.y.org"),
    ({"RECONCILER_DETAILED_EXITCODE": "1", "RECONCILER_TARGET": "gpu-1"}, ["plan"], CHANGES, "Plan: 1 to create"),
    ({"RECONCILER_DETAILED_EXITCODE": "false", "RECONCILER_TARGET": "gpu-1"}, ["plan"], DONE, "Plan: 1 to create"),
    ({"RECONCILER_ENV": "staging"}, ["plan"], USAGE, "declares none"),
    ({"RECONCILER_PROJECT": "absent.yaml"}, ["plan"], 1, "there is no such project file"),
    ({"RECONCILER_FORMAT": "json"}, ["validate"], DONE, '"valid": true'),
    ({"RECONCILER_FORMAT": "yaml"}, ["validate"], USAGE, "is not one of"),
    ({"RECONCILER_API_URL": "ftp://x"}, ["plan"], USAGE, "http or https URL"),
    ({"COMFYCONTROL_API_URL": "http://192.0.2.1"}, ["plan"], USAGE, "--insecure-http"),
    ({"RECONCILER_RATE_LIMIT": "40"}, ["plan"], USAGE, "N/SECONDS"),
    ({"RECONCILER_TIMEOUT": "0"}, ["plan"], USAGE, "--timeout"),
    ({"RECONCILER_SANDBOX": "fleet.db"}, ["list"], DONE, "Sandbox fleet.db"),
    ({"RECONCILER_VERBOSE": "1"}, ["list"], DONE, "GET /v1/runner"),
    ({"RECONCILER_VERBOSE": "true"}, ["list"], DONE, "GET /v1/runner"),
    ({"RECONCILER_VERBOSE": "no"}, ["list", "--log-format", "json"], DONE, "0 runners"),
    ({"RECONCILER_VERBOSE": "1", "RECONCILER_LOG_FORMAT": "json"}, ["list"], DONE, '"logger": "reconciler.api"'),
    ({"RECONCILER_QUIET": "maybe"}, ["list"], USAGE, "--quiet"),
    ({"RECONCILER_YES": "1", "RECONCILER_TARGET": "gpu-1"}, ["apply"], DONE, "Applied: 1 created"),
    ({"RECONCILER_DRY_RUN": "1", "RECONCILER_TARGET": "gpu-1"}, ["apply"], DONE, "Plan: 1 to create"),
    ({"RECONCILER_PARALLELISM": "9"}, ["apply", "--yes"], USAGE, "--parallelism"),
    ({"RECONCILER_EXPLAIN": "gpu-2"}, ["render"], DONE, "runners/gpu.yaml:4"),
    ({"RECONCILER_ALLOW_EMPTY": "1"}, ["validate"], DONE, "Valid. 2 runners"),
    ({"RECONCILER_COVERAGE": "1"}, ["list"], DONE, "0 tag sets"),
    ({"RECONCILER_HEADERS": "1"}, ["export"], DONE, "runners: {}"),
    ({"RECONCILER_LIVE": "absent.json"}, ["plan"], 1, "absent.json"),
]


@pytest.mark.parametrize(
    ("variables", "arguments", "code", "shown"), ENVIRONMENT, ids=[str(row[0]) for row in ENVIRONMENT]
)
def test_options_from_the_environment(fleet, variables, arguments, code, shown):
    """An option given as RECONCILER_<OPTION> does what the flag does; the flag beats it."""
    ran = fleet(*arguments, **variables)
    assert ran.code == code, ran.err
    assert shown in ran.out + ran.err


def test_files_from_the_environment(fleet, tmp_path):
    """Reports, the saved plan and the journal too; several reports are several words."""
    asked = {"RECONCILER_REPORT": "'a b.md' c.json", "RECONCILER_OUT": "x.plan", "RECONCILER_TARGET": "gpu-1"}
    assert fleet("plan", **asked).code == DONE
    assert (tmp_path / "a b.md").read_text().startswith("## Plan")
    assert json.loads((tmp_path / "c.json").read_text())["summary"]["create"] == 1
    applied = fleet("apply", RECONCILER_PLAN="x.plan", RECONCILER_JOURNAL="j.ndjson")
    assert applied.code == DONE, applied.err
    assert "POST" in (tmp_path / "j.ndjson").read_text() or "create" in (tmp_path / "j.ndjson").read_text()


COLORS = [
    # environment, arguments, whether there are colours
    ({}, [], False),
    ({"FORCE_COLOR": "1"}, [], True),
    ({"FORCE_COLOR": ""}, [], False),
    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
    ({"FORCE_COLOR": "1", "NO_COLOR": ""}, [], True),
    ({"FORCE_COLOR": "1"}, ["--no-color"], False),
    ({"FORCE_COLOR": "1", "RECONCILER_NO_COLOR": "1"}, [], False),
]


@pytest.mark.parametrize(("environment", "arguments", "colored"), COLORS)
def test_colors(fleet, environment, arguments, colored):
    """NO_COLOR and --no-color say no, FORCE_COLOR yes; without them only a terminal has colours."""
    ran = fleet("plan", *arguments, **environment)
    assert ("\x1b[" in ran.out) == colored


@pytest.mark.parametrize("words", [["plan", "--token", "x"], ["apply", "--api-token=x"], ["list", "--token", "x"]])
def test_a_token_is_never_a_flag(fleet, words):
    """No command that talks to the service takes one."""
    assert fleet(*words).code == USAGE


TOKENS = [
    # the token's variable, exit code, what the message holds
    ("", 1, "set COMFYCONTROL_API_TOKEN"),
    ("cfc_wrong", 1, "token"),
    ("two words", 1, "COMFYCONTROL_API_TOKEN is no API token"),
]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(("token", "code", "shown"), TOKENS)
def test_a_token_that_does_not_do(fleet, token, code, shown, form):
    """Missing, refused or malformed: exit 1 and what to set, in every format; the token itself is not repeated."""
    ran = fleet("plan", "--format", form, COMFYCONTROL_API_TOKEN=token)
    assert ran.code == code
    message = ran.json["error"]["message"] if form == "json" else ran.err
    assert shown in message
    assert not token or token not in ran.out + ran.err


def test_an_environments_own_token(tmp_path):
    """`token_env` names the variable, and only that one is read."""
    (tmp_path / "reconciler.yaml").write_text(
        "version: 1\nenvironments: {staging: {manifests: [m.yaml], token_env: COMFYCONTROL_STAGING_TOKEN}}\n"
    )
    (tmp_path / "m.yaml").write_text("version: 1\nrunners: {a: {endpoint: http://a, tags: [x]}}\n")
    with running_sandbox() as sandbox:
        env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}
        missing = run_cli("plan", "-e", "staging", cwd=tmp_path, env=env)
        found = run_cli("plan", "-e", "staging", cwd=tmp_path, env=env | {"COMFYCONTROL_STAGING_TOKEN": sandbox.token})
    assert (missing.code, found.code) == (1, 0)
    assert "set COMFYCONTROL_STAGING_TOKEN" in missing.err
