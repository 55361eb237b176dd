"""Probes over real sockets, against a stub that answers as ComfyUI does, or as something else."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from reconciler.health.prober import AT_ONCE, Prober
from reconciler.health.targets import Admission, Target
from reconciler.model.health import Health
from reconciler.model.policy import Guard
from reconciler.model.secret import Secret
from tests.fakes.clock import StopSwitch
from tests.fakes.comfyui import ComfyUI


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
