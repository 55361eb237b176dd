"""--policy-from: a branch is planned as it would be applied, under rules that it can't loosen."""

from __future__ import annotations

import json

import pytest

from tests.fakes.checkout import RUNNERS, Checkout, git
from tests.fakes.comfyui import ComfyUI
from tests.fakes.sandbox import running_sandbox

CREDENTIALS = RUNNERS.replace("headers: {}", 'headers: {X-Pool: a, Authorization: "${env:CI_A}", X-F: "${file:%s}"}')


@pytest.fixture
def checkout(tmp_path):
    """A repository of one manifest, and an empty service."""
    (tmp_path / "checkout").mkdir()
    git(tmp_path / "checkout", "init", "-q")
    with running_sandbox() as sandbox:
        made = Checkout(tmp_path / "checkout", sandbox)
        made.write(runners__a=RUNNERS)
        yield made


def changed(plan):
    """The messages of policy-changed, without what is the same in each."""
    found = [each["message"].partition(";")[0] for each in plan["findings"] if each["code"] == "policy-changed"]
    return [each.replace(" of the project file changes: ", ": ") for each in found]


def codes(plan):
    """The codes of the other findings."""
    return {each["code"] for each in plan["findings"]} - {"policy-changed"}


KEYS = [
    # key, the base's value, the branch's, how each is shown
    ("env_allow", "[CI_*]", "[CI_*, AWS_*]", "[CI_*]", "[AWS_*, CI_*]"),
    ("file_allow", "[/run/secrets]", "[/]", "[/run/secrets]", "[/]"),
    ("public_headers", "[X-Pool]", "[X-Pool, Authorization]", "[x-pool]", "[authorization, x-pool]"),
    ("guard", "{max_creates: 1, max_changes: 50%}", "{}", "max_changes: 50%, max_creates: 1", "nothing"),
    ("guard", "{max_creates: 1}", "{max_creates: 9}", "max_creates: 1", "max_creates: 9"),
    ("guard", "{severity: {coverage: error}}", "{}", "severity: {coverage: error}", "nothing"),
    ("guard", "{}", "{two_phase: false}", "nothing", "two_phase: false"),
    ("guard", "{endpoint_hosts: []}", "{}", "endpoint_hosts: []", "nothing"),
    ("coverage", "[{tags: [gpu], min_active: 1}]", "[]", "[{tags: [gpu], min_active: 1}]", "nothing"),
    ("unmanaged", "report", "ignore", "report", "ignore"),
    ("unmanaged_scope", '["a-*"]', '["*"]', "[a-*]", "[*]"),
    ("health", "{path: /up, interval: 30}", "{timeout: 0.5}", "path: /up", "timeout: 0.5"),
    ("health", "{unhealthy_after: 9}", "{interval: 60}", "unhealthy_after: 9", "interval: 60"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "before", "after", "was", "would_be"), KEYS)
def test_each_policy_key_that_differs_is_one_finding(checkout, key, before, after, was, would_be):
    """With both values, and with the branch's place; the other keys are silent."""
    checkout.base(reconciler=f"version: 1\n{key}: {before}\n")
    checkout.write(reconciler=f"version: 1\nvars: {{x: y}}\n{key}: {after}\n")
    plan = checkout.plan("--acknowledge", "host-not-allowed")
    assert changed(plan) == [f"{key}: before {was}, after {would_be}"]
    (finding,) = [each for each in plan["findings"] if each["code"] == "policy-changed"]
    assert (finding["severity"], finding["key"], finding["file"], finding["line"]) == (
        "warning",
        None,
        "reconciler.yaml",
        3,
    )


def test_a_branch_can_not_choose_who_is_asked(checkout):
    """Hosts and path of a probe are the base's: a branch can send no runner's headers anywhere else."""
    with ComfyUI() as stub:
        manifest = f"version: 1\nrunners: {{a: {{endpoint: '{stub.url()}', tags: [gpu]}}}}\n"
        checkout.base(reconciler="version: 1\nguard: {endpoint_hosts: ['*.example.com']}\nhealth: {path: /base}\n")
        checkout.write(reconciler="version: 1\nhealth: {path: /branch}\n", runners__a=manifest)
        checkout.plan("--probe")
        assert stub.seen == []
        checkout.base(reconciler="version: 1\nhealth: {path: /base, healthy_after: 1}\n")
        checkout.write(reconciler="version: 1\nhealth: {path: /branch}\n")
        assert "unhealthy-endpoint" in codes(checkout.plan("--probe"))
        assert [path for path, _ in stub.seen] == ["/base"]


