"""Commands as a shell runs them: dry runs, environments, stdin, what each refuses."""

from __future__ import annotations

import pytest
import yaml

from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.store import Store
from tests.fakes.cli import run_cli
from tests.fakes.sandbox import running_sandbox

MANIFEST = "version: 1\nrunners: {gpu-1: {endpoint: https://a.example.com, tags: [gpu]}}\n"

NEXT = "version: 1\nrunners: {gpu-1: {endpoint: https://a.example.com, tags: [gpu, sdxl]}}\n"

PROJECT = """\
version: 1
environments:
  staging: {manifests: [staging.yaml]}
  production: {manifests: [production.yaml]}
"""


@pytest.fixture
def emulated(tmp_path):
    """A manifest with one runner and a command line on the embedded emulator."""
    (tmp_path / "m.yaml").write_text(MANIFEST)

    def run(*words, stdin=b"", **env):
        return run_cli(*words, cwd=tmp_path, env={"RECONCILER_SANDBOX": "s.db"} | env, stdin=stdin)

    return run


def test_without_a_terminal_nothing_is_read(emulated, tmp_path):
    """Without --yes there is nobody to ask: a usage error before anything is read."""
    ran = emulated("apply", "absent.yaml")
    assert ran.code == 64
    assert "--yes" in ran.err
    assert not (tmp_path / "s.db").exists()


DRY = [
    (["apply", "m.yaml", "--dry-run"], 0),
    (["apply", "m.yaml", "--dry-run", "--detailed-exitcode"], 2),
    (["apply", "m.yaml", "--dry-run", "--yes", "--parallelism", "2", "--journal", "j"], 0),
    (["apply", "m.yaml", "--dry-run", "--out", "p.plan"], 0),
]


@pytest.mark.parametrize(("words", "code"), DRY)
def test_a_dry_run_is_a_plan(emulated, tmp_path, words, code):
    """It prints what `plan` prints, takes what `plan` takes, and writes nothing."""
    ran = emulated(*words)
    assert ran.code == code
    assert ran.out == emulated("plan", "m.yaml").out
    assert (tmp_path / "p.plan").exists() == ("--out" in words)
    assert not (tmp_path / "j").exists()
    with Store(tmp_path / "s.db") as store:
        assert store.runners() == []


REFUSED = [
    (["apply", "--yes", "--out", "p.plan"], "--out is for `reconciler plan`, or for --dry-run"),
    (["apply", "--dry-run", "--plan", "p.plan"], "--dry-run can't be combined with --plan"),
    (["apply", "--plan", "p.plan", "m.yaml"], "records PATH already"),
    (["apply", "--plan", "p.plan", "-e", "x", "--target", "y"], "records --env, --target already"),
    (["apply", "--plan", "p.plan", "--var", "a=b", "--project", "x"], "records --project, --var already"),
    (["plan", "--live", "l.json", "--sandbox", "s.db"], "--live plans offline"),
    (["plan", "m.yaml", "--acknowledge", "nonsense"], "there is no finding 'nonsense'"),
    (["plan", "m.yaml", "--acknowledge", "coverage:"], "CODE or CODE:KEY"),
    (["plan", "m.yaml", "--var", "=x"], "NAME=VALUE"),
    (["plan", "m.yaml", "--target", "gpu-*", "--target", "cpu-*"], "--target cpu-*"),
    (["render", "m.yaml", "--explain", "gpu"], "no runner 'gpu' in the manifests; did you mean gpu-1?"),
    (["plan", "--fromat", "json"], "--format"),
    (["plna"], "Did you mean 'plan'?"),
    (["xyzzy"], "No such command 'xyzzy'."),
    (["schema"], "Choose from: manifest, project, plan"),
    (["schema", "runner"], "'runner' is not one of"),
    (["completion", "csh"], "'csh' is not one of"),
    (["demo", "--keep", "."], "the folder is not empty"),
]


