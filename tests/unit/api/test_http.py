from __future__ import annotations

import os
import ssl
import subprocess
import sys

import pytest

from reconciler.api.http import connect, open_transport, timeouts
from reconciler.errors import Unreachable
from reconciler.model.secret import Secret
from reconciler.settings import Settings


def settings(url):
    """The settings for an address."""
    return Settings(api_url=url, token=Secret("cfc_t"), plan_key=Secret("k"), connect_timeout_s=1.5, read_timeout_s=2.5)


def test_https_is_verified_with_the_system_s_trust_store(monkeypatch):
    """Certificate and host name are checked, by truststore."""
    import truststore

    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    context = open_transport("https://api.example.com").context
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
    context = open_transport("https://api.example.com").context
    assert type(context) is ssl.SSLContext
    assert (context.cert_store_stats()["x509_ca"] > 10) is ("SSL_CERT_FILE" in given)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


BROKEN_TRUST = {
    "absent file": ("SSL_CERT_FILE", "absent.pem"),
    "folder as a file": ("SSL_CERT_FILE", "."),
    "no certificates": ("SSL_CERT_FILE", "empty.pem"),
    "no path": ("SSL_CERT_FILE", "a\x00b"),
    "absent folder": ("SSL_CERT_DIR", "absent"),
    "file as a folder": ("SSL_CERT_DIR", "empty.pem"),
    "one folder of two": ("SSL_CERT_DIR", f".{os.pathsep}absent"),
}


@pytest.mark.parametrize(("variable", "value"), BROKEN_TRUST.values(), ids=BROKEN_TRUST.keys())
def test_trust_that_cannot_be_read_is_an_error(monkeypatch, tmp_path, variable, value):
    """It names the variable, and says what to set it to."""
    (tmp_path / "empty.pem").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {variable: value})
    with pytest.raises(Unreachable, match=rf"^{variable}: .*; set {variable} to a "):
        open_transport("https://api.example.com")


def test_the_keys_of_a_connection_are_written_nowhere(monkeypatch, tmp_path):
    """SSLKEYLOGFILE is not read: neither do its contents leak, nor can a broken one break anything."""
    import certifi

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "absent" / "keys"))
    assert open_transport("https://api.example.com").context.keylog_filename is None


def test_plain_http_loads_no_certificates():
    """Its context trusts nobody, and does not need to."""
    context = open_transport("http://127.0.0.1:1").context
    assert context.cert_store_stats()["x509_ca"] == 0
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_proxies_of_the_environment_are_honoured_but_not_for_loopback(monkeypatch):
    """HTTPS_PROXY applies to the service; what goes to this machine stays on it, whatever is set."""
    monkeypatch.setattr(os, "environ", {"HTTPS_PROXY": "http://proxy.example.com:3128", "ALL_PROXY": "foo://x"})
    assert open_transport("https://api.example.com").proxy == "http://proxy.example.com:3128"
    for local in ("http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://127.0.0.1:1"):
        assert open_transport(local).proxy is None


def test_the_client_is_bounded():
    """The timeouts of the settings, and no redirects; nothing of the environment is read by httpx itself."""
    with connect(settings("http://127.0.0.1:1"), open_transport("http://127.0.0.1:1")) as client:
        assert (client.timeout.connect, client.timeout.read) == (1.5, 2.5)
        assert client.follow_redirects is False
        assert client.trust_env is False


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
