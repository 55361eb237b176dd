"""examples/kubernetes: what the command prints, and resources that an API server and the engine take."""

from pathlib import Path

import pytest
import yaml

from reconciler import __version__
from reconciler.cli.main import cli
from reconciler.model.secret import reveal
from reconciler.model.watching import Mode
from reconciler.operator.resources.crds import crds
from reconciler.operator.resources.files import secret_refs, token_ref
from reconciler.operator.resources.resource import Snapshot
from reconciler.operator.statuses.conditions import CONTESTED, HEALTHY, READY, SUSPENDED, SYNCED
from tests.fakes.api_server import admit
from tests.fakes.cli import run_cli
from tests.fakes.resources import Vault, account, compile_resources, runner

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "kubernetes"
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEFINITIONS = {crd["spec"]["names"]["kind"]: crd for crd in crds()}


def fleet():
    """Every document of the fleet, without what only kustomize reads."""
    files = yaml.safe_load((EXAMPLE / "fleet/kustomization.yaml").read_text())["resources"]
    return [each for file in files for each in yaml.safe_load_all((EXAMPLE / "fleet" / file).read_text())]


def readme_fleet():
    """Every document of the README's fleet.yaml."""
    section = README.partition("\n## Kubernetes resources\n")[2].partition("\n## ")[0]
    return list(yaml.safe_load_all(section.partition("```yaml\n")[2].partition("```")[0]))


def taken(documents):
    """The specs of an account and of runners as an API server keeps them, and the secrets, all by name."""
    stored = {}
    for document in documents:
        if document["kind"] in DEFINITIONS:
            made, wrong = admit(DEFINITIONS[document["kind"]], document)
            assert wrong == []
            stored[document["metadata"]["name"]] = made["spec"]
    secrets = {each["metadata"]["name"]: each["stringData"] for each in documents if each["kind"] == "Secret"}
    return stored, secrets


def test_the_base_is_what_the_command_prints(tmp_path):
    """`reconciler operator manifests > examples/kubernetes/base/operator.yaml` changes nothing."""
    printed = run_cli("operator", "manifests", cwd=tmp_path)
    assert printed.code == 0, printed.err
    assert printed.out == (EXAMPLE / "base/operator.yaml").read_text()
    assert yaml.safe_load((EXAMPLE / "base/kustomization.yaml").read_text())["resources"] == ["operator.yaml"]


def test_the_fleet_is_taken_and_planned():
    """An API server takes the account and its runners, whose secrets are all there, and the engine compiles them."""
    stored, secrets = taken(fleet())
    of = account("fleet", "default", **stored.pop("default"))
    assert {each.pop("account") for each in stored.values()} == {"default"}
    runners = tuple(runner(name, "fleet", **spec) for name, spec in stored.items())
    for ref in (token_ref(of), *secret_refs(Snapshot(of, runners))):
        assert ref.key in secrets[ref.name]
    vault = Vault(fleet__comfyui__authorization=secrets["comfyui"]["authorization"])
    project, desired = compile_resources(*runners, of=of, vault=vault)
    assert project.watching.mode == Mode.REPORT
    assert {each.name: (each.endpoint, each.tags, each.status) for each in desired.runners} == {
        "a100-1": ("https://comfy-1.example.com", ("production", "gpu-a100"), "active"),
        "Spare CPU runner": ("https://comfy-2.example.com", ("production", "spare"), "disabled"),
    }


def test_the_fleet_of_the_readme_is_taken_and_planned():
    """What the README has to be applied is taken by an API server and compiled, its secrets are all there."""
    documents = readme_fleet()
    assert {each["metadata"].get("namespace") for each in documents} == {None, "fleet"}
    stored, secrets = taken(documents)
    of, one = account("fleet", "default", **stored["default"]), runner("prod-1", "fleet", **stored["prod-1"])
    assert stored.keys() == {"default", "prod-1"}
    for ref in (token_ref(of), *secret_refs(Snapshot(of, (one,)))):
        assert ref.key in secrets[ref.name]
    value = secrets["comfyui"]["authorization"]
    project, desired = compile_resources(one, of=of, vault=Vault(fleet__comfyui__authorization=value))
    assert project.watching.mode == Mode.APPLY
    (made,) = desired.runners
    assert (made.endpoint, made.status) == ("https://comfy-1.example.com", "active")
    assert made.tags == ("production", "image-generation")
    assert reveal(made.headers["Authorization"]) == value


def test_the_readme_has_every_column_and_condition():
    """What kubectl shows, and every condition and reason of a failure, is explained."""
    section = README.partition("\n## Kubernetes resources\n")[2].partition("\n## ")[0]
    (version,) = DEFINITIONS["Runner"]["spec"]["versions"]
    assert [
        each["name"].upper() for each in version["additionalPrinterColumns"] if each["name"].upper() not in section
    ] == []
    for each in (READY, SYNCED, HEALTHY, CONTESTED, SUSPENDED):
        assert f"\n| {each} |" in section


@pytest.mark.parametrize("options", [("--namespace", "A"), ("--namespace", "a.b"), ("--install-namespace", "-a")])
def test_what_is_no_namespace_is_refused(options, tmp_path):
    """A name that no namespace can have is a usage error, before anything is printed."""
    refused = run_cli("operator", "manifests", *options, cwd=tmp_path)
    assert (refused.code, refused.out) == (64, "")
    assert "is no name of a namespace" in refused.err


def test_what_is_chosen_is_printed(tmp_path):
    """Image, namespaces, access to secrets and the PodMonitor are those of the options, each namespace once."""
    options = ("--image", "r.example.com/x:2", "--secrets", "list", "--pod-monitor", "--install-namespace", "ops")
    twice = ("--namespace", "b", "--namespace", "b")
    documents = list(yaml.safe_load_all(run_cli("operator", "manifests", *options, *twice, cwd=tmp_path).out))
    (deployment,) = (each for each in documents if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "r.example.com/x:2"
    assert {each["metadata"]["namespace"] for each in documents if each["kind"] == "Role"} == {"b", "ops"}
    assert [each["kind"] for each in documents].count("PodMonitor") == 1
    assert container["args"][-2:] == ["--secrets=list", "--namespace=b"]


def test_every_option_of_the_deployment_is_one_of_the_command():
    """The operator is started with options that it has."""
    (deployment,) = (
        each
        for each in yaml.safe_load_all((EXAMPLE / "base/operator.yaml").read_text())
        if each["kind"] == "Deployment"
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    name, *options = container["args"]
    known = {each for option in cli.get_command(None, name).params for each in option.opts}
    assert {each.partition("=")[0] for each in options} <= known
    assert container["image"].endswith(f":{__version__}")
