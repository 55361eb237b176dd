"""The status over HTTP: what each path answers, to whom, and that nothing from outside acts in it."""

from __future__ import annotations

import json

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.model.health import Health, Probed
from reconciler.model.watching import Mode
from reconciler.watch.board import ALIVE_S, Board
from reconciler.watch.status import Counts, Cycle, Drifted, Noticed, Status
from reconciler.watch.web.app import BoardView, make_app
from tests.fakes.clock import VirtualClock

CONTRACT = {
    "reconciler_cycles_total": {"result"},
    "reconciler_cycle_duration_seconds": set(),
    "reconciler_last_success_timestamp_seconds": set(),
    "reconciler_drifted_runners": set(),
    "reconciler_drift_seconds": set(),
    "reconciler_findings": {"severity"},
    "reconciler_runner_healthy": {"key"},
    "reconciler_contested_runners": set(),
    "reconciler_suspended": set(),
    "reconciler_requests_total": {"kind"},
    "reconciler_rate_limited_total": set(),
    "reconciler_writes_total": {"outcome"},
    "reconciler_build_info": {"version"},
}
"""Every metric and its labels besides `environment`."""


def busy_status(**fields):
    """A status with one of everything."""
    return Status(
        environment="production",
        api_url="https://api.example.com",
        mode=Mode.APPLY,
        revision="0123456789abcdef",
        cycle=Cycle(started_at="2024-01-16T14:20:00Z", duration_s=0.25, result="contested", reason="because"),
        cycles=7,
        last_success_at="2024-01-16T14:20:01Z",
        drifted=(Drifted("gpu-1", ("tags",)), Drifted("gpu-2", ())),
        drift_since="2024-01-16T14:00:00Z",
        contested={"gpu-1": ("tags",)},
        findings=(
            Noticed("wildcard-runner", "error", "gpu-1", "a wildcard", accepted=False),
            Noticed("coverage", "warning", None, "a promise <script>alert(1)</script>", accepted=False),
            Noticed("coverage", "error", None, "accepted", accepted=True),
        ),
        health={"gpu-1": Probed(Health.UNHEALTHY, "it answers 502"), "gpu-2": Probed(Health.HEALTHY)},
        troubles={"git": "the remote is gone"},
        **fields,
    )


def board_of(status, clock=None):
    """A board that shows it."""
    board = Board(status, clock or VirtualClock())
    board.show(status, Counts(cycles={"contested": 7}, writes={"applied": 3}))
    return board


async def get(board, path, *, method="GET", host="127.0.0.1:9090", loopback=True):
    """The answer."""
    transport = httpx.ASGITransport(make_app(BoardView(board), loopback=loopback))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, headers={"Host": host})


def ask(*arguments, **options):
    """The same, without waiting for it."""
    import asyncio

    return asyncio.run(get(*arguments, **options))


