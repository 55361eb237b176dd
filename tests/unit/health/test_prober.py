"""Probes over real sockets, against a stub that answers as ComfyUI does, or as something else."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import subprocess
import sys
import threading
import time

import httpx
import pytest

from reconciler.health import loop
from reconciler.health.failures import CannotAsk, why_no_answer
from reconciler.health.prober import AT_ONCE, Prober
from reconciler.health.targets import Admission, Target
from reconciler.model.health import Health
from reconciler.model.policy import Guard
from reconciler.model.secret import Secret
from tests.fakes.clock import StopSwitch
from tests.fakes.comfyui import ComfyUI
from tests.fakes.probing import target as named_target


@pytest.fixture(scope="module")
def comfyui():
    """One stub for all probes of this module."""
    with ComfyUI() as stub:
        yield stub


def target(url, headers=None, key="one"):
    """A target of a fleet whose guard limits no host."""
    return Admission(Guard(), "/system_stats").admit(key, url, headers or {})


def probe(url, *, timeout_s=5.0, headers=None):
    """What one probe of this endpoint shows."""
    return Prober(StopSwitch()).ask([target(url, headers)], timeout_s=timeout_s)["one"]


@pytest.mark.parametrize(
    ("way", "timeout_s", "reason"),
    [
        ("slow", 0.2, "no whole answer within 0.2 s"),
        ("drip", 0.2, "no whole answer within 0.2 s"),
        ("half", 5.0, "its answer is cut off or no HTTP"),
        ("broken", 5.0, "its answer is cut off or no HTTP"),
        ("login", 5.0, "login page"),
        ("other", 5.0, "no ComfyUI's"),
        ("big", 5.0, "over 64 KiB"),
        ("old", 5.0, "it answers 404"),
        ("gzip", 5.0, "compressed"),
        ("away", 5.0, "another host"),
        ("loop", 5.0, "again and again"),
    ],
)
def test_what_is_no_comfyui_is_unhealthy(comfyui, way, timeout_s, reason):
    """Only a whole answer of a ComfyUI, in time, small enough and from this host, is healthy; the reason says why."""
    found = probe(comfyui.url(way), timeout_s=timeout_s)
    assert found.health is Health.UNHEALTHY
    assert reason in found.reason
    assert "secret-of-the" not in found.reason


@pytest.mark.parametrize("way", ["", "ok", "full", "near", "ok/", "deep/er"])
def test_a_comfyui_is_healthy(comfyui, way):
    """200 with system.comfyui_version and devices, up to 64 KiB, below any path, through a redirect on its host."""
    assert probe(comfyui.url(way)).health is Health.HEALTHY


def test_a_closed_port_is_unhealthy():
    """A refused connection is an answer: nobody is there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = probe(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert found.health is Health.UNHEALTHY
    assert found.reason.startswith("no connection")


def test_a_probe_sends_the_runners_headers_and_nothing_of_its_own(comfyui):
    """The runner's headers go along; Origin, cookies, framing and the API's token do not."""
    headers = {
        "Authorization": Secret("Bearer of-the-runner"),
        "X-Pool": "a100",
        "oRiGin": "https://example.com",
        "Content-Length": "5",
        "Accept-Encoding": "gzip",
    }
    assert probe(comfyui.url("near"), headers=headers).health is Health.HEALTHY
    for _path, sent in comfyui.seen[-2:]:
        assert sent["authorization"] == "Bearer of-the-runner"
        assert sent["x-pool"] == "a100"
        assert sent["accept-encoding"] == "identity"
        assert not {"origin", "cookie", "content-length", "referer"} & sent.keys()


def test_probes_run_side_by_side_within_a_bound():
    """Many endpoints are asked at once, AT_ONCE at most, each in a connection of its own, each exactly once."""
    with ComfyUI() as stub:
        targets = [target(stub.url(f"n{number}"), key=f"n{number}") for number in range(3 * AT_ONCE)]
        found = Prober(StopSwitch()).ask(targets, timeout_s=5.0)
        assert {each.health for each in found.values()} == {Health.HEALTHY}
        assert len(found) == len(stub.seen) == 3 * AT_ONCE
        assert 1 < stub.most_open <= AT_ONCE


def test_a_stop_ends_the_wait(comfyui):
    """A stop ends probes that are waiting; what was not asked to the end is missing."""
    stop = StopSwitch()
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    found = Prober(stop).ask([target(comfyui.url("slow")), target(comfyui.url(), key="two")], timeout_s=60.0)
    timer.join()
    assert found.keys() <= {"two"}


def test_a_probe_works_inside_an_event_loop(comfyui):
    """An embedder may ask from a running event loop."""

    async def ask():
        return Prober(StopSwitch()).ask([target(comfyui.url())], timeout_s=5.0)

    assert asyncio.run(ask())["one"].health is Health.HEALTHY


def test_a_target_is_made_by_an_admission_only():
    """Nobody makes a target by hand: its host was checked, by type."""
    with pytest.raises(TypeError, match="Admission"):
        Target("one", "http://127.0.0.1/", {}, object())


REAL_LOOK_UP = socket.getaddrinfo


@pytest.fixture
def names(monkeypatch):
    """A resolver that knows every name as this machine, and never answers for names that begin with `hang`."""
    over = threading.Event()
    asked = []

    def look_up(name, *rest):
        name = name.decode() if isinstance(name, bytes) else name
        asked.append(name)
        if name.startswith("hang"):
            over.wait(30)
        return REAL_LOOK_UP("127.0.0.1", *rest)

    monkeypatch.setattr(loop.socket, "getaddrinfo", look_up)
    yield asked
    over.set()


def test_a_resolver_that_hangs_keeps_nobody_else_waiting(comfyui, names):
    """Names whose servers are silent cost their own runners the time, and neither the others nor the end."""
    hanging = [named_target(f"h{number}", f"http://hang-{number}.example:1") for number in range(AT_ONCE + 10)]
    fine = [named_target(f"f{number}", f"http://fine.example:{comfyui.port}/ok") for number in range(5)]
    began = time.monotonic()
    found = Prober(StopSwitch()).ask([*hanging, *fine], timeout_s=1.0)
    assert time.monotonic() - began < 15
    assert {found[each.key].health for each in fine} == {Health.HEALTHY}
    assert {found[each.key].health for each in hanging} == {Health.UNHEALTHY}
    assert names.count("fine.example") == 1


@pytest.mark.parametrize("host", ["bücher.example", "xn--bcher-kva.example", "BÜCHER.Example", "a.b-c.example."])
def test_an_international_host_is_asked(comfyui, names, host):
    """In Unicode or in its ASCII form, the host that the policy was asked about is the one that is connected to."""
    assert probe(f"http://{host}:{comfyui.port}/ok").health is Health.HEALTHY
    assert names[0].isascii()


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("host", "health"),
    [
        ("bücher.example", Health.HEALTHY),
        ("xn--bcher-kva.example", Health.HEALTHY),
        ("bucher.example", Health.UNHEALTHY),
    ],
)
def test_a_redirect_to_the_other_spelling_of_a_host_is_followed(comfyui, host, health):
    """Unicode and punycode are one host; a name that only looks like it is another."""
    assert probe(f"http://{host}:{comfyui.port}/international").health is health


