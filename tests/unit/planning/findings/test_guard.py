from __future__ import annotations

import pytest

from reconciler.model.policy import Guard, Limit
from reconciler.model.position import Position
from reconciler.planning.findings.guard import allowed
from reconciler.planning.match import match
from tests.fakes.proposals import findings_of
from tests.fakes.small_plans import codes, entry, live, plan


def changed(count, of, **fields):
    """A plan that changes the names of `count` of `of` runners."""
    desired = [entry(n, id=live(n).id, name=f"new-{n}" if n <= count else f"gpu-{n}") for n in range(1, of + 1)]
    return plan(desired, [live(n) for n in range(1, of + 1)], **fields)


@pytest.mark.parametrize(
    ("limit", "matched", "expected"),
    [
        (Limit(0), 20, 0),
        (Limit(3), 1, 3),
        (Limit(30, percent=True), 20, 6),
        (Limit(30, percent=True), 19, 5),
        (Limit(50, percent=True), 2, 1),
        (Limit(50, percent=True), 1, 1),
        (Limit(50, percent=True), 0, 1),
        (Limit(0, percent=True), 100, 1),
        (Limit(100, percent=True), 7, 7),
        (Limit(12.5, percent=True), 16, 2),
        (Limit(29, percent=True), 100, 29),
    ],
)
def test_what_a_limit_allows(limit, matched, expected):
    """A count is a count, 0 included; a percentage is of the matched runners, rounded down, never less than one."""
    assert allowed(limit, matched) == expected


@pytest.mark.parametrize(("count", "raised"), [(5, False), (6, False), (7, True)])
def test_max_changes(count, raised):
    """Changes up to the limit pass, one more does not."""
    for limit in (Limit(6), Limit(30, percent=True)):
        found = changed(count, 20, guard=Guard(max_changes=limit))
        assert codes(found) == (["too-many-changes"] if raised else [])
        assert found.applyable is not raised


def test_the_message_of_a_limit():
    """It gives cause, count, limit and remedy."""
    (finding,) = changed(9, 20, guard=Guard(max_changes=Limit(30, percent=True))).findings
    assert finding.message == (
        "too many changes: 9 of 20 matched runners (45.0%) are updated or disabled, the guard allows 30% (6); check "
        "that this is meant, then raise guard.max_changes in the project file, apply in parts with --target, or accept "
        "it for one run with --acknowledge too-many-changes"
    )
    assert (finding.severity, finding.key, finding.at) == ("error", None, None)
    (finding,) = changed(9, 20, guard=Guard(max_changes=Limit(6))).findings
    assert "the guard allows 6; check" in finding.message


def test_nothing_is_limited_unless_set():
    """Without a guard any number passes."""
    assert codes(changed(20, 20)) == []


def test_max_disables():
    """Disables are the runners that stop being active, by whatever action; a disabled one that changes is none."""
    desired = [
        entry(1, status="disabled"),
        entry(2, status="disabled"),
        entry(3, status="disabled", tags=("x",)),
        entry(4),
    ]
    lives = [live(1), live(2), live(3, status="disabled"), live(4), live(5)]
    assert codes(plan(desired, lives, guard=Guard(max_disables=Limit(2)))) == []
    found = plan(desired, lives, guard=Guard(max_disables=Limit(1)))
    assert codes(found) == ["too-many-disables"]
    assert "too many disables: 2 stop being active, the guard allows 1" in found.findings[0].message
    retiring = {"unmanaged": "disable", "retire_unmanaged": ("gpu-*",)}
    assert codes(plan(desired, lives, guard=Guard(max_disables=Limit(3)), **retiring)) == []
    assert codes(plan(desired, lives, guard=Guard(max_disables=Limit(2)), **retiring)) == ["too-many-disables"]


def test_max_creates():
    """Creates have a limit of their own and do not count as changes."""
    desired = [entry(1, name="n", former_name="gpu-1"), *(entry(n) for n in range(2, 5))]
    lives = [live(1)]
    strict = Guard(max_changes=Limit(1), max_creates=Limit(3))
    assert codes(plan(desired, lives, guard=strict)) == []
    found = plan(desired, lives, guard=Guard(max_creates=Limit(2)))
    assert found.findings[0].message.startswith("too many creates: 3 are created, the guard allows 2; check")


@pytest.mark.parametrize("percent", [50, 100])
def test_a_share_is_of_runners_that_are_counted(percent):
    """A count that holds unmanaged or created runners, which are not matched ones, is not shown as a share of these."""
    half = Limit(percent, percent=True)
    desired = [entry(1, status="disabled"), *(entry(n) for n in range(8, 12))]
    lives = [live(1), live(2), live(3)]
    limits = Guard(max_disables=half, max_changes=half, max_creates=half)
    made = plan(desired, lives, guard=limits, unmanaged="disable", retire_unmanaged=("*",))
    said = {each.code: each.message.partition(";")[0] for each in made.findings}
    allows = f"the guard allows {percent}% of 1 matched runners (1)"
    assert said == {
        "too-many-disables": f"too many disables: 3 stop being active, {allows}",
        "too-many-changes": f"too many changes: 3 are updated or disabled, {allows}",
        "too-many-creates": f"too many creates: 4 are created, {allows}",
    }


