"""A cluster as a user has it: apply, get, delete, wait. Over the fake API server, or over that of a KUBECONFIG."""

from __future__ import annotations

import contextlib
import json
import logging
import time

import httpx
import kopf

from reconciler.operator.resources.resource import ACCOUNTS, GROUP, RUNNERS, VERSION
from tests.fakes.kubernetes.api_server import TOKEN

PATIENCE_S = 30.0
KINDS = {
    "Account": (f"/apis/{GROUP}/{VERSION}", ACCOUNTS),
    "Runner": (f"/apis/{GROUP}/{VERSION}", RUNNERS),
    "Secret": ("/api/v1", "secrets"),
    "Event": ("/api/v1", "events"),
    "Namespace": ("/api/v1", "namespaces"),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
}
CLUSTER_WIDE = {"Namespace", "CustomResourceDefinition"}


def kubeconfig(url, token=TOKEN):
    """A kubeconfig for a server that takes a token. JSON is YAML."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": url}}],
            "users": [{"name": "it", "user": {"token": token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        }
    )


class Cluster:
    """Talks to the API server of the kubeconfig that KUBECONFIG names. Every wait has a deadline."""

    def __init__(self):
        found = kopf.login_with_kubeconfig(logger=logging.getLogger(), settings=kopf.OperatorSettings())
        self._client = httpx.Client(
            base_url=found.server, headers=found.as_http_headers(), verify=found.as_ssl_context(), timeout=30.0
        )

    def close(self):
        """Close the connections."""
        self._client.close()

    def apply(self, *objects):
        """Server-side apply, as `kubectl apply --server-side` does it, one after the other."""
        return [self._apply(each) for each in objects]

    def _apply(self, made):
        url = self._url(made["kind"], made["metadata"].get("namespace"), made["metadata"]["name"])
        params = {"fieldManager": "tests", "force": "true"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return self._asked("PATCH", url, params=params, headers=headers, content=json.dumps(made))

    def patch(self, kind, namespace, name, patch):
        """Merge a patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        return self._asked("PATCH", self._url(kind, namespace, name), headers=headers, content=json.dumps(patch))

    def get(self, kind, namespace, name):
        """One object; None where it is not there."""
        answer = self._client.get(self._url(kind, namespace, name))
        return None if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().json()

    def list(self, kind, namespace=None):
        """All objects of a namespace, or of all."""
        items, token = [], ""
        while True:
            params = {"limit": "500", **({"continue": token} if token else {})}
            page = self._asked("GET", self._url(kind, namespace), params=params)
            items += page["items"]
            token = page["metadata"].get("continue")
            if not token:
                return items

    def delete(self, kind, namespace, name):
        """Delete one object; nothing happens where it is not there."""
        with contextlib.suppress(FileNotFoundError):
            self._asked("DELETE", self._url(kind, namespace, name))

    def established(self, name):
        """Whether a definition is served."""
        found = self.get("CustomResourceDefinition", None, name) or {}
        conditions = found.get("status", {}).get("conditions", ())
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)

    def ready(self, kind, namespace, name):
        """Whether its condition Ready is true, of the generation that it has now."""
        return self.condition(kind, namespace, name, "Ready") == "True"

    def condition(self, kind, namespace, name, of, *, part="status"):
        """A part of a condition; None where there is none, or only one of an older generation."""
        found = self.get(kind, namespace, name)
        if found is None:
            return None
        for each in found.get("status", {}).get("conditions", ()):
            if each["type"] == of and each.get("observedGeneration") == found["metadata"]["generation"]:
                return each[part]
        return None

    def _url(self, kind, namespace=None, name=None):
        prefix, plural = KINDS[kind]
        where = f"/namespaces/{namespace}" if namespace and kind not in CLUSTER_WIDE else ""
        return f"{prefix}{where}/{plural}" + (f"/{name}" if name else "")

    def _asked(self, method, url, **more):
        answer = self._client.request(method, url, **more)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise FileNotFoundError(f"{method} {url}: {answer.text}")
        assert answer.is_success, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer.json()


def until(true, what="it", *, patience_s=PATIENCE_S):
    """Wait until something is true, and return it; fail after `patience_s`."""
    deadline = time.monotonic() + patience_s
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come true in {patience_s} s"
        time.sleep(0.02)


def secret(namespace, name, **values):
    """A Secret."""
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": values}


def account(namespace, name="default", /, **spec):
    """An Account whose token is in the Secret `comfycontrol`."""
    spec = {"tokenSecretRef": {"name": "comfycontrol", "key": "token"}, **spec}
    return _resource("Account", namespace, name, spec)


def runner(namespace, name, /, **spec):
    """A Runner with an endpoint."""
    return _resource("Runner", namespace, name, {"endpoint": f"https://{name}.example.com", **spec})


def namespace(name):
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _resource(kind, namespace, name, spec):
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": meta, "spec": spec}