@pytest.mark.parametrize(
    "host", ["evil.example\\.ok.example", "evil.example%2f.ok.example", "evil.example\uff0f.ok.example", "a\t.example"]
)
def test_a_host_that_can_be_read_in_two_ways_is_not_asked(comfyui, names, host):
    """Where the policy and the connection could mean different hosts nothing is sent."""
    admitted = Admission(Guard(), "/system_stats").admit("one", f"http://{host}:{comfyui.port}/ok", {})
    found = Prober(StopSwitch()).ask([admitted], timeout_s=5.0)["one"] if isinstance(admitted, Target) else admitted
    assert found.health is Health.UNKNOWN
    assert names == []


@pytest.mark.parametrize(
    ("headers", "health"),
    [
        ({"X": Secret("schlüssel-\u20ac")}, Health.HEALTHY),
        ({"X": "a\r\nHost: evil.example"}, Health.UNKNOWN),
        ({"not a name": "x"}, Health.UNKNOWN),
    ],
)
def test_a_header_that_can_not_be_sent_says_nothing_of_the_endpoint(comfyui, headers, health):
    """Text of one line is sent as UTF-8; what HTTP can not say makes a runner unknown, and ends no other probe."""
    found = Prober(StopSwitch()).ask([target(comfyui.url(), headers), target(comfyui.url(), key="two")], timeout_s=5.0)
    assert (found["one"].health, found["two"].health) == (health, Health.HEALTHY)