def test_no_matched_runner_needs_no_share():
    """An empty fleet has no percentage to tell, and a percentage of nothing still allows one."""
    guard = Guard(max_changes=Limit(50, percent=True), max_disables=Limit(9))
    made = plan([], [live(1), live(2)], guard=guard, unmanaged="disable", retire_unmanaged=("*",))
    finding = next(each for each in made.findings if each.code == "too-many-changes")
    assert finding.message.startswith("too many changes: 2 are updated or disabled, the guard allows 50% (1); ")


def not_allowed(desired, lives, globs):
    """The findings about hosts."""
    made = findings_of(pairs=match(desired, lives).pairs, guard=Guard(endpoint_hosts=globs))
    return [each for each in made if each.code == "host-not-allowed"]


def hosts(globs, *desired, lives=()):
    """The keys whose endpoint's host is not allowed."""
    return [finding.key for finding in not_allowed(desired, lives, globs)]


def test_endpoint_hosts():
    """A host must match one of the globs, whatever the case of either; ports and paths do not count."""
    globs = ("*.Example.com", "8.8.8.*")
    good = [entry(1, endpoint="https://A.example.COM:8188/x"), entry(2), entry(3, endpoint="http://a.b.example.com")]
    assert hosts(globs, *good) == []
    bad = [
        entry(4, endpoint="https://example.com"),
        entry(5, endpoint="https://a.example.com.evil.test"),
        entry(6, endpoint="https://evil.test/.example.com"),
        entry(7, endpoint="https://evil.test?.example.com"),
        entry(8, endpoint="nonsense.example.com"),
    ]
    assert hosts(globs, *bad) == [each.key for each in bad]
    assert hosts(None, *bad) == []
    assert hosts((), *good) == ["gpu-1", "gpu-2", "gpu-3"]


def test_endpoint_hosts_by_ipv6_address():
    """An address, or a pattern of addresses, stands in the brackets that it has in a URL; else brackets are a set."""
    loopback, local = entry(1, endpoint="http://[::1]:8188"), entry(2, endpoint="https://[FE80::1]")
    assert hosts(("[::1]", "[fe80::*]"), loopback, local) == []
    assert hosts(("[::1]", "[fe81::*]", "[1]"), loopback, local) == ["gpu-2"]
    assert hosts(("[ab].local",), entry(3, endpoint="http://b.local"), entry(4, endpoint="http://c.local")) == ["gpu-4"]
    (finding,) = not_allowed([loopback], [], ("a",))
    assert finding.message.startswith("the endpoint's host [::1] is not among guard.endpoint_hosts (a); ")


def test_international_hosts_are_matched_in_either_spelling():
    """A pattern may be written in Unicode, though an endpoint in a manifest is in punycode."""
    unicode, punycode = (
        entry(1, endpoint="https://a.bücher.example"),
        entry(2, endpoint="https://a.xn--bcher-kva.example"),
    )
    for glob in ("*.bücher.example", "*.Bücher.example", "*.xn--bcher-kva.example"):
        assert hosts((glob,), unicode, punycode) == []
    assert hosts(("*.bucher.example",), unicode, punycode) == ["gpu-1", "gpu-2"]


def test_an_endpoint_that_does_not_change_is_judged_too():
    """The guard is about the manifests: also what live has already; but an unmanaged endpoint is not the manifest's."""
    assert hosts(("h",), entry(1), lives=[live(1)]) == ["gpu-1"]
    assert hosts(("h",), entry(1, unmanaged=frozenset({"endpoint"})), lives=[live(1)]) == []
    assert hosts(("h",), entry(1, unmanaged=frozenset({"endpoint"}))) == ["gpu-1"]


def test_the_message_of_a_wrong_host():
    """It names the host and what is allowed, at the endpoint's place."""
    wanted = entry(1, field_at={"endpoint": Position("runners.yaml", 9, 15)})
    made = plan([wanted], [live(1)], guard=Guard(endpoint_hosts=("*.example.com", "b")))
    (finding,) = made.findings
    assert finding.at == Position("runners.yaml", 9, 15)
    assert finding.message == (
        "the endpoint's host 8.8.8.1 is not among guard.endpoint_hosts (*.example.com, b); correct the endpoint, or "
        "add its host there"
    )
    assert not made.applyable


def test_the_host_guard_judges_what_is_targeted():
    """An entry that this run does not write is at its live state, and its manifest is not judged."""
    made = plan(
        [entry(1), entry(2, endpoint="http://b.example")],
        [live(1)],
        guard=Guard(endpoint_hosts=("b.example",)),
        targets=("gpu-2",),
    )
    assert codes(made) == []
