"""Resources as the project file and the manifests that the engine reads."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.enums import Severity, UnmanagedMode
from reconciler.model.policy import Limit
from reconciler.model.secret import Literal, Secret
from reconciler.model.watching import Mode
from reconciler.operator.resources.files import ResourceFiles, file_of, resource_of, secret_refs, token_ref
from reconciler.operator.resources.resource import Ref, SecretRef, Snapshot
from reconciler.operator.resources.words import words_of
from tests.fakes.resources import ENDPOINT, Vault, account, compile_resources, problems_with, runner

ID = "550e8400-e29b-41d4-a716-446655440000"


def header(name, value=None, *, secret=None):
    """A header with a value, or with a key of a secret as (name, key)."""
    if secret is None:
        return {"name": name, "value": value}
    return {"name": name, "valueFrom": {"secretKeyRef": dict(zip(("name", "key"), secret, strict=True))}}


def only(*runners, **given):
    """The one runner that is wanted."""
    (made,) = compile_resources(*runners, **given)[1].runners
    return made


def test_a_runner_has_the_name_and_the_key_of_its_resource():
    """Without a name of its own a runner is called as its resource; its key has the namespace too."""
    made = only(runner("gpu.one", "fleet"))
    assert (made.key, made.name, made.endpoint) == ("fleet.gpu.one", "gpu.one", ENDPOINT)
    assert (made.tags, made.headers, made.status) == (None, None, None)


def test_every_field_of_a_runner_arrives():
    """What a Runner declares is what is wanted, its state as the status."""
    made = only(
        runner(
            id=ID,
            name="GPU ünïcode 😀",
            formerName="Old",
            tags=["a", "b"],
            headers=[header("X-Pool", "${var:pool}")],
            state="auto",
            wildcard=True,
            accept=[{"code": "stranded-tags", "reason": "meant", "until": "2030-01-31"}],
        ),
        of=account(vars={"pool": "p1"}),
    )
    assert (made.id, made.name, made.former_name) == (ID, "GPU ünïcode 😀", "Old")
    assert (made.tags, made.status, made.wildcard) == (("a", "b"), "auto", True)
    assert made.headers["x-pool"] == Literal("p1")
    assert [(each.code, each.until.isoformat()) for each in made.accept] == [("stranded-tags", "2030-01-31")]


def test_profiles_and_defaults_are_inherited():
    """An Account's defaults and profiles are what its Runners inherit, with headers from its own namespace."""
    of = account(
        defaults={"tags": ["base"], "state": "active", "headers": [header("Authorization", secret=("tokens", "all"))]},
        profiles={"a.100": {"tags": ["gpu"], "headers": [header("X-Pool", "a")]}},
    )
    vault = Vault(fleet__tokens__all="s3cret")
    made = only(runner("one", "team", profiles=["a.100"]), of=of, vault=vault)
    assert (made.tags, made.status) == (("base", "gpu"), "active")
    assert made.headers["authorization"] == Secret("s3cret")
    assert vault.asked == ["fleet/tokens/all"]
    bare = only(runner(inherit=False), of=of, vault=vault)
    assert (bare.tags, bare.headers) == (None, None)


def test_the_state_is_released_by_its_own_name():
    """`unmanaged` names fields as the resource has them: the state, not the status."""
    of = account(defaults={"state": "disabled", "tags": ["x"]})
    assert only(runner(unmanaged=["state", "tags"]), of=of).unmanaged == {"status", "tags"}
    (wrong,) = problems_with(runner(unmanaged=["status"]), of=of)
    assert words_of(wrong) == "spec.unmanaged[0]: must be one of name, endpoint, headers, tags, state; not 'status'"