def test_the_metrics_are_those_of_the_contract():
    """Exactly these names and labels, each with the environment; also before the first cycle."""
    for status in (busy_status(), Status(environment="production", api_url="", mode=Mode.REPORT)):
        answer = ask(board_of(status), "/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        families = list(text_string_to_metric_families(answer.text))
        found = {sample.name: set(sample.labels) for family in families for sample in family.samples}
        assert found == {
            name: labels | {"environment"} for name, labels in CONTRACT.items() if name in found or status.cycle
        }
        assert {labels.get("environment") for f in families for _, labels, *_ in f.samples} == {"production"}
        assert {family.name for family in families} == {name.removesuffix("_total") for name in CONTRACT}


def test_workflows_are_counted_where_they_are_read():
    """Those under way that a runner serves, and those that none does; without demand there is no such metric."""
    status = busy_status(workflows={"served": 3, "unserved": 2})
    text = ask(board_of(status), "/metrics").text
    for standing, count in (("served", 3), ("unserved", 2)):
        assert f'reconciler_workflows_under_way{{environment="production",standing="{standing}"}} {count}.0' in text
    assert ask(board_of(status), "/status.json").json()["workflows"] == {"served": 3, "unserved": 2}


def test_the_metrics_say_what_the_status_says():
    """Counted, not accepted findings only, and 0 or 1 for health."""
    samples = {}
    for family in text_string_to_metric_families(ask(board_of(busy_status()), "/metrics").text):
        for name, labels, value, *_ in family.samples:
            samples[
                name, labels.get("severity") or labels.get("key") or labels.get("result") or labels.get("outcome")
            ] = value
    assert samples["reconciler_findings", "error"] == 1
    assert samples["reconciler_findings", "warning"] == 1
    assert samples["reconciler_findings", "info"] == 0
    assert samples["reconciler_runner_healthy", "gpu-1"] == 0
    assert samples["reconciler_runner_healthy", "gpu-2"] == 1
    assert samples["reconciler_cycles_total", "contested"] == 7
    assert samples["reconciler_writes_total", "applied"] == 3
    assert samples["reconciler_last_success_timestamp_seconds", None] == 1705414801
    assert samples["reconciler_drifted_runners", None] == 2


def test_drift_lasts_as_long_as_the_clock_says():
    """It grows while something differs, whatever the time of day does, and is 0 without drift."""
    clock = VirtualClock()
    board = board_of(busy_status(), clock)
    clock.turn(90)
    board.show(busy_status(), Counts())
    assert board.drift_s == 90
    board.show(Status(environment=None, api_url="", mode=Mode.APPLY), Counts())
    assert board.drift_s == 0


def test_status_json_is_the_status():
    """All of it, as data, with the totals."""
    found = json.loads(ask(board_of(busy_status(suspended=True)), "/status.json").text)
    assert found["format_version"] == "1.0"
    assert found["suspended"] is True
    assert found["contested"] == {"gpu-1": ["tags"]}
    assert found["drifted"][0] == {"key": "gpu-1", "fields": ["tags"]}
    assert found["health"]["gpu-1"] == {"health": "unhealthy", "reason": "it answers 502"}
    assert found["totals"]["writes"] == {"applied": 3}


def test_the_page_escapes_and_refreshes_itself():
    """Markup from outside is text; the page refreshes by a header, and does not where that was asked for."""
    answer = ask(board_of(busy_status()), "/")
    assert "<script>alert(1)" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert answer.headers["refresh"] == "15"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "refresh" not in ask(board_of(busy_status()), "/?refresh=off").headers


def test_the_page_is_calm_where_nothing_is_wrong():
    """Only what is there has a colour; the reason repeats no result; an endpoint not judged yet is counted."""
    cycle = Cycle(started_at="2024-01-16T14:20:00Z", duration_s=0.25, result="in-step", reason="in step")
    health = {"gpu-1": Probed(Health.UNKNOWN, "no connection"), "gpu-2": Probed(Health.HEALTHY)}
    calm = ask(board_of(Status(environment="", api_url="", mode=Mode.APPLY, cycle=cycle, health=health)), "/").text
    busy = ask(board_of(busy_status()), "/").text
    for label, count, kind in (("drifted", 2, "update"), ("contested", 1, "disable"), ("unhealthy", 1, "disable")):
        assert f"<div><dt>{label}</dt><dd>0</dd></div>" in calm
        assert f'<div class="{kind}"><dt>{label}</dt><dd>{count}</dd></div>' in busy
    assert "took 0.25 s.</p>" in calm
    assert "took 0.25 s. because</p>" in busy
    assert "1 of 2 endpoints answer as a ComfyUI; 1 not known yet." in calm
    assert "1 of 2 endpoints answer as a ComfyUI." in busy


@pytest.mark.parametrize("path", ["/", "/status.json", "/metrics", "/healthz", "/readyz"])
def test_nothing_can_be_written(path):
    """GET and HEAD only; what is answered is not kept by anybody."""
    board = board_of(busy_status())
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert ask(board, path, method=method).status_code == 405
    assert ask(board, path, method="HEAD").status_code in (200, 503)
    assert ask(board, path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("localhost:9090", 200),
        ("127.0.0.1", 200),
        ("[::1]:9090", 200),
        ("LOCALHOST.", 200),
        ("evil.example:9090", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("", 421),
    ],
)
def test_on_loopback_only_a_host_of_this_machine_is_answered(host, code):
    """A site whose name resolves to 127.0.0.1 can't read the status through a browser (DNS rebinding)."""
    assert ask(board_of(busy_status()), "/status.json", host=host).status_code == code
    assert ask(board_of(busy_status()), "/status.json", host=host, loopback=False).status_code == 200


def test_the_probes():
    """Healthy while the loop gives a sign of life, ready after the first read; neither asks how the service is."""
    clock = VirtualClock()
    board = Board(busy_status(), clock)
    assert ask(board, "/readyz").status_code == 503
    board.ready = True
    assert ask(board, "/readyz").status_code == 200
    clock.turn(ALIVE_S - 1)
    assert ask(board, "/healthz").status_code == 200
    clock.turn(1)
    assert ask(board, "/healthz").status_code == 503
    board.beat()
    assert ask(board, "/healthz").status_code == 200
