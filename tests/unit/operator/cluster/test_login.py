"""How the operator logs in."""

from __future__ import annotations

import json

import pytest

from reconciler.operator.cluster.errors import ClusterError
from reconciler.operator.cluster.login import login
from tests.fakes.kubernetes.cluster import kubeconfig


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without a kubeconfig."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


def test_the_kubeconfig_is_read_anew_each_time(home, monkeypatch):
    """What KUBECONFIG names is read at each login, so that a new token is found; kopf may call it as a handler."""
    path = home / "it"
    monkeypatch.setenv("KUBECONFIG", str(path))
    path.write_text(kubeconfig("https://one.example", "first"))
    assert (login().server, login().token) == ("https://one.example", "first")
    path.write_text(kubeconfig("https://one.example", "second"))
    assert login(logger=None, settings=None, memo=None).token == "second"


def test_the_usual_kubeconfig_is_found(home):
    """Without KUBECONFIG, and outside of a pod, it is ~/.kube/config."""
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(kubeconfig("https://one.example"))
    assert login().server == "https://one.example"


def test_certificates_are_found_where_kubectl_finds_them(home, monkeypatch):
    """A relative path is relative to the kubeconfig that names it, wherever the operator was started."""
    folders = [home / "first", home / "second"]
    for folder in folders:
        folder.mkdir()
    made = json.loads(kubeconfig("https://one.example"))
    made["clusters"][0]["cluster"]["certificate-authority"] = "pki/ca.crt"
    made["users"][0]["user"] = {"client-certificate": "/etc/pki/me.crt", "client-key": "missing.key"}
    (folders[0] / "it").write_text("{}")
    (folders[1] / "it").write_text(json.dumps(made))
    (folders[1] / "pki").mkdir()
    (folders[1] / "pki" / "ca.crt").touch()
    monkeypatch.setenv("KUBECONFIG", ":".join(str(folder / "it") for folder in folders))
    found = login()
    assert found.ca_path == str(folders[1] / "pki" / "ca.crt")
    assert (found.certificate_path, found.private_key_path) == ("/etc/pki/me.crt", "missing.key")


def test_no_cluster_says_what_to_do():
    """Where there is nothing to log in with, the error says what to set."""
    with pytest.raises(ClusterError, match="KUBECONFIG"):
        login()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        json.dumps({"current-context": "it"}),
        json.dumps({**json.loads(kubeconfig("")), "clusters": [{"name": "it", "cluster": {}}]}),
        None,
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_an_error(home, monkeypatch, text):
    """A kubeconfig that is missing, malformed or without a server is a ClusterError."""
    path = home / "it"
    monkeypatch.setenv("KUBECONFIG", str(path))
    if text is not None:
        path.write_text(text)
    with pytest.raises(ClusterError, match="the kubeconfig "):
        login()
