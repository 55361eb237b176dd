"""An API server with the two kinds installed, and a cluster as a user of it."""

import pytest

from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS, VERSION
from tests.fakes.kubernetes.api_server import ApiServer
from tests.fakes.kubernetes.cluster import Cluster, kubeconfig, until


def definition(kind, plural):
    """A CustomResourceDefinition that keeps whatever it is given."""
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": free, "status": free}}}
    version = {"name": VERSION, "served": True, "storage": True, "subresources": {"status": {}}, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, "singular": kind.lower()},
            "versions": [version],
        },
    }


def install(cluster):
    """Create the definitions."""
    cluster.apply(definition("Account", ACCOUNTS), definition("Runner", RUNNERS))


@pytest.fixture
def bare_server(tmp_path, monkeypatch):
    """An API server that KUBECONFIG leads to, with nothing installed."""
    server = ApiServer().start()
    config = tmp_path / "kubeconfig"
    config.write_text(kubeconfig(server.url))
    monkeypatch.setenv("KUBECONFIG", str(config))
    yield server
    server.close()


@pytest.fixture
def cluster(bare_server):
    """A user of it."""
    assert bare_server.url
    made = Cluster()
    yield made
    made.close()


@pytest.fixture
def api_server(bare_server, cluster):
    """An API server with both kinds."""
    install(cluster)
    until(lambda: (GROUP, VERSION, RUNNERS) in bare_server.kinds)
    return bare_server
