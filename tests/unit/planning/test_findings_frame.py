from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from reconciler.errors import UsageProblem
from reconciler.model.finding import Acceptance, Finding
from reconciler.model.policy import Acknowledgement, Guard, Policy
from reconciler.model.position import Position
from reconciler.planning.findings.registry import CODES
from reconciler.planning.findings.severity import check_acknowledged, settle, unmatched
from tests.fakes.small_plans import TODAY, entry

HERE = Position("runners.yaml", 1, 3)
TOMORROW, YESTERDAY = TODAY + dt.timedelta(days=1), TODAY - dt.timedelta(days=1)


def finding(code="coverage", **fields):
    """A finding about gpu-1 of its code's default severity."""
    return Finding(**{"code": code, "severity": CODES[code], "message": "m", "key": "gpu-1"} | fields)


def acceptance(until, code="coverage", reason="moving"):
    """An acceptance in a manifest."""
    return Acceptance(code, reason, until, HERE)


def judged(*raised, accept=(), severity=None, acknowledged=(), written=()):
    """The findings of a plan whose entry gpu-1 accepts some."""
    policy = Policy(today=TODAY, guard=Guard(severity=severity or {}), acknowledged=acknowledged)
    return settle(raised, {"gpu-1": entry(1, accept=accept)}, written, policy)


def test_severities():
    """A finding has the severity it was raised with, unless the guard says another; `off` drops it."""
    assert [each.severity for each in judged(finding())] == ["error"]
    assert [each.severity for each in judged(finding(severity="warning"))] == ["warning"]
    assert [each.severity for each in judged(finding(), severity={"coverage": "info"})] == ["info"]
    assert [each.severity for each in judged(finding(severity="warning"), severity={"coverage": "error"})] == ["error"]
    assert judged(finding(), severity={"coverage": "off"}) == ()
    assert [each.severity for each in judged(finding(), severity={"stranded-tags": "off"})] == ["error"]


@pytest.mark.parametrize(
    ("until", "accepted", "by"),
    [
        (None, True, "manifest: moving"),
        (TOMORROW, True, "manifest: moving (until 2026-02-01)"),
        (TODAY, True, "manifest: moving (until 2026-01-31)"),
        (YESTERDAY, False, None),
    ],
)
def test_acceptance_in_the_manifest(until, accepted, by):
    """An acceptance counts to the end of its last day; after that the finding says that it expired, once."""
    (found,) = judged(finding(), accept=(acceptance(until),))
    assert (found.accepted, found.accepted_by) == (accepted, by)
    assert found.refuses is not accepted
    assert found.message == ("m" if accepted else "m (an acceptance of it expired on 2026-01-30)")


def test_several_acceptances():
    """One that still counts is enough; of expired ones the last is told."""
    (found,) = judged(finding(), accept=(acceptance(YESTERDAY), acceptance(TODAY)))
    assert found.accepted
    assert found.message == "m"
    older = acceptance(YESTERDAY - dt.timedelta(days=9))
    (found,) = judged(finding(), accept=(acceptance(YESTERDAY), older))
    assert "2026-01-30" in found.message


def test_an_acceptance_is_for_its_code_and_runner():
    """It accepts neither another code nor another runner's finding, nor one about the fleet while its runner rests."""
    accept = (acceptance(None),)
    found = judged(finding("stranded-tags"), finding(key="gpu-2"), accept=accept, written=("gpu-1", "gpu-2"))
    assert not any(each.accepted for each in found)
    assert not judged(finding(key=None), accept=accept)[0].accepted


def test_a_written_runner_accepts_what_is_about_the_fleet():
    """Who lowers a promise can take it on in git, until its day; the acceptance is told as everywhere."""
    (found,) = judged(finding(key=None), accept=(acceptance(TODAY),), written=("gpu-1", "unmanaged:x"))
    assert found.accepted_by == "manifest: moving (until 2026-01-31)"
    (found,) = judged(finding(key=None), accept=(acceptance(YESTERDAY),), written=("gpu-1",))
    assert found.refuses
    assert "expired on 2026-01-30" in found.message