@pytest.mark.parametrize(("words", "shown"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_usage(emulated, words, shown):
    """Exit 64, one or two lines on stderr that say what is wrong, nothing on stdout."""
    ran = emulated(*words)
    assert (ran.code, ran.out) == (64, "")
    assert shown in ran.err
    assert ran.err.count("\n") <= 2


def test_what_a_plan_records_from_the_environment(emulated):
    """The message names the variable."""
    ran = emulated("apply", "--plan", "p.plan", RECONCILER_ENV="staging")
    assert ran.code == 64
    assert "--env (given by RECONCILER_ENV)" in ran.err


def test_what_is_meant_for_plan_in_the_environment(emulated):
    """RECONCILER_DETAILED_EXITCODE, set for a whole pipeline, does not stand in the way of its apply."""
    assert emulated("apply", "m.yaml", "--yes", RECONCILER_DETAILED_EXITCODE="1").code == 0


NEEDS_ONE = [["plan"], ["apply", "--yes"], ["render"], ["list"], ["export"], ["render", "--explain", "a"], ["doctor"]]


@pytest.mark.parametrize("words", NEEDS_ONE, ids=" ".join)
def test_environments(tmp_path, emulated, words):
    """With environments and none picked every command but validate is an error that lists them."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "staging.yaml").write_text(MANIFEST)
    (tmp_path / "production.yaml").write_text(MANIFEST)
    ran = emulated(*words)
    assert ran.code == (1 if words == ["doctor"] else 64)
    assert "staging, production" in ran.err + ran.out
    assert emulated(*[word.replace("a", "gpu-1") if word == "a" else word for word in words], "-e", "staging").code == 0
    assert emulated("validate").out == "staging: Valid. 1 runner in 1 file.\nproduction: Valid. 1 runner in 1 file.\n"
    unknown = emulated(*words, "-e", "stagin")
    assert unknown.code == (1 if words == ["doctor"] else 64)
    assert "did you mean staging?" in unknown.err + unknown.out


def test_stdin(emulated):
    """`-` is a manifest on stdin, for every command that reads manifests."""
    assert emulated("validate", "-", stdin=MANIFEST.encode()).code == 0
    assert "<stdin>:2" in emulated("plan", "-", stdin=MANIFEST.encode()).out
    assert emulated("render", "-", stdin=MANIFEST.encode()).code == 0
    assert emulated("apply", "-", "--yes", stdin=MANIFEST.encode()).code == 0
    assert "drifted" in emulated("list", "-", stdin=NEXT.encode()).out
    assert emulated("plan", "-", "--detailed-exitcode", stdin=MANIFEST.encode()).code == 0


@pytest.mark.parametrize("pattern", ["gpu-1", "gpu-*", "*", "gpu-[0-9]", "?pu-1"])
def test_targets_are_globs(emulated, pattern):
    """They limit what is written."""
    assert emulated("plan", "m.yaml", "--target", pattern, "--detailed-exitcode").code == 2


def test_every_output_of_the_emulator_says_so(emulated, tmp_path):
    """In text; in JSON it is the `sandbox` member."""
    assert emulated("plan", "m.yaml", "--out", "p.plan").code == 0
    for words in (
        ["plan", "m.yaml"],
        ["list"],
        ["list", "--coverage"],
        ["export"],
        ["apply", "m.yaml", "--yes"],
        ["doctor"],
    ):
        assert "s.db" in emulated(*words).out, words
        if words != ["doctor"]:
            assert emulated(*words, "--format", "json").json["sandbox"] == "s.db", words
    for form in ("text", "json", "markdown", "html"):
        assert "s.db" in emulated("show", "p.plan", "--format", form).out
    del tmp_path


def test_render_gives_manifests_that_plan_the_same(emulated, tmp_path):
    """The effective manifests, planned, are the plan of the manifests themselves."""
    (tmp_path / "reconciler.yaml").write_text(
        "version: 1\npublic_headers: [X-Pool]\nvars: {d: example.com}\n"
        "defaults: {tags: [fleet], headers: {X-Pool: '$${a}', X-Gone: x}, status: active}\n"
    )
    (tmp_path / "m.yaml").write_text(
        "version: 1\nprofiles: {p: {tags: [sdxl]}}\nrunners:\n"
        "  '0123': {profiles: [p], endpoint: 'https://a.${var:d}', headers: {X-Gone: null}, unmanaged: [status]}\n"
        "  b: {inherit: false, endpoint: 'http://b', tags: [], wildcard: true, name: 'yes: #1'}\n"
    )
    rendered = emulated("render", "m.yaml").out
    assert set(yaml.safe_load(rendered)["runners"]) == {"0123", "b"}
    (tmp_path / "effective.yaml").write_text(rendered)
    wanted, found = (
        emulated("plan", path, "--format", "json").json["actions"] for path in ("m.yaml", "effective.yaml")
    )
    assert [(a["key"], a["changes"], a["requests"]) for a in wanted] == [
        (a["key"], a["changes"], a["requests"]) for a in found
    ]


DOCTOR = [
    # environment, exit code, what it says
    ({"RECONCILER_SANDBOX": "s.db"}, 0, "ok    tier: enterprise"),
    ({}, 1, "FAIL  token: no API token: set COMFYCONTROL_API_TOKEN"),
    ({"COMFYCONTROL_API_TOKEN": "x", "COMFYCONTROL_API_URL": "http://192.0.2.1"}, 1, "FAIL  address: "),
    ({"RECONCILER_SANDBOX": "s.db", "RECONCILER_PROJECT": "absent.yaml"}, 1, "FAIL  project file: absent.yaml"),
    ({"RECONCILER_SANDBOX": "s.db", "RECONCILER_ENV": "x"}, 1, "FAIL  project file: "),
    ({"RECONCILER_SANDBOX": "s.db", "RECONCILER_RATE_LIMIT": "99/10"}, 0, "ok    limit: at most 99"),
]


@pytest.mark.parametrize(("env", "code", "shown"), DOCTOR)
def test_doctor(tmp_path, env, code, shown):
    """Each check with what to do about it; exit 1 when one fails."""
    ran = run_cli("doctor", cwd=tmp_path, env=env)
    assert (ran.code, ran.err) == (code, "")
    assert shown in ran.out


def test_doctor_over_http(tmp_path):
    """A good token, a refused one, and a limit above what the service documents."""
    with running_sandbox(tier="free") as sandbox:
        env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}
        good = run_cli("doctor", cwd=tmp_path, env=env)
        refused = run_cli("doctor", cwd=tmp_path, env=env | {"COMFYCONTROL_API_TOKEN": "cfc_wrong"})
        eager = run_cli("doctor", "--rate-limit", "50/10", cwd=tmp_path, env=env)
    assert (good.code, refused.code, eager.code) == (0, 1, 0)
    assert "ok    tier: free" in good.out
    assert "ok    clock: within 60 s" in good.out
    assert "FAIL  token: " in refused.out
    assert "warn  limit: at most 50 requests in any 10 s" in eager.out


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_elsewhere(emulated, shell):
    """Every shell has its script."""
    assert "_RECONCILER_COMPLETE" in emulated("completion", shell).out


def test_a_seed_of_the_list_command(tmp_path):
    """What `list --format json` prints starts an emulator of the same fleet."""
    with running_sandbox(runners=[{"name": "a", "endpoint": "http://a", "tags": ["x"]}]) as sandbox:
        env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}
        (tmp_path / "live.json").write_text(run_cli("list", "--format", "json", cwd=tmp_path, env=env).out)
    with Store(tmp_path / "s.db") as store:
        load_seed(str(tmp_path / "live.json"), store)
        assert [runner["name"] for runner in store.runners()] == ["a"]