def test_what_a_key_implies_is_no_change_of_another(checkout):
    """`unmanaged: disable` limits disables to one unless the guard says otherwise: the guard itself is as it was."""
    checkout.base(reconciler="version: 1\nunmanaged_scope: [a-*]\n")
    checkout.write(reconciler="version: 1\nunmanaged_scope: [a-*]\nunmanaged: disable\n")
    assert changed(checkout.plan()) == ["unmanaged: before report, after disable"]


def test_nothing_changed_says_nothing(checkout):
    """What differs in order, spelling or other keys only is no change of the policy."""
    checkout.base(reconciler="version: 1\nenv_allow: [A_*, B_*]\npublic_headers: [X-Pool]\n")
    checkout.write(
        reconciler="version: 1\ndefaults: {tags: [team-x]}\npublic_headers: [x-pool]\nenv_allow: [B_*, A_*, A_*]\n"
    )
    plan = checkout.plan()
    assert changed(plan) == []
    assert plan["actions"][0]["requests"][0]["body"]["tags"] == ["team-x", "gpu"]


def test_what_a_branch_can_not_loosen(checkout, tmp_path):
    """Variables, files, public headers, guards and promises are the base's, whatever the branch says."""
    (tmp_path / "secret").write_text("hunter2")
    base = "version: 1\npublic_headers: [X-Pool]\nguard: {max_creates: 1, endpoint_hosts: ['*.example.com']}\n"
    checkout.base(reconciler=base)
    checkout.write(
        reconciler="version: 1\nenv_allow: ['*']\nfile_allow: [/]\npublic_headers: [Authorization]\n",
        runners__a=CREDENTIALS % (tmp_path / "secret"),
    )
    ran = checkout.run("plan", "--policy-from", "HEAD", CI_A="hunter2hunter2")
    assert ran.code == 1
    assert "must start with RECONCILER_ or match env_allow" in ran.err
    assert "outside of the project's folder" in ran.err
    checkout.write(
        runners__a=RUNNERS.replace("{}", '{Authorization: "${env:RECONCILER_A}", X-Pool: a}')
        + "  gpu-2: {endpoint: https://gpu-2.evil.org, tags: [gpu]}\n"
    )
    ran = checkout.run("plan", "--policy-from", "HEAD", "--format", "json", RECONCILER_A="hunter2hunter2")
    assert (ran.code, codes(ran.json) >= {"too-many-creates", "host-not-allowed"}) == (5, True)
    headers = ran.json["actions"][0]["requests"][0]["body"]["headers"]
    assert headers == {"Authorization": "(sensitive)", "X-Pool": "a"}


def test_a_promise_that_a_branch_drops(checkout):
    """Is still looked at."""
    checkout.base(reconciler="version: 1\ncoverage: [{tags: [elsewhere], min_active: 1}]\n")
    checkout.write(reconciler="version: 1\n")
    assert "coverage" in codes(checkout.plan())


@pytest.mark.parametrize(
    ("before", "after", "disabled"),
    [
        ("{}", "{unmanaged: disable, unmanaged_scope: ['*']}", []),
        ("{unmanaged: disable, unmanaged_scope: ['a-*']}", "{unmanaged: disable, unmanaged_scope: ['*']}", ["a-1"]),
        ("{unmanaged: disable, unmanaged_scope: ['a-*']}", "{}", ["a-1"]),
    ],
)
def test_who_is_disabled_is_the_bases_choice(checkout, before, after, disabled):
    """A branch can neither have unmanaged runners disabled, nor more of them, nor spare them."""
    live = {"endpoint": "https://x.example.com", "tags": ["gpu"], "status": "active", "headers": {}}
    checkout.sandbox.store.add_many([{**live, "name": "a-1"}, {**live, "name": "b-1"}])
    for project, write in ((before, checkout.base), (after, checkout.write)):
        write(reconciler=f"{{version: 1, {project.strip('{}')}}}\n")
    plan = checkout.plan()
    assert [each["name"] for each in plan["actions"] if each["action"] == "disable"] == disabled


