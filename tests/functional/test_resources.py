"""`export` and `render` with `--format kubernetes`: what they write, the operator reads, and plans no change."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.manifests.merge.compile import compile_manifests
from reconciler.manifests.project import load_project
from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.secret import Secret
from reconciler.operator.resources.crds import crds
from reconciler.operator.resources.files import ResourceFiles
from reconciler.operator.resources.resource import Ref, Resource, Snapshot
from tests.fakes.api_server import admit
from tests.fakes.cli import run_cli
from tests.fakes.resources import Vault, account
from tests.fakes.sandbox import seeded_file

DEFINITIONS = {crd["spec"]["names"]["kind"]: crd for crd in crds()}
LIVE = [
    {"name": "gpu-1", "endpoint": "https://a.example.com", "tags": ["gpu"], "status": "active"},
    {"name": "Gpu 1", "endpoint": "https://b.example.com", "tags": [], "status": "disabled"},
    {"name": "名前", "endpoint": "https://c.example.com", "tags": ["a: b", "no", "${x}"], "status": "active"},
    {"name": "n" * 100, "endpoint": "https://d.example.com", "headers": {"Authorization": "Bearer s3cret", "X": ""}},
]
PROJECT = """\
version: 1
vars: {domain: example.com}
public_headers: [X-Pool]
defaults: {tags: [production], headers: {X-Pool: "$${lit}-${var:domain}"}}
profiles: {a100: {tags: [gpu], headers: {Authorization: "Bearer ${env:RECONCILER_GPU_TOKEN}"}}}
guard: {max_disables: 50%, max_creates: 3, two_phase: false, endpoint_hosts: ["*.example.com"],
  severity: {coverage: "off", stranded-tags: {asked: error, unasked: info}}}
coverage: [{tags: [gpu], min_active: 2}]
health: {interval: 10, unhealthy_after: 5}
demand: {recent: 7}
managed: true
environments:
  Prod_1: {watch: {interval: 30, mode: apply, suspend: true}, unmanaged: disable, unmanaged_scope: ["x-*"]}
  other: {}
"""
MANIFEST = """\
version: 1
runners:
  gpu.one: {profiles: [a100], endpoint: "https://1.${var:domain}", status: auto, former_name: "old $${x}"}
  gpu-one: {profiles: [a100], endpoint: "https://2.${var:domain}", headers: {X-Key: "literal", X-Pool: null},
    accept: [{code: coverage, reason: "why", until: 2031-01-02}]}
  bare: {inherit: false, endpoint: "https://3.example.com", tags: [], wildcard: true, name: "B a r e",
    headers: {T: "${env:RECONCILER_GPU_TOKEN}", F: "${file:key}"}, unmanaged: [endpoint, status]}
"""


def read(text):
    """The specs of Runners by name, and that of the Account; each is one that an API server takes."""
    runners, accounts = {}, []
    for document in yaml.safe_load_all(text):
        stored, wrong = admit(DEFINITIONS[document["kind"]], document)
        assert wrong == []
        if document["kind"] == "Account":
            accounts.append(stored)
        else:
            runners[stored["metadata"]["name"]] = stored["spec"]
    return runners, accounts


def snapshot(runners, of):
    """An account and its Runners, as the operator has them."""
    made = (Resource(ref=Ref("ns", name), uid="", generation=1, spec=spec) for name, spec in runners.items())
    return Snapshot(of, tuple(made))


@pytest.fixture
def live(tmp_path):
    """A live fleet, and a command line on it."""
    seeded_file(tmp_path / "s.db", LIVE)
    return lambda *words, **more: run_cli(*words, "--sandbox", "s.db", cwd=tmp_path, **more)


def test_an_export_is_no_change(live, tmp_path):
    """Live runners as resources with their ids: names, texts and all; headers are named in a comment, and kept."""
    ran = live("export", "--format", "kubernetes")
    assert ran.code == 0, ran.err
    runners, accounts = read(ran.out)
    assert sorted(runners) == ["gpu-1", "gpu-1-2", "n" * 90, "runner"]
    assert accounts == []
    assert "# kind: Account" in ran.out
    assert "# headers are left unmanaged: Authorization, X" in ran.out
    assert "s3cret" not in ran.out + ran.err
    assert plan(tmp_path, runners, live).startswith("No changes. 4 runners match")


def test_an_export_with_headers_is_no_change(live, tmp_path):
    """With --headers each value is a key of one secret; the keys are listed, and with them nothing changes."""
    ran = live("export", "--format", "kubernetes", "--headers")
    runners, _ = read(ran.out)
    (key,) = re.findall(r"^  (\w+) = \$\{env:\1\}$", ran.err, re.MULTILINE)
    held = {each["name"]: each for each in runners["n" * 90]["headers"]}
    assert held["X"] == {"name": "X", "value": ""}
    assert held["Authorization"]["valueFrom"]["secretKeyRef"] == {"name": "runner-headers", "key": key}
    assert "s3cret" not in ran.out + ran.err
    env = {key: "Bearer s3cret"}
    assert plan(tmp_path, runners, live, env=env).startswith("No changes. 4 runners match")


def plan(folder, runners, live, env=None):
    """What a plan of the operator's own files says last, with the keys of the secret in the environment."""
    files = ResourceFiles(snapshot(runners, account("ns", "default")))
    for name in ("reconciler.yaml", *files.find("runners", [])):
        text = re.sub(rb"\$\{secret:ns/runner-headers/(\w+)\}", rb"${env:\1}", files.read(name))
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    ran = live("plan", env=env or {})
    assert ran.code == 0, ran.err
    return ran.out.splitlines()[-1]