def test_every_setting_of_an_account_arrives():
    """An Account's spec is a project file in camelCase, with the settings of a watch beside them."""
    project, _ = compile_resources(
        of=account(
            tokenSecretRef={"name": "t", "key": "k"},
            apiUrl="https://api.example.com",
            rateLimit="40/10",
            runnerNamespaces=["*"],
            interval=30,
            mode="apply",
            suspend=True,
            vars={"max_disables": "x", "plain": "y"},
            publicHeaders=["X-Pool"],
            guard={
                "maxDisables": 1,
                "maxChanges": "50%",
                "maxCreates": 5,
                "endpointHosts": ["*.example.com"],
                "twoPhase": False,
                "severity": {"wildcard-runner": "off"},
                "strandedTags": {"asked": "error", "unasked": "info"},
            },
            coverage=[{"tags": ["a"], "minActive": 2}],
            unmanaged="disable",
            unmanagedScope=["prod-*"],
            health={"path": "/x", "interval": 9, "timeout": 2, "unhealthyAfter": 4, "healthyAfter": 1},
            demand={"recent": 7},
            managed=True,
        )
    )
    watching, guard, health = project.watching, project.guard, project.health
    assert (watching.interval_s, watching.mode, watching.suspend) == (30.0, Mode.APPLY, True)
    assert project.vars == {"max_disables": "x", "plain": "y"}
    assert project.public_headers == {"x-pool"}
    assert (guard.max_disables, guard.max_changes, guard.max_creates) == (Limit(1), Limit(50.0, percent=True), Limit(5))
    assert (guard.endpoint_hosts, guard.two_phase) == (("*.example.com",), False)
    stranded = {"asked": Severity.ERROR, "unasked": Severity.INFO}
    assert guard.severity == {"wildcard-runner": Severity.OFF, "stranded-tags": stranded}
    assert [(each.tags, each.min_active) for each in project.promises] == [(("a",), 2)]
    assert (project.unmanaged, project.unmanaged_scope) == (UnmanagedMode.DISABLE, ("prod-*",))
    assert (health.path, health.interval_s, health.timeout_s) == ("/x", 9.0, 2.0)
    assert (health.unhealthy_after, health.healthy_after) == (4, 1)
    assert (project.demand, project.managed) == (7, True)


def test_an_account_without_settings_has_the_defaults():
    """A spec of nothing but a token is a project file that declares nothing."""
    project, desired = compile_resources(of=account(tokenSecretRef={"name": "t", "key": "k"}))
    assert (project.watching.mode, project.watching.interval_s, desired.runners) == (Mode.REPORT, 60.0, ())


def test_secrets_are_those_of_the_resource_s_own_namespace():
    """A Runner's header takes a key of a secret beside it, an Account's one beside the Account."""
    of = account(defaults={"headers": [header("A", secret=("d", "k"))]}, profiles={"p": {"headers": []}})
    snapshot = Snapshot(of, (runner("one", "team", headers=[header("B", secret=("s.x", "tls.key"))]),))
    assert secret_refs(snapshot) == {SecretRef("fleet", "d", "k"), SecretRef("team", "s.x", "tls.key")}


@pytest.mark.parametrize(
    ("spec", "ref"),
    [
        ({"tokenSecretRef": {"name": "t", "key": "k"}}, SecretRef("fleet", "t", "k")),
        ({}, None),
        ({"tokenSecretRef": {"name": "t"}}, SecretRef("fleet", "t", "token")),
        ({"tokenSecretRef": {"key": "k"}}, None),
        ({"tokenSecretRef": {"name": 1, "key": "k"}}, None),
        ({"tokenSecretRef": "t"}, None),
    ],
)
def test_the_token_is_a_key_of_a_secret_beside_the_account(spec, ref):
    """The token's reference is of the Account's namespace; one that is incomplete is none."""
    assert token_ref(account(**spec)) == ref


def test_a_secret_that_is_not_there_is_named_without_a_value():
    """A missing secret is an error that names the secret and its key."""
    one = runner(headers=[header("Authorization", secret=("tokens", "gpu"))])
    (wrong,) = problems_with(one)
    assert (
        words_of(wrong)
        == "spec.headers.Authorization: the key gpu of the secret fleet/tokens names no secret or no key in it"
    )
    (wrong,) = problems_with(one, vault=Vault(fleet__tokens__gpu=""))
    assert words_of(wrong).endswith("names a key that is empty")


@pytest.mark.parametrize("kind", ["env:RECONCILER_TOKEN", "file:token", "secret:other/tokens/key"])
def test_no_value_reads_what_is_the_operator_s(kind):
    """A value refers to variables only: neither the operator's environment, nor its disk, nor a secret elsewhere."""
    for where in ({"of": account(defaults={"headers": [header("A", f"x ${{{kind}}}")]})}, {}):
        runners = [] if where else [runner(headers=[header("A", f"x ${{{kind}}}")])]
        (wrong,) = problems_with(*runners, **where)
        assert "is not read here; take it from a secret by valueFrom.secretKeyRef" in words_of(wrong)
        assert kind.partition(":")[2] not in words_of(wrong)


def test_an_escape_is_text():
    """`$${` stays a literal `${`, whatever follows."""
    made = only(runner(headers=[header("A", "$${env:RECONCILER_TOKEN}")]))
    assert made.headers["a"] == Literal("${env:RECONCILER_TOKEN}")


