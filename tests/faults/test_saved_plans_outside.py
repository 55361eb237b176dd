"""Saved plans as seen from the command line: they bind, or are refused with nothing written."""

from __future__ import annotations

import json
import threading

import pytest

from tests.faults.bench import (
    FROM_ENV,
    OPERATIONS,
    STRANGER,
    by_id,
    state,
)
from tests.faults.proxy import proxied
from tests.faults.test_fault_table import FAULTS

OPERATION = OPERATIONS["saved plan"]

MANIFEST = "runners/fleet.yaml"

ENVIRONMENTS = "environments:\n  staging: {}\n  production: {vars: {pool: blue}}\n"


def _refused(world, code, *words, env=None, arguments=("apply", "--plan", "saved.plan"), requests=None):
    """The plan is refused with this exit code and these words, in text and as JSON, and nothing was written."""
    before = by_id(world.proxy.runners)
    for form in ("text", "json"):
        ran = world.run(*arguments, "--format", form, env=env)
        assert ran.code == code, ran.out + ran.err
        told = ran.json["error"]["message"] if form == "json" else ran.err
        for word in words:
            assert word in told, told
        assert "Traceback" not in ran.err
    assert not world.proxy.writes
    assert by_id(world.proxy.runners) == before
    if requests is not None:
        assert len(world.proxy.seen) == requests
    assert not world.leaks()
    return ran


def test_a_saved_plan_is_applied_once(world):
    """It applies what it says; applied again it is stale, exit 4, and nothing is written."""
    assert world.run("apply", "--plan", "saved.plan").code == 0
    assert "gpu-new" in state(world.proxy.runners)
    world.proxy.expect()
    _refused(world, 4, "stale", "no longer in the plan")


def _edit(change):
    def edit(world):
        path = world.root / "saved.plan"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    return edit


def _other_host(document):
    document["actions"][0]["requests"][0]["body"]["endpoint"] = "https://evil.example.com"


def _cut(world, share):
    path = world.root / "saved.plan"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def _folder(world):
    path = world.root / "saved.plan"
    path.unlink()
    path.mkdir()


