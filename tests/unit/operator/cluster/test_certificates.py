"""Certificates of the API server, and of whoever logs in."""

from __future__ import annotations

import base64
import ssl
import tempfile
from dataclasses import replace

import kopf
import pytest
import trustme

from reconciler.operator.cluster.client import KubernetesCluster
from reconciler.operator.cluster.errors import Away
from tests.fakes.clock import VirtualClock
from tests.fakes.kubernetes.scripted import Scripted

EMPTY = (200, b"{}")


@pytest.fixture(scope="module")
def authority():
    """An authority that signs for both sides."""
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="module")
def tls(authority):
    """TLS that wants a certificate from its client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def info(authority):
    """A login by certificate, as kubeconfigs of kubeadm have it: everything in base64."""
    leaf = authority.issue_cert("operator")
    encoded = [authority.cert_pem.bytes(), leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes()]
    ca, certificate, key = (base64.b64encode(each).decode() for each in encoded)
    return kopf.ConnectionInfo(server="", ca_data=ca, certificate_data=certificate, private_key_data=key)


def ask(server, info):
    """One request."""
    cluster = KubernetesCluster(lambda: replace(info, server=server.url), VirtualClock())
    try:
        return cluster.get_secret("ns", "name")
    finally:
        cluster.close()


def test_a_certificate_logs_in_and_leaves_no_file(tls, info, tmp_path, monkeypatch):
    """A client certificate and its key are used, and are on no disk afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Scripted(EMPTY, tls=tls) as server:
        assert ask(server, info) == {}
    assert list(tmp_path.iterdir()) == []


def test_files_of_certificates_are_used(tls, authority, tmp_path):
    """Certificates in files are used too."""
    leaf = authority.issue_cert("operator")
    paths = [tmp_path / name for name in ("ca", "certificate", "key")]
    for path, pem in zip(paths, (authority.cert_pem, leaf.cert_chain_pems[0], leaf.private_key_pem), strict=True):
        pem.write_to_path(path)
    ca, certificate, key = map(str, paths)
    by_path = kopf.ConnectionInfo(server="", ca_path=ca, certificate_path=certificate, private_key_path=key)
    with Scripted(EMPTY, tls=tls) as server:
        assert ask(server, by_path) == {}


def test_who_has_no_certificate_is_refused(tls, info):
    """Without the certificate that the server wants there is no answer."""
    with Scripted(tls=tls) as server, pytest.raises(Away):
        ask(server, replace(info, certificate_data=None, private_key_data=None))


def test_an_authority_that_is_not_trusted_is_named(tls, info):
    """A server of another authority is not talked to, and the error says why; `insecure` talks to it all the same."""
    other = base64.b64encode(trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.bytes()).decode()
    with Scripted(EMPTY, tls=tls) as server:
        with pytest.raises(Away, match="certificate"):
            ask(server, replace(info, ca_data=other))
        assert server.seen == []
        assert ask(server, replace(info, ca_data=other, insecure=True)) == {}
