"""What doctor makes of each answer of the service, and of a clock that is off."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext

import pytest

from reconciler.errors import ApiError, BadAnswer, Forbidden, RateLimited, Unauthorized, Unreachable, UsageProblem
from reconciler.model.runner import Account
from reconciler.model.secret import Secret
from reconciler.settings import MissingToken, RateLimit, Settings
from reconciler.workflow.doctor import doctor
from reconciler.workflow.run import Ports, Selection

NOW = dt.datetime(2026, 1, 2, 12, 0, 0, tzinfo=dt.UTC)


class Clock:
    """Noon."""

    def utc_now(self):
        """The time of day."""
        return NOW


class Service:
    """Answers who the token belongs to, or fails."""

    def __init__(self, answer):
        self.answer = answer

    def account(self):
        """The answer."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def account(answered_at="Fri, 02 Jan 2026 12:00:00 GMT"):
    """A valid token's account."""
    return Account("id-1", "Somebody", "a@example.com", "pro", answered_at)


def examine(tmp_path, answer, *, settings=None, project=None):
    """The checks by name, as (status, what was found, advice)."""
    if project is not None:
        (tmp_path / "reconciler.yaml").write_text(project)

    def settings_of(_project):
        if isinstance(settings, Exception):
            raise settings
        return settings or Settings(api_url="https://api.example.com", token=Secret("t"), plan_key=Secret("k"))

    ports = Ports(
        clock=Clock(),
        stop=None,
        progress=None,
        journal=None,
        secrets=None,
        stdin=None,
        warn=None,
        settings=settings_of,
        reader=lambda _settings: nullcontext(Service(answer)),
        client=None,
        prober=None,
    )
    return {each.name: (each.status, each.found, each.advice) for each in doctor(Selection(cwd=tmp_path), ports).checks}


def test_all_is_well(tmp_path):
    """Six checks, each ok; without a project file the defaults hold."""
    checks = examine(tmp_path, account())
    assert {name: status for name, (status, _, _) in checks.items()} == dict.fromkeys(
        ["project file", "limit", "address", "token", "tier", "clock"], "ok"
    )
    assert checks["tier"][1] == "pro"
    assert checks["token"][1] == "valid, of Somebody (id-1)"


FAILURES = [
    # what the service does, the check that fails, what to do
    (Unauthorized("401", status=401), "token", "make a new token"),
    (Forbidden("403", status=403), "token", "lacks a right"),
    (RateLimited("429", status=429), "limit", "something else behind this address"),
    (Unreachable("no connection"), "address", "HTTPS_PROXY, SSL_CERT_FILE"),
    (BadAnswer("no JSON"), "address", "check --api-url"),
    (ApiError("418", status=418), "address", "check --api-url"),
]


EVERY = {"project file", "limit", "address", "token", "tier", "clock"}
"""What is reported in any case, if only as not checked."""


@pytest.mark.parametrize(("answer", "name", "advice"), FAILURES, ids=[type(row[0]).__name__ for row in FAILURES])
def test_what_the_service_answers(tmp_path, answer, name, advice):
    """The check it belongs to fails and says what to do; what needs it is reported as not checked."""
    checks = examine(tmp_path, answer)
    assert checks[name][0] == "fail"
    assert advice in checks[name][2]
    assert checks["tier"][:2] == ("unknown", f"not checked: {name} comes first")
    assert set(checks) >= EVERY


CLOCKS = [
    # the service's time, status, what is found
    ("Fri, 02 Jan 2026 12:01:00 GMT", "ok", "within 60 s"),
    ("Fri, 02 Jan 2026 12:01:01 GMT", "warn", "61 s behind"),
    ("Fri, 02 Jan 2026 11:59:00 GMT", "ok", "within 60 s"),
    ("Fri, 02 Jan 2026 11:58:59 GMT", "warn", "61 s ahead of"),
    ("Fri, 02 Jan 2026 12:00:00 -0000", "ok", "within 60 s"),
    ("", "unknown", "does not say what time it is"),
    ("soon", "unknown", "does not say what time it is"),
]


@pytest.mark.parametrize(("answered_at", "status", "found"), CLOCKS)
def test_the_clock(tmp_path, answered_at, status, found):
    """A minute off is fine, more is told."""
    check = examine(tmp_path, account(answered_at))["clock"]
    assert check[0] == status
    assert found in check[1]


@pytest.mark.parametrize(("limit", "status"), [("40/10", "ok"), ("4/1", "ok"), ("41/10", "warn"), ("40/9", "warn")])
def test_the_limit(tmp_path, limit, status):
    """What is above the documented limit is told, unless it is the emulator that is talked to."""
    settings = {
        "api_url": "https://a",
        "token": Secret("t"),
        "plan_key": Secret("k"),
        "rate_limit": RateLimit.parse(limit),
    }
    assert examine(tmp_path, account(), settings=Settings(**settings))["limit"][0] == status
    assert examine(tmp_path, account(), settings=Settings(**settings, sandbox="s.db"))["limit"][0] == "ok"


def test_without_a_token_or_a_good_address(tmp_path):
    """The check is named after what is missing, and the service is not asked."""
    missing = examine(tmp_path, account(), settings=MissingToken("no API token"))
    assert missing["token"] == ("fail", "no API token", "set it, and run doctor again")
    wrong = examine(tmp_path, account(), settings=UsageProblem("no URL"))
    assert wrong["address"][0] == "fail"
    assert missing["tier"][0] == wrong["tier"][0] == "unknown"
    assert EVERY == set(missing) == set(wrong)


PROJECTS = [
    # project file, status, what is found or advised
    ("version: 1\n", "ok", "reconciler.yaml"),
    ("version: 2\n", "fail", "reconciler.yaml:1"),
    ("version: 1\nenvironments: {a: {manifests: [x]}, b: {manifests: [y]}}\n", "fail", "pick one with -e/--env: a, b"),
]


@pytest.mark.parametrize(("project", "status", "shown"), PROJECTS)
def test_the_project_file(tmp_path, project, status, shown):
    """Each of its problems; an environment that must be picked."""
    check = examine(tmp_path, account(), project=project)["project file"]
    assert check[0] == status
    assert shown in " ".join(check)
