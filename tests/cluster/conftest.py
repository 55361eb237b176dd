"""A cluster with the definitions installed, a namespace of the test's own, and operators as processes of their own.

By default the cluster is the fake API server. The same scenarios run against a real one, in namespaces that they create
and delete, with the definitions of `reconciler operator manifests` (they stay):

    RECONCILER_E2E_KUBECONFIG=~/.kube/config pytest -n 0 -m "long or not long" tests/cluster
"""

import os
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack

import httpx
import pytest
import yaml

from reconciler.operator.resources.resource import GROUP, RUNNERS, VERSION
from tests.fakes.kubernetes.api_server import ApiServer
from tests.fakes.kubernetes.cluster import Cluster, kubeconfig, namespace, secret, until
from tests.fakes.sandbox import running_sandbox

REAL = os.environ.get("RECONCILER_E2E_KUBECONFIG")


class Replica:
    """A process of `reconciler operator`."""

    def __init__(self, folder, *arguments):
        self.log = folder / f"{uuid.uuid4().hex[:6]}.log"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER_", "COMFY"))}
        env = {**clean, "XDG_STATE_HOME": str(folder / self.log.stem)}
        command = [sys.executable, "-m", "reconciler", "operator", "--listen", "127.0.0.1:0", "--no-probe", *arguments]
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(command, env=env, stderr=stderr)

    @property
    def text(self):
        """What it has logged."""
        return self.log.read_text()

    @property
    def url(self):
        """Where its status is."""
        lines = until(lambda: [line for line in self.text.splitlines() if "the status is at" in line], self.text)
        return lines[0].split()[-1].rstrip("/")

    def asked(self, path):
        """The answer of one path."""
        return httpx.get(f"{self.url}{path}", timeout=10.0)

    @property
    def leads(self):
        """Whether it is the one that acts."""
        return self.process.poll() is None and self.asked("/status.json").json()["leads"]

    def end(self, number=signal.SIGTERM):
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


class World:
    """A namespace in a cluster, a service, and the operators of it. `server` is None where the cluster is real."""

    def __init__(self, stack, folder, cluster, sandbox, server):
        self._stack, self._folder = stack, folder
        self.cluster, self.sandbox, self.server = cluster, sandbox, server
        self.replicas = []
        self.ns = self.create_namespace()
        cluster.apply(secret(self.ns, "comfycontrol", token=sandbox.token))

    def create_namespace(self):
        """Another namespace, which is deleted at the end."""
        name = f"e2e-{uuid.uuid4().hex[:8]}"
        self.cluster.apply(namespace(name))
        self._stack.callback(self.cluster.delete, "Namespace", None, name)
        return name

    def operate(self, *arguments, namespaces=()):
        """Start a replica; it is ended at the end."""
        watched = [f"--namespace={each}" for each in (self.ns, *namespaces)]
        replica = Replica(self._folder, f"--lease-namespace={self.ns}", *watched, *arguments)
        self.replicas.append(replica)
        self._stack.callback(lambda: replica.process.poll() is not None or replica.end())
        return replica

    def are_ready(self, *names, patience_s=30.0):
        """Wait until Runners are ready."""
        seen = lambda: all(self.cluster.ready("Runner", self.ns, name) for name in names)  # noqa: E731 - as short
        until(seen, self._what(f"{', '.join(names)} ready"), patience_s=patience_s)

    def becomes(self, kind, name, of, status, *, ns=None):
        """Wait until a condition has a status; its message."""
        where = ns or self.ns
        seen = lambda: self.cluster.condition(kind, where, name, of) == status  # noqa: E731 - as short as it gets
        until(seen, self._what(f"{kind} {name} {of} {status}"))
        return self.cluster.condition(kind, where, name, of, part="message")

    def events(self, name):
        """Reasons of a resource's events, with their messages."""
        found = self.cluster.list("Event", self.ns)
        return [(each["reason"], each["message"]) for each in found if each["involvedObject"]["name"] == name]

    def writes(self):
        """Method and name or path of every write that the service got."""
        return [(each.method, each.path) for each in self.sandbox.requests if each.method != "GET"]

    def _what(self, what):
        return f"{what}:\n{self.replicas[-1].text if self.replicas else ''}"


@pytest.fixture(scope="session")
def api_server(tmp_path_factory):
    """The API server that KUBECONFIG leads to; None where it is a real one."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        server = None
        if REAL:
            patch.setenv("KUBECONFIG", REAL)
        else:
            server = ApiServer().start()
            stack.callback(server.close)
            config = tmp_path_factory.mktemp("cluster") / "kubeconfig"
            config.write_text(kubeconfig(server.url))
            patch.setenv("KUBECONFIG", str(config))
        cluster = Cluster()
        stack.callback(cluster.close)
        printed = subprocess.run(
            [sys.executable, "-m", "reconciler", "operator", "manifests"], capture_output=True, check=True
        ).stdout
        definitions = [each for each in yaml.safe_load_all(printed) if each["kind"] == "CustomResourceDefinition"]
        cluster.apply(*definitions)
        for each in definitions:
            until(lambda name=each["metadata"]["name"]: cluster.established(name), each["metadata"]["name"])
        assert server is None or (GROUP, VERSION, RUNNERS) in server.kinds
        yield server


@pytest.fixture
def world(api_server, tmp_path):
    """A world with an empty service."""
    with ExitStack() as stack:
        cluster = Cluster()
        stack.callback(cluster.close)
        if api_server is not None:
            stack.callback(api_server.forbidden.clear)
        sandbox = stack.enter_context(running_sandbox())
        yield World(stack, tmp_path, cluster, sandbox, api_server)
