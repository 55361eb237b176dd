from __future__ import annotations

import ssl
import subprocess
import sys

import pytest

from reconciler.api.http import connect, timeouts
from reconciler.errors import Unreachable
from reconciler.model.secret import Secret
from reconciler.settings import Settings


def settings(url):
    """The settings for an address."""
    return Settings(api_url=url, token=Secret("cfc_t"), plan_key=Secret("k"), connect_timeout_s=1.5, read_timeout_s=2.5)


def context_of(client):
    """The TLS context of a client's own transport."""
    return client._transport._pool._ssl_context


def test_https_is_verified_with_the_system_s_trust_store(monkeypatch):
    """Certificate and host name are checked, by truststore."""
    import truststore

    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with connect(settings("https://api.example.com"), None) as client:
        context = context_of(client)
        assert type(context) is truststore.SSLContext
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.parametrize("given", [("SSL_CERT_FILE",), ("SSL_CERT_DIR",), ("SSL_CERT_FILE", "SSL_CERT_DIR")])
def test_certificates_of_the_environment_are_honoured(monkeypatch, given, tmp_path):
    """Either variable alone, or both, take the place of the system's trust store."""
    import certifi

    where = {"SSL_CERT_FILE": certifi.where(), "SSL_CERT_DIR": str(tmp_path)}
    for name, path in where.items():
        monkeypatch.setenv(name, path) if name in given else monkeypatch.delenv(name, raising=False)
    with connect(settings("https://api.example.com"), None) as client:
        context = context_of(client)
        assert type(context) is ssl.SSLContext
        assert (context.cert_store_stats()["x509_ca"] > 10) is ("SSL_CERT_FILE" in given)
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname


def test_a_certificate_file_that_is_not_there_is_told(monkeypatch, tmp_path):
    """The error names the variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(Unreachable, match="SSL_CERT_FILE"):
        connect(settings("https://api.example.com"), None)


def test_plain_http_loads_no_certificates():
    """Its context trusts nobody, and does not need to."""
    with connect(settings("http://127.0.0.1:1"), None) as client:
        context = context_of(client)
        assert context.cert_store_stats()["x509_ca"] == 0
        assert context.verify_mode == ssl.CERT_REQUIRED


def test_proxies_of_the_environment_are_honoured_but_not_for_loopback(monkeypatch):
    """HTTPS_PROXY applies to the service, with its verification; what goes to this machine stays on it."""
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    with connect(settings("https://api.example.com"), None) as client:
        (proxied,) = [transport for pattern, transport in client._mounts.items() if pattern.pattern == "https://"]
        assert proxied._pool._proxy_url.host == b"proxy.example.com"
        assert proxied._pool._ssl_context is context_of(client)
    for local in ("http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://127.0.0.1:1"):
        with connect(settings(local), None) as client:
            assert client._mounts == {}


def test_the_client_is_bounded():
    """Eight connections, the timeouts of the settings, and no redirects."""
    with connect(settings("http://127.0.0.1:1"), None) as client:
        assert client._transport._pool._max_connections == 8
        assert (client.timeout.connect, client.timeout.read) == (1.5, 2.5)
        assert client.follow_redirects is False


@pytest.mark.parametrize(
    ("limit", "connect_s", "read_s"), [(None, 1.5, 2.5), (10.0, 1.5, 2.5), (2.0, 1.5, 2.0), (1.0, 1.0, 1.0)]
)
def test_timeouts_are_bounded_by_what_is_left(limit, connect_s, read_s):
    """The settings' own, where they are shorter."""
    bounded = timeouts(settings("http://127.0.0.1:1"), limit)
    assert (bounded.connect, bounded.read, bounded.write, bounded.pool) == (connect_s, read_s, read_s, None)


def test_httpx_comes_without_its_command_line():
    """Importing the client loads neither rich nor click nor pygments, and httpx is whole all the same."""
    script = (
        "import sys\nfrom reconciler.api.lean import import_lean_httpx\nimport_lean_httpx()\nimport_lean_httpx()\n"
        "import httpx\nassert httpx.Client and callable(httpx.main)\nassert 'httpx._main' not in sys.modules\n"
        "print(sorted({'rich', 'click', 'pygments'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