def test_what_is_for_a_proxy_is_not_for_the_endpoint(comfyui):
    """Headers of one hop are left out, in any case."""
    sent = {"PROXY-Authorization": Secret("Basic x"), "Expect": "100-continue", "connection": "keep-alive"}
    assert probe(comfyui.url(), headers=sent).health is Health.HEALTHY
    _path, seen = comfyui.seen[-1]
    assert not {"proxy-authorization", "expect"} & seen.keys()
    assert seen["connection"] == "close"


def caused(outer, inner):
    """An exception with its cause, as httpx has them."""
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("came_from", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "no connection: refused"),
        (ExceptionGroup("x", [ConnectionRefusedError(errno.ECONNREFUSED, "x")]), "no connection: refused"),
        (ssl.SSLCertVerificationError(1, "secret"), "no connection: its certificate is not trusted"),
        (ssl.SSLError(1, "secret"), "no connection: TLS failed"),
        (OSError(errno.EHOSTUNREACH, "x"), "no connection"),
    ],
)
def test_a_connection_that_fails_says_which_of_the_reasons_it_is(came_from, said):
    """A refused port is no certificate, and the other way round."""
    assert why_no_answer(caused(httpx.ConnectError("x"), came_from)) == said


@pytest.mark.parametrize(
    ("exc", "ours"),
    [
        (caused(httpx.ConnectError("x"), OSError(errno.EMFILE, "x")), True),
        (caused(httpx.ConnectError("x"), ExceptionGroup("x", [OSError(errno.ENETUNREACH, "x")])), True),
        (caused(httpx.ConnectError("x"), OSError(errno.ECONNREFUSED, "x")), False),
        (caused(httpx.ConnectError("x"), OSError(errno.EHOSTUNREACH, "x")), False),
        (caused(httpx.ConnectError("x"), socket.gaierror(socket.EAI_AGAIN, "x")), True),
        (caused(httpx.ConnectError("x"), socket.gaierror(socket.EAI_NONAME, "x")), False),
        (httpx.ProxyError("407 secret-of-the-proxy"), True),
        (httpx.LocalProtocolError("secret-of-the-header"), True),
        (httpx.RemoteProtocolError("secret-of-the-answer"), False),
        (httpx.ReadError("secret-of-the-answer"), False),
        (httpx.ReadTimeout("x"), False),
    ],
)
def test_what_fails_on_this_machine_makes_no_runner_unhealthy(exc, ours):
    """No files, network or resolver, a proxy: nothing is known. Refused or silent: unhealthy. No text leaks."""
    if ours:
        with pytest.raises(CannotAsk) as caught:
            why_no_answer(exc)
        assert "secret" not in str(caught.value)
    else:
        assert "secret" not in why_no_answer(exc)


FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from reconciler.health.prober import Prober
from tests.fakes.clock import StopSwitch
from tests.fakes.probing import target
targets = [target(f"n{number}", f"{sys.argv[1]}/n{number}") for number in range(150)]
print(sorted({(each.health.value, each.reason) for each in Prober(StopSwitch()).ask(targets, timeout_s=30).values()}))
"""


def test_a_low_limit_of_files_is_kept_to(comfyui):
    """With 64 open files (ulimit -n) fewer are asked at a time, and each is asked."""
    ran = subprocess.run(
        [sys.executable, "-c", FEW_FILES, comfyui.url()], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.strip() == "[('healthy', '')]"


def test_a_user_and_password_of_a_live_endpoint_are_sent(comfyui):
    """As any client would read them: in Authorization, not in the address."""
    assert probe(comfyui.url("deep/er").replace("http://", "http://u:p@")).health is Health.HEALTHY
    sent = comfyui.seen[-1][1]
    assert sent["authorization"] == "Basic dTpw"
    assert "@" not in sent["host"]


def test_a_probe_does_not_search_for_a_module_that_is_not_there(comfyui):
    """The HTTP library asks for it six times a request, and to look through all folders costs more than the answer."""
    script = f"""
import sys
from reconciler.health.prober import Prober
from reconciler.health.targets import Admission
from reconciler.model.policy import Guard
from tests.fakes.clock import StopSwitch
searched = []
class Finder:
    def find_spec(self, name, path=None, target=None):
        searched.append(name)
target = Admission(Guard(), "/system_stats").admit("one", {comfyui.url("ok")!r}, {{}})
prober = Prober(StopSwitch())
prober.ask([target], timeout_s=5)
sys.meta_path.insert(0, Finder())
prober.ask([target], timeout_s=5)
print(searched)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