class Keys(Vault):
    """The keys of the secret that was listed, each by what it is to hold."""

    def secret(self, ref):
        """See ClusterSecrets."""
        namespace, name, key = ref.split("/")
        assert (namespace, name) == ("ns", "runner-headers")
        return Secret(self.held[key])


def test_rendered_manifests_are_the_same_runners(tmp_path):
    """Merged manifests as resources, with the project file as an Account: the same is wanted under the same rules."""
    (tmp_path / "runners").mkdir()
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "runners" / "a.yaml").write_text(MANIFEST)
    (tmp_path / "runners" / "key").write_text("from a file\n")
    ran = run_cli("render", "-e", "Prod_1", "--format", "kubernetes", cwd=tmp_path)
    assert ran.code == 0, ran.err
    runners, (of,) = read(ran.out)
    assert of["metadata"]["name"] == "prod-1"
    assert {spec.pop("account") for spec in runners.values()} == {"prod-1"}
    assert "literal" not in ran.out + ran.err
    listed = dict(re.findall(r"^  (\S+) = (.+)$", ran.err, re.MULTILINE))
    values = {
        "Bearer ${env:RECONCILER_GPU_TOKEN}": "Bearer t0ken",
        "${env:RECONCILER_GPU_TOKEN}": "t0ken",
        "${file:key}": "from a file",
        "the value of X-Key": "literal",
    }
    files = ResourceFiles(snapshot(runners, account("ns", "prod-1", **of["spec"])))
    moved = load_project(None, cwd=Path("/nowhere"), files=files)
    project = load_project(None, environment="Prod_1", cwd=tmp_path)
    same = ("public_headers", "unmanaged", "unmanaged_scope", "guard", "health", "watching", "demand", "managed")
    assert {name: getattr(moved, name) for name in same} == {name: getattr(project, name) for name in same}
    assert [(each.tags, each.min_active) for each in moved.promises] == [(("gpu",), 2)]
    before = compile_manifests(project, secrets=ProcessSecrets({"RECONCILER_GPU_TOKEN": "t0ken"}))
    after = compile_manifests(moved, secrets=Keys(**{key: values[shown] for key, shown in listed.items()}), files=files)
    assert same_runners(after) == same_runners(before)


def same_runners(desired):
    """What is wanted, by name, without where it is written."""
    runners = {}
    for each in desired.runners:
        kept = frozenset(each.unmanaged & {"name", "endpoint"})
        accept = tuple(replace(one, at=None) for one in each.accept)
        runners[each.name] = replace(each, key="", at=None, field_at={}, unmanaged=kept, accept=accept)
    return runners


def test_what_a_runner_can_not_hold_is_said(tmp_path):
    """More headers than a Runner may have are left unmanaged, with a note, rather than refused by the API server."""
    headers = ", ".join(f"H{number}: x" for number in range(21))
    (tmp_path / "a.yaml").write_text(
        f"version: 1\nrunners:\n  a: {{endpoint: 'http://x.de', headers: {{{headers}}}}}\n"
    )
    ran = run_cli("render", "a.yaml", "--format", "kubernetes", cwd=tmp_path)
    runners, (of,) = read(ran.out)
    assert "headers" not in runners["a"]
    assert of["metadata"]["name"] == "default"
    assert "a: headers are left unmanaged: 21 of them, a Runner holds at most 20: H0, H1" in ran.err


@pytest.mark.parametrize(
    "words",
    [("export", "--out", "x"), ("render", "--explain", "a"), ("plan",)],
)
def test_where_there_are_no_resources(words, tmp_path):
    """A format of resources is of no use to a file of manifests, to an explanation, or to any other command."""
    ran = run_cli(*words, "--format", "kubernetes", "--sandbox", "s.db", cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert "kubernetes" in ran.err