def test_a_branch_can_add_a_variable_with_its_first_user(checkout):
    """All that is no policy comes from the working tree."""
    checkout.base(reconciler="version: 1\nguard: {max_creates: 1}\n")
    checkout.write(
        reconciler="version: 1\nvars: {host: new.example.com}\nmanifests: [more]\nguard: {max_creates: 1}\n",
        more__b="version: 1\nrunners: {b: {endpoint: 'https://${var:host}', tags: [x]}}\n",
    )
    plan = checkout.plan()
    assert [each["key"] for each in plan["actions"]] == ["b"]
    assert changed(plan) == []


def test_the_first_pull_request(checkout):
    """A base without a project file has the defaults: nothing is allowed, and each key that is set is a change."""
    checkout.base()
    checkout.write(reconciler="version: 1\nenv_allow: ['*']\nguard: {max_creates: 5}\n")
    assert changed(checkout.plan()) == [
        "env_allow: before nothing, after [*]",
        "guard: before nothing, after max_creates: 5",
    ]
    checkout.write(runners__a=CREDENTIALS % "f")
    assert "env_allow" in checkout.run("plan", "--policy-from", "HEAD", CI_A="x").err


def test_a_branch_that_removes_the_project_file(checkout):
    """Is still planned under the base's guards."""
    checkout.base(reconciler="version: 1\nguard: {max_creates: 0}\n")
    checkout.write(reconciler=None)
    plan = checkout.plan()
    assert codes(plan) >= {"too-many-creates"}
    assert changed(plan) == ["guard: before max_creates: 0, after nothing"]


def test_a_branch_that_renames_the_project_file(checkout):
    """reconciler.yml is found beside the base's reconciler.yaml, and the other way round."""
    text = "version: 1\nguard: {max_creates: 0}\n"
    checkout.base(reconciler=text)
    checkout.write(reconciler=None)
    (checkout.folder / "reconciler.yml").write_text("version: 1\n")
    assert codes(checkout.plan()) >= {"too-many-creates"}


ENVIRONMENTS = (
    "version: 1\nguard: {max_creates: 5}\nenvironments:\n  prod: {guard: {max_creates: 0}, manifests: [runners]}\n"
)


def test_an_environments_own_policy(checkout):
    """The environment's part is the base's too."""
    checkout.base(reconciler=ENVIRONMENTS)
    checkout.write(reconciler=ENVIRONMENTS.replace("max_creates: 0", "max_creates: 9"))
    plan = checkout.plan("-e", "prod")
    assert codes(plan) >= {"too-many-creates"}
    assert changed(plan) == ["guard: before max_creates: 0, after max_creates: 9"]


def test_an_environment_that_is_new(checkout):
    """It has the base's top level for a policy."""
    checkout.base(reconciler="version: 1\nguard: {max_creates: 0}\nenvironments: {old: {}}\n")
    checkout.write(reconciler="version: 1\nguard: {max_creates: 0}\nenvironments: {new: {guard: {max_creates: 9}}}\n")
    plan = checkout.plan("-e", "new")
    assert codes(plan) >= {"too-many-creates"}
    assert changed(plan) == ["guard: before max_creates: 0, after max_creates: 9"]


def test_an_environment_that_is_gone(checkout):
    """The branch has none of that name, as it would be after the merge; without environments the top level is left."""
    checkout.base(reconciler=ENVIRONMENTS)
    checkout.write(reconciler="version: 1\nguard: {max_creates: 5}\n")
    ran = checkout.run("plan", "-e", "prod", "--policy-from", "HEAD")
    assert (ran.code, "no environment 'prod'" in ran.err) == (64, True)
    assert changed(checkout.plan()) == []