BAD_HEADERS = [
    ("x", "spec.headers: must be a list of headers, each with a name and with a value or valueFrom"),
    (["x"], "spec.headers[0]: must be a header, with a name and with a value or valueFrom"),
    ([{"value": "v"}], "spec.headers[0]: must be a header, with a name and with a value or valueFrom"),
    ([{"name": "A"}], "spec.headers[0]: needs exactly one of value and valueFrom"),
    (
        [header("A", secret=("s", "k")) | {"value": "v"}],
        "spec.headers[0]: needs exactly one of value and valueFrom",
    ),
    ([header("A", "1"), header("A", "2")], "spec.headers[1]: the header 'A' is here twice; keep one of them"),
    (
        [header("X-Pool", "1"), header("x-pool", "2")],
        "spec.headers[1]: the header 'x-pool' differs from 'X-Pool' only in case; keep one of them",
    ),
    ([{"name": "A", "vale": "v"}], "spec.headers[0].vale: unknown key; did you mean value?"),
    (
        [{"name": "A", "valueFrom": {"configMapKeyRef": {}}}],
        "spec.headers[0].valueFrom: must be secretKeyRef, with the name of a secret and a key in it",
    ),
    (
        [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
        "spec.headers[0].valueFrom: must be secretKeyRef, with the name of a secret and a key in it",
    ),
    ([header("A", secret=("../s", "k"))], "spec.headers[0].valueFrom.secretKeyRef.name: is no name of a secret"),
    ([header("A", secret=("s", "a}b"))], "spec.headers[0].valueFrom.secretKeyRef.key: is no key of a secret"),
    ([header("A", secret=("s", 1))], "spec.headers[0].valueFrom.secretKeyRef.key: is no key of a secret"),
    ([header("A:", "x")], "spec.headers.'A:': a header's name has only letters, digits and !#$%&'*+-.^_`|~"),
]


@pytest.mark.parametrize(("headers", "message"), BAD_HEADERS)
def test_a_wrong_header_says_what_and_where(headers, message):
    """Every fault of a header is one problem, and none repeats a value."""
    (wrong,) = problems_with(runner(headers=headers))
    assert words_of(wrong) == message


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"former_name": "x"}, "spec.former_name: unknown key; did you mean formerName?"),
        ({"status": "active"}, "spec.status: unknown key; did you mean state?"),
        ({"Tags": []}, "spec.Tags: unknown key; did you mean tags?"),
    ],
)
def test_a_resource_has_its_own_spelling_only(spec, message):
    """A key as a manifest has it is unknown to a resource, and said so by the resource's own keys."""
    (wrong,) = problems_with(runner(**spec))
    assert words_of(wrong) == message


def test_stranded_tags_have_one_severity():
    """Severities of stranded tags by demand are beside the others; both at once is an error."""
    of = account(guard={"severity": {"stranded-tags": "info"}, "strandedTags": {"asked": "error"}})
    (wrong,) = problems_with(of=of)
    assert words_of(wrong) == "spec.guard.strandedTags: severity has stranded-tags too; keep one of them"


def test_what_is_wrong_with_several_resources_is_found_at_once():
    """Every problem of every Runner is found in one run, each with its resource."""
    found = problems_with(runner("a", endpoint="ftp://x"), runner("b", tags="x"), runner("c", headers=[{"name": "A"}]))
    assert {resource_of(each.at.file) for each in found} == {Ref("fleet", name) for name in "abc"}


def test_files_are_those_of_the_snapshot():
    """There is a project file, a folder with a file for each Runner, and nothing else."""
    files = ResourceFiles(Snapshot(account(), (runner("a"), runner("b", "team"))))
    assert files.find("reconciler.yaml", []) == ["reconciler.yaml"]
    assert files.find("runners", []) == ["runners/fleet/a.yaml", "runners/team/b.yaml"]
    assert files.find("runners/team/b.yaml", []) == ["runners/team/b.yaml"]
    assert (files.find("reconciler.yml", []), files.find("runners/x/a.yaml", [])) == (None, None)
    assert (resource_of("reconciler.yaml"), resource_of(file_of(Ref("a", "b.c")))) == (None, Ref("a", "b.c"))
    with pytest.raises(FileNotFoundError):
        files.read("runners/x/a.yaml")


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_every_text_arrives_as_it_is(text):
    """Whatever characters a text has, YAML reads them from the file as the API server has them."""
    raw = ResourceFiles(Snapshot(account(), (runner("a", tags=[text]),))).read("runners/fleet/a.yaml")
    assert yaml.safe_load(raw)["runners"]["fleet.a"]["tags"] == [text]
    assert raw.isascii()
    assert json.loads(raw.replace(b"\\U", b"\\\\U")) is not None