DAMAGE = {
    "edited body": (_edit(_other_host), "was edited"),
    "edited digest": (_edit(lambda plan: plan.update(manifest_digest="0" * 64)), "was edited"),
    "an action taken out": (_edit(lambda plan: plan["actions"].pop()), "was edited"),
    "made applyable": (_edit(lambda plan: plan.update(applyable=False)), "was edited"),
    "edited inputs": (_edit(lambda plan: plan["inputs"].update(paths=[MANIFEST])), "was edited"),
    "an unknown key": (_edit(lambda plan: plan.update(new_key=1)), "was edited"),
    "another signature": (_edit(lambda plan: plan.update(signature="0" * 64)), "was edited"),
    "no signature": (_edit(lambda plan: plan.pop("signature")), "not signed"),
    "another major": (_edit(lambda plan: plan.update(format_version="2.0")), "plan format '2.0'"),
    "no version": (_edit(lambda plan: plan.pop("format_version")), "no format_version"),
    "truncated": (lambda world: _cut(world, 0.5), "damaged"),
    "empty": (lambda world: _cut(world, 0.0), "damaged"),
    "binary": (lambda world: (world.root / "saved.plan").write_bytes(b"\xff\xfe\x00"), "damaged"),
    "a list": (lambda world: (world.root / "saved.plan").write_text("[]"), "no JSON object"),
    "deep": (lambda world: (world.root / "saved.plan").write_text('{"a":' * 5000 + "1" + "}" * 5000), "nested"),
    "absent": (lambda world: (world.root / "saved.plan").unlink(), "saved.plan"),
    "a folder": (_folder, "saved.plan"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_or_edited_plan_is_refused_before_any_request(world, damage, told):
    """Exit 1, the reason, and not one request."""
    damage(world)
    _refused(world, 1, told, requests=0)


@pytest.mark.parametrize(
    "env",
    [{"RECONCILER_PLAN_KEY": "another-plan-key-of-32-bytes-or-more"}, {"RECONCILER_PLAN_KEY": ""}],
    ids=["another key", "the token in its place"],
)
def test_a_plan_under_another_key_is_refused(world, env):
    """The signature does not hold under another key, and the message says what to set."""
    _refused(world, 1, "RECONCILER_PLAN_KEY", env=env, requests=0)


def test_another_token_is_fine_under_one_plan_key(world):
    """With RECONCILER_PLAN_KEY the plan step and the apply step may use different tokens of one account."""
    from reconciler.sandbox.entities import DEFAULT_USER_ID
    from reconciler.sandbox.store import Token

    world.proxy.store.add_token("cfc_the_other_token_of_it", Token(DEFAULT_USER_ID))
    ran = world.run("apply", "--plan", "saved.plan", env={"COMFYCONTROL_API_TOKEN": "cfc_the_other_token_of_it"})
    assert ran.code == 0, ran.err


def test_another_account_is_stale(world):
    """A token of another account sees other runners: exit 4, nothing written there."""
    from reconciler.sandbox.store import Token

    other = "3c9e6679-7425-40de-944b-e07fc1f90ae7"
    world.proxy.store.set_user({"id": other, "tier": "pro"})
    world.proxy.store.add_token("cfc_token_of_another", Token(other))
    _refused(world, 4, "stale", env={"COMFYCONTROL_API_TOKEN": "cfc_token_of_another"})
    assert world.proxy.store.runners(other) == []


def test_another_address_is_stale(world):
    """The same plan against another service: exit 4, nothing written to either."""
    with proxied((*OPERATION.before, STRANGER)) as elsewhere:
        _refused(world, 4, "the API's address", env={"COMFYCONTROL_API_URL": elsewhere.url})
        assert not elsewhere.writes


MOVES = {
    "tags": {"tags": ["moved"]},
    "status": {"status": "disabled"},
    "endpoint": {"endpoint": "https://moved.example.com"},
    "headers": {"headers": {"Authorization": "Bearer rotated-by-somebody", "X-Pool": "a100"}},
}


@pytest.mark.parametrize("changes", MOVES.values(), ids=MOVES.keys())
def test_live_content_that_moved_is_stale(world, changes):
    """A planned runner that somebody edited: exit 4, which field of which runner, nothing written."""
    runner = next(each for each in world.proxy.runners if each["name"] == "gpu-1")
    world.proxy.store.update(runner["id"], changes)
    ran = _refused(world, 4, "gpu-1", next(iter(changes)).removesuffix("s"))
    assert ran.json["plan"]["actions"]
    assert "rotated-by-somebody" not in "".join(world.texts)


def test_what_does_not_count_does_not_make_a_plan_stale(world):
    """Another time stamp, another tag order, and a runner that is not planned."""
    runner = next(each for each in world.proxy.runners if each["name"] == "gpu-1")
    world.proxy.store.update(runner["id"], {"updated_at": "2030-01-01T00:00:00Z"})
    world.proxy.store.update(STRANGER["id"], {"tags": ["moved"]})
    assert world.run("apply", "--plan", "saved.plan").code == 0


def _write(text):
    def write(world):
        (world.root / MANIFEST).write_text(text(OPERATION.manifest))

    return write


MANIFEST_MOVES = {
    "another tag": (_write(lambda text: text.replace("[gpu-a100]", "[gpu-a100, more]", 1)), {}),
    "one runner less": (_write(lambda text: "\n".join(text.splitlines()[:-1]) + "\n"), {}),
    "one runner more": (_write(lambda text: text + "  extra: {endpoint: 'https://extra.example.com'}\n"), {}),
    "another host": (_write(lambda text: text.replace("gpu-new.example", "gpu-other.example")), {}),
    "a rotated secret": (lambda _world: None, {"RECONCILER_SECRET": "Bearer another-secret-entirely"}),
    "a rotated file": (lambda world: (world.root / "runners" / "secret.txt").write_text("another-file-secret\n"), {}),
}


@pytest.mark.parametrize(("move", "env"), MANIFEST_MOVES.values(), ids=MANIFEST_MOVES.keys())
def test_manifests_or_secrets_that_moved_are_stale(world, move, env):
    """What would be sent is not what was planned: exit 4, nothing written, and no secret in what is told."""
    move(world)
    _refused(world, 4, "stale", env=env)
    assert "another-" not in "".join(world.texts)


def test_a_comment_in_a_manifest_is_no_move(world):
    """Only what would be sent counts."""
    (world.root / MANIFEST).write_text("# reviewed\n" + OPERATION.manifest)
    assert world.run("apply", "--plan", "saved.plan").code == 0


def test_a_new_error_finding_is_exit_5(world):
    """A guard that was tightened since the plan refuses; nothing is written."""
    (world.root / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 0}\n")
    ran = _refused(world, 5, "too-many-creates")
    assert [each["code"] for each in ran.json["plan"]["findings"] if each["severity"] == "error"]


def test_an_acknowledged_finding_is_carried_over(world):
    """What was accepted when the plan was saved is accepted when it is applied; what was not, is not."""
    (world.root / "reconciler.yaml").write_text("version: 1\nguard: {max_creates: 0}\n")
    assert world.run("plan", "--out", "refused.plan").code == 5
    _refused(world, 5, "saved plan", arguments=("apply", "--plan", "refused.plan"))
    assert world.run("plan", "--out", "saved.plan", "--acknowledge", "too-many-creates").code == 0
    assert world.run("apply", "--plan", "saved.plan").code == 0


@pytest.mark.parametrize(
    "given",
    [
        (MANIFEST,),
        ("-e", "staging"),
        ("--target", "gpu-*"),
        ("--project", "reconciler.yaml"),
        ("--var", "a=b"),
        ("--allow-empty",),
        ("--dry-run",),
    ],
    ids=lambda given: given[0],
)
def test_what_the_plan_records_must_not_be_given_again(world, given):
    """A usage error, exit 64, before anything is read."""
    ran = world.run("apply", "--plan", "saved.plan", *given)
    assert ran.code == 64
    assert world.proxy.seen == []


def test_a_plan_records_its_environment(world):
    """A plan of one environment is applied to that one; where the project file has it no more, it is stale."""
    (world.root / "reconciler.yaml").write_text(f"version: 1\nmanifests: [runners]\n{ENVIRONMENTS}")
    assert world.run("plan", "-e", "staging", "--out", "saved.plan").code == 0
    (world.root / "reconciler.yaml").write_text("version: 1\nmanifests: [runners]\nenvironments:\n  production: {}\n")
    world.proxy.expect()
    _refused(world, 4, "staging", requests=0)
    (world.root / "reconciler.yaml").write_text(f"version: 1\nmanifests: [runners]\n{ENVIRONMENTS}")
    assert world.run("apply", "--plan", "saved.plan").code == 0


def test_a_plan_for_targets_writes_only_those(world):
    """The targets travel with the plan."""
    assert world.run("plan", "--target", "gpu-new", "--out", "saved.plan").code == 0
    (world.root / MANIFEST).write_text(OPERATION.manifest.replace("gpu-new", "gpu-newer"))
    _refused(world, 4, "gpu-new")
    (world.root / MANIFEST).write_text(OPERATION.manifest)
    assert world.run("apply", "--plan", "saved.plan").code == 0
    found = state(world.proxy.runners)
    assert "gpu-new" in found
    assert found["gpu-1"]["headers"] == OPERATION.before[0]["headers"]


def test_an_incomplete_plan_is_saved_and_not_applied(world):
    """A plan whose secrets could not be resolved can be shown, and is refused by apply."""
    assert world.run("plan", "--allow-unresolved", "--out", "saved.plan", env={"RECONCILER_SECRET": ""}).code in (0, 5)
    (world.root / MANIFEST).write_text(OPERATION.manifest.replace("RECONCILER_SECRET", "RECONCILER_ABSENT"))
    assert world.run("plan", "--allow-unresolved", "--out", "saved.plan").code == 0
    shown = world.run("show", "saved.plan", "--format", "json")
    assert shown.json["complete"] is False
    world.proxy.expect()
    before = by_id(world.proxy.runners)
    assert world.run("apply", "--plan", "saved.plan").code in (1, 4, 5)
    assert by_id(world.proxy.runners) == before


def test_a_printed_plan_is_no_saved_plan(world):
    """What `plan --format json` prints can be shown, not applied."""
    (world.root / "saved.plan").write_text(world.run("plan", "--format", "json").out)
    assert world.run("show", "saved.plan").code == 0
    world.proxy.expect()
    _refused(world, 1, "not signed", requests=0)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_a_saved_plan_shows_as_it_was_planned(world, form):
    """`show` gives what `plan` gave, from the file alone and without a token."""
    planned = world.run("plan", "--format", form, "--out", "again.plan")
    env = {"COMFYCONTROL_API_TOKEN": "", "RECONCILER_PLAN_KEY": ""}
    assert world.run("show", "again.plan", "--format", form, env=env).out == planned.out


def test_private_files_are_private(world):
    """The plan, the journal and the lock are their owner's only."""
    world.run("apply", "--plan", "saved.plan", "--journal", "journal.ndjson")
    locks = [path for path in (world.root / ".state").rglob("*") if path.is_file()]
    assert locks
    for path in (world.root / "saved.plan", world.root / "journal.ndjson", *locks):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_plan_is_saved_even_where_the_reader_of_stdout_has_gone(world):
    """The file is complete and can be applied."""
    process = world.start("plan", "--out", "piped.plan")
    process.stdout.close()
    process.stdout = None
    assert world.finish(process).code == 0
    assert world.run("apply", "--plan", "piped.plan").code == 0


def test_a_fault_before_a_saved_plan_is_compared_writes_nothing(world):
    """The list fails for good: exit 1 and not 3, whatever the fault."""
    for name in ("refused", "401", "500", "garbage", "wrong shape, done", "page cut"):
        world.proxy.expect(always=FAULTS[name])
        ran = world.run("apply", "--plan", "saved.plan")
        assert ran.code == 1, (name, ran.err)
        assert not world.proxy.writes
    assert FROM_ENV not in "".join(world.texts)
    assert threading.active_count() < 200
