"""A law: a runner of a manifest, written as a resource and read again, is the same runner."""

import json
from dataclasses import replace
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests import explain
from reconciler.manifests.merge.compile import compile_manifests
from reconciler.manifests.project import load_project
from reconciler.model.results import Effective
from reconciler.model.secret import Secret
from reconciler.operator.resources.crds import crds
from reconciler.operator.resources.files import ResourceFiles
from reconciler.operator.resources.resource import Ref, Resource, Snapshot
from reconciler.operator.resources.write import write_effective
from tests.fakes.api_server import admit
from tests.fakes.resources import Vault

DEFINITIONS = {crd["spec"]["names"]["kind"]: crd for crd in crds()}
TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and text.strip() and "${" not in text and "\\" not in text
)
LITERAL = st.sampled_from(["", "$${", "$${env:A}", "a$$"]).flatmap(lambda mark: TEXT.map(lambda text: text + mark))
FIELDS = {
    "tags": st.lists(LITERAL, max_size=10, unique=True),
    "status": st.sampled_from(["active", "disabled", "auto"]),
    "wildcard": st.booleans(),
    "former_name": LITERAL,
    "unmanaged": st.lists(st.sampled_from(["name", "endpoint", "headers", "tags", "status"]), unique=True),
    "headers": st.dictionaries(
        st.sampled_from(["X-Public", "X-Secret", "Authorization"]),
        st.sampled_from(["plain", "", "$${x}", "a b"]),
        max_size=3,
    ),
    "accept": st.lists(
        st.fixed_dictionaries({"code": st.just("coverage"), "reason": LITERAL, "until": st.just("2031-01-02")}),
        max_size=2,
    ),
}
ENTRY = st.fixed_dictionaries({"endpoint": st.just("https://a.example.com")}, optional=FIELDS)
KEYS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)


class Held:
    """Implements Files: a project file and one manifest, in memory."""

    def __init__(self, runners):
        self.held = {
            "reconciler.yaml": {"version": 1, "public_headers": ["x-public"]},
            "runners/a.yaml": {"version": 1, "runners": runners},
        }

    def find(self, path, _problems):
        """See Files."""
        below = [name for name in self.held if name == path or name.startswith(f"{path}/")]
        return below or None

    def read(self, path):
        """See Files."""
        return yaml.safe_dump(self.held[path], allow_unicode=True, default_style='"').replace('!!int "1"', "1").encode()

    def identity(self, path):
        """See Files."""
        return path


class Values(Vault):
    """Each key of the secret has the value that the manifest has for it; `held` are runners by their names."""

    def secret(self, ref):
        """See ClusterSecrets."""
        name, header = ref.rpartition("/")[2].split(".")
        return self.held[name].headers[header] or Secret("")


@settings(max_examples=60)
@given(st.dictionaries(KEYS, ENTRY, min_size=1, max_size=4))
def test_a_runner_written_as_a_resource_is_the_same_runner(entries):
    """But for its key and its place; the API server takes it, and no value that is secret is in it."""
    for key, entry in entries.items():
        entry["name"] = f"name of {key}"
        if entry.get("headers", {}).get("Authorization") == "":
            entry["headers"]["Authorization"] = "x"
        if entry.get("headers", {}).get("X-Secret") == "":
            entry["headers"]["X-Secret"] = "x"
    files = Held(json.loads(json.dumps(entries)))
    project = load_project(None, cwd=Path("/nowhere"), files=files)
    before = compile_manifests(project, secrets=None, files=files)
    plain = tuple(explain.effective(before))
    written = write_effective(Effective(None, plain, explain.settings(project)))
    specs, of = {}, None
    for document in yaml.safe_load_all(written.text):
        stored, wrong = admit(DEFINITIONS[document["kind"]], document)
        assert wrong == []
        if document["kind"] == "Account":
            of = Resource(ref=Ref("ns", "default"), uid="", generation=1, spec=stored["spec"])
        else:
            specs[stored["metadata"]["name"]] = stored["spec"]
    assert len(specs) == len(entries)
    by_name = {runner.name: runner for runner in before.runners}
    values = Values(**{name: by_name[spec["name"]] for name, spec in specs.items()})
    runners = tuple(Resource(ref=Ref("ns", name), uid="", generation=1, spec=spec) for name, spec in specs.items())
    resources = ResourceFiles(Snapshot(of, runners))
    moved = load_project(None, cwd=Path("/nowhere"), files=resources)
    after = compile_manifests(moved, secrets=values, files=resources)
    assert {each.name: bare(each) for each in after.runners} == {each.name: bare(each) for each in before.runners}


def bare(runner):
    """A runner without where it is written; what has no value needs no release."""
    accept = tuple(replace(each, at=None) for each in runner.accept)
    unmanaged = runner.unmanaged & {"name", "endpoint"}
    headers = None if runner.headers is None else {name: Secret.join([value]) for name, value in runner.headers.items()}
    return replace(runner, key="", at=None, field_at={}, accept=accept, unmanaged=unmanaged, headers=headers)