@pytest.mark.parametrize(
    ("given", "key", "accepted"),
    [
        (Acknowledgement("coverage"), "gpu-1", True),
        (Acknowledgement("coverage"), None, True),
        (Acknowledgement("coverage", "gpu-1"), "gpu-1", True),
        (Acknowledgement("coverage", "gpu-2"), "gpu-1", False),
        (Acknowledgement("coverage", "gpu-1"), None, False),
        (Acknowledgement("stranded-tags"), "gpu-1", False),
    ],
)
def test_acknowledgement(given, key, accepted):
    """CODE accepts a finding wherever it is raised, CODE:KEY that of one runner."""
    (found,) = judged(finding(key=key), acknowledged=(given,))
    assert (found.accepted, found.accepted_by) == (accepted, "--acknowledge" if accepted else None)


def test_an_acknowledgement_that_matches_nothing():
    """One warning each, for a code that was not raised or a key that it was not raised about."""
    given = [Acknowledgement("coverage"), Acknowledgement("coverage", "gpu-2"), Acknowledgement("stranded-tags")]
    found = judged(finding(), accept=(acceptance(None),), acknowledged=tuple(given))
    assert unmatched([*given, *given], found) == [
        f"--acknowledge {text}: no finding of this plan matches it, so that it accepts nothing"
        for text in ("coverage:gpu-2", "stranded-tags")
    ]


def test_both():
    """The manifest's acceptance is told first; an expired one is told beside an acknowledgement."""
    given = (Acknowledgement("coverage"),)
    assert judged(finding(), accept=(acceptance(None),), acknowledged=given)[0].accepted_by == "manifest: moving"
    (found,) = judged(finding(), accept=(acceptance(YESTERDAY),), acknowledged=given)
    assert found.accepted_by == "--acknowledge"
    assert "expired" in found.message


def test_an_unknown_code_is_not_acknowledged():
    """A code that no finding has is a usage problem with the nearest one."""
    with pytest.raises(UsageProblem, match=r"--acknowledge coverag:k: .* 'coverag'; did you mean coverage\?"):
        check_acknowledged(Policy(today=TODAY, acknowledged=(Acknowledgement("coverag", "k"),)))
    with pytest.raises(UsageProblem, match="the codes are brief-gap, briefly-active, "):
        check_acknowledged(Policy(today=TODAY, acknowledged=(Acknowledgement("zzz"),)))
    check_acknowledged(Policy(today=TODAY, acknowledged=tuple(Acknowledgement(code) for code in CODES)))


def test_places():
    """A finding without a place gets its entry's; one about nobody's entry has none."""
    at = Position("other.yaml", 2, 2)
    assert judged(finding())[0].at == HERE
    assert judged(finding(at=at))[0].at == at
    assert judged(finding(key="unmanaged:x"))[0].at is None
    assert judged(finding(key=None))[0].at is None


def test_accepted_errors_come_first():
    """However many others there are, an accepted error is at the top."""
    raised = [finding("coverage", key=f"gpu-{number}") for number in range(2, 5)]
    raised += [finding("stranded-tags"), finding("wildcard-runner")]
    accept = (acceptance(None, "wildcard-runner"), acceptance(None, "stranded-tags"))
    told = judged(*raised, accept=accept)
    expected = ["wildcard-runner", *["coverage"] * 3, "stranded-tags"]
    assert [(each.code, each.accepted) for each in told] == [(code, code != "coverage") for code in expected]


def test_each_once_and_the_worst_first():
    """A finding is told once; the order is severity, fleet first, then place, key, code."""
    raised = [
        finding("stranded-tags"),
        finding("coverage", at=Position("b.yaml", 1, 1)),
        finding("coverage", at=Position("a.yaml", 10, 1)),
        finding("coverage", at=Position("a.yaml", 9, 1)),
        finding("no-active-runner", key=None),
        finding("only-wildcard-serves", severity="info"),
    ]
    told = judged(*raised, *raised)
    assert told == judged(*reversed(raised))
    assert [(each.code, each.at) for each in told] == [
        ("no-active-runner", None),
        ("coverage", Position("a.yaml", 9, 1)),
        ("coverage", Position("a.yaml", 10, 1)),
        ("coverage", Position("b.yaml", 1, 1)),
        ("stranded-tags", HERE),
        ("only-wildcard-serves", HERE),
    ]
    assert told[4] == replace(raised[0], at=HERE)