def test_the_token_is_the_bases_choice(checkout):
    """token_env of the branch chooses no token: neither another nor one where the base has none."""
    checkout.base(reconciler="version: 1\nenvironments: {prod: {token_env: COMFYCONTROL_PROD_TOKEN}}\n")
    checkout.write(reconciler="version: 1\nenvironments: {prod: {token_env: COMFYCONTROL_OTHER}}\n")
    ran = checkout.run("plan", "-e", "prod", "--policy-from", "HEAD", COMFYCONTROL_OTHER="x")
    assert (ran.code, "set COMFYCONTROL_PROD_TOKEN" in ran.err) == (1, True)
    plan = checkout.plan("-e", "prod", COMFYCONTROL_PROD_TOKEN=checkout.sandbox.token)
    assert changed(plan) == ["token_env: before COMFYCONTROL_PROD_TOKEN, after COMFYCONTROL_OTHER"]


@pytest.mark.parametrize("where", ["subfolder", "option"])
def test_a_project_in_a_subfolder(checkout, where):
    """The base's file is the one in the same place, whether commands run there or name it."""
    checkout.folder = checkout.root / "fleets" / "one"
    checkout.folder.mkdir(parents=True)
    checkout.write(runners__a=RUNNERS, reconciler="version: 1\nguard: {max_creates: 0}\n")
    checkout.base()
    checkout.write(reconciler="version: 1\n")
    if where == "option":
        checkout.folder = checkout.root
    words = ["--project", "fleets/one/reconciler.yaml"] if where == "option" else []
    plan = checkout.plan(*words)
    assert codes(plan) >= {"too-many-creates"}
    assert changed(plan) == ["guard: before max_creates: 0, after nothing"]


def test_a_saved_plan_is_applied_under_the_same_policy(checkout):
    """The plan records the commit itself, so that a branch that moves on changes nothing for it."""
    commit = checkout.base(reconciler="version: 1\npublic_headers: [X-Pool]\nenv_allow: [CI_*]\n")
    checkout.write(
        reconciler="version: 1\n",
        runners__a=RUNNERS.replace("{}", '{X-Pool: a, Authorization: "${env:CI_A}"}'),
    )
    assert checkout.run("plan", "--policy-from", "HEAD", "--out", "p.plan", CI_A="one").code == 0
    assert json.loads((checkout.folder / "p.plan").read_text())["inputs"]["policy_from"] == commit
    git(checkout.root, "commit", "-qam", "moved on")
    again = checkout.run("apply", "--plan", "p.plan", "--policy-from", "HEAD", CI_A="one")
    assert (again.code, "--policy-from" in again.err) == (64, True)
    applied = checkout.run("apply", "--plan", "p.plan", CI_A="one")
    assert applied.code == 0, applied.err
    assert checkout.sandbox.runners[0]["headers"]["Authorization"] == "one"


def test_apply_takes_the_policy_too(checkout):
    """Without a saved plan, asked or not."""
    checkout.base(reconciler="version: 1\nguard: {max_creates: 0}\n")
    checkout.write(reconciler="version: 1\n")
    assert checkout.run("apply", "--yes", "--policy-from", "HEAD").code == 5
    assert checkout.sandbox.runners == []
    assert checkout.run("apply", "--yes").code == 0


def test_the_severity_of_a_change_is_the_bases_choice(checkout):
    """A base can refuse plans under another policy; the branch can't take that back."""
    checkout.base(reconciler="version: 1\nguard: {severity: {policy-changed: error}}\n")
    checkout.write(reconciler="version: 1\nguard: {severity: {policy-changed: off}}\n")
    assert checkout.run("plan", "--policy-from", "HEAD").code == 5
    assert checkout.run("plan", "--policy-from", "HEAD", "--acknowledge", "policy-changed").code == 0


def test_offline_too(checkout):
    """`plan --live` is made under the policy as well, and what the branch brings stays told apart from drift."""
    checkout.base(reconciler="version: 1\nguard: {max_creates: 0}\n")
    (checkout.folder / "live.json").write_text(checkout.run("list", "--format", "json").out)
    checkout.write(reconciler="version: 1\n")
    assert codes(checkout.plan("--live", "live.json", "--base", "HEAD")) >= {"too-many-creates"}
