"""Accounts and Runners as an API server has them, the secrets of a cluster, and compiling what they want."""

from pathlib import Path

from reconciler.errors import ManifestError
from reconciler.manifests.merge.compile import compile_manifests
from reconciler.manifests.project import load_project
from reconciler.model.secret import Secret
from reconciler.operator.resources.files import ResourceFiles
from reconciler.operator.resources.resource import Ref, Resource, Snapshot

ENDPOINT = "https://comfy.example.com"


def account(namespace="fleet", name="default", /, **spec):
    """An Account."""
    return Resource(ref=Ref(namespace, name), uid="a", generation=1, spec=spec)


def runner(name="one", namespace="fleet", /, **spec):
    """A Runner, with an endpoint unless it says otherwise."""
    spec = {"endpoint": ENDPOINT, **spec}
    given = {key: value for key, value in spec.items() if value is not None}
    return Resource(ref=Ref(namespace, name), uid=name, generation=1, spec=given)


class Vault:
    """Implements ports.ClusterSecrets; `NAMESPACE/NAME/KEY` to values."""

    def __init__(self, **held):
        self.held = {key.replace("__", "/"): value for key, value in held.items()}
        self.asked = []

    def is_given(self, _name):
        """See SecretSource."""
        return False

    def env(self, name):
        """No resource reads the environment."""
        raise AssertionError(name)

    def file(self, path):
        """No resource reads the disk."""
        raise AssertionError(path)

    def secret(self, ref):
        """See ClusterSecrets."""
        self.asked.append(ref)
        value = self.held.get(ref)
        return None if value is None else Secret(value)


EMPTY = Vault()


def compile_resources(*runners, of=None, vault=EMPTY):
    """The project of an account, and what it and its runners want. Raises ManifestError."""
    files = ResourceFiles(Snapshot(of or account(), runners))
    project = load_project(None, cwd=Path("/nowhere"), files=files)
    return project, compile_manifests(project, secrets=vault, allow_empty=True, files=files)


def problems_with(*runners, of=None, vault=EMPTY):
    """What is wrong with an account and its runners."""
    try:
        compile_resources(*runners, of=of, vault=vault)
    except ManifestError as error:
        return error.problems
    return []
