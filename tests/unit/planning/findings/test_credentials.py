from __future__ import annotations

import pytest

from reconciler.model.position import Position
from reconciler.model.secret import Literal, Secret, Unresolved
from tests.fakes.small_plans import codes, entry, live, plan

OLD, NEW = "https://old.example.com", "https://new.example.com"
TOKEN = "Bearer long-enough-and-secret"


def moved(wanted, current, *, before=OLD, after=NEW, **fields):
    """The findings of a runner that moves from one endpoint to another."""
    return plan([entry(1, endpoint=after, headers=wanted, **fields)], [live(1, endpoint=before, headers=current)])


def test_credentials_that_stay_while_the_host_changes():
    """credential-redirect: the message names hosts and headers, and no value."""
    wanted = {"authorization": Secret(TOKEN), "X-Key": Secret("k" * 9), "X-New": Secret("n" * 9)}
    made = moved(wanted, {"Authorization": Secret(TOKEN), "X-Key": Secret("k" * 9)})
    (finding,) = made.findings
    assert (finding.code, finding.severity, finding.key) == ("credential-redirect", "warning", "gpu-1")
    assert finding.message == (
        "the endpoint moves from https://old.example.com to https://new.example.com while the headers "
        "authorization, X-Key stay: the new host gets the credentials of the old one; check the host, and "
        "give it credentials of its own"
    )
    assert TOKEN not in repr(made)


@pytest.mark.parametrize(
    ("wanted", "current", "raised"),
    [
        (None, {"A": Secret(TOKEN)}, True),
        ({"A": Unresolved("${env:A}")}, {"A": Secret(TOKEN)}, True),
        ({"A": Secret(TOKEN)}, {"A": Unresolved("x")}, True),
        ({"A": Secret(TOKEN)}, {"A": Secret("another")}, False),
        ({"A": Secret(TOKEN)}, {"B": Secret(TOKEN)}, True),
        ({"A": Secret("short")}, {"A": Secret("short")}, True),
        ({"A": Secret("short")}, {"B": Secret("short")}, False),
        ({"A": Secret(TOKEN.replace("Bearer", "bearer"))}, {"A": Secret(TOKEN)}, True),
        ({"X-Key": Secret(TOKEN.removeprefix("Bearer "))}, {"Authorization": Secret(TOKEN)}, True),
        ({"A": Secret(TOKEN)}, {"X-Key": Secret(f" {TOKEN.removeprefix('Bearer ')} ")}, True),
        ({"A": Secret("Basic dXNlcjpwYXNzd29yZA==")}, {"B": Secret("basic dXNlcjpwYXNzd29yZA")}, True),
        ({"A": Secret("user:password")}, {"B": Secret("Basic dXNlcjpwYXNzd29yZA==")}, True),
        ({"A": Unresolved("${env:B}")}, {"C": Secret(TOKEN)}, True),
        ({"Accept": Secret("application/json")}, {"accept": Secret("application/json")}, True),
        ({"X": Secret("application/json")}, {"accept": Secret("application/json")}, False),
        ({"Accept": Secret(TOKEN)}, {"A": Secret(TOKEN)}, True),
        ({"A": "a100"}, {"A": "a100"}, False),
        ({"A": Secret(TOKEN)}, {}, False),
        ({}, {"A": Secret(TOKEN)}, False),
    ],
)
def test_which_values_stay(wanted, current, raised):
    """By value, whatever its name and scheme, or where it is not known to change; a public one is no credential."""
    assert codes(moved(wanted, current)) == (["credential-redirect"] if raised else [])


@pytest.mark.parametrize(
    ("before", "after", "raised"),
    [
        (OLD, "https://OLD.example.com:443/x", False),
        (OLD, "https://old.example.com:8443", True),
        (OLD, "http://old.example.com", True),
        ("https://bücher.example.com", "https://xn--bcher-kva.example.com/x", False),
        ("http://10.0.0.1:8188", "http://10.0.0.1:8188/a", False),
        (OLD, "https://old.example.com.evil.test", True),
        ("not a url", NEW, True),
    ],
)
def test_which_moves_count(before, after, raised):
    """Another origin counts: scheme, host or port; another path, case or spelling of the port does not."""
    headers = {"A": Secret(TOKEN)}
    assert ("credential-redirect" in codes(moved(headers, headers, before=before, after=after))) is raised


@pytest.mark.parametrize(
    ("endpoint", "header", "raised"),
    [
        (NEW, ("Authorization", TOKEN), True),
        (NEW, ("X-Renamed", TOKEN.removeprefix("Bearer ")), True),
        (OLD, ("Authorization", TOKEN), False),
        (f"{OLD}:8443", ("Authorization", TOKEN), True),
        (NEW, ("Authorization", "Bearer of-its-own-and-long"), False),
    ],
)
@pytest.mark.parametrize("managed", [True, False])
def test_a_new_runner_that_reuses_the_secret_of_another_host(endpoint, header, raised, managed):
    """Over the whole fleet, unmanaged runners too: the new host gets what another one gets now."""
    current = live(1, endpoint=OLD, headers={"Authorization": Secret(TOKEN)})
    others = [entry(1, endpoint=OLD, headers={"Authorization": Secret(TOKEN)})] if managed else []
    made = plan([*others, entry(2, endpoint=endpoint, headers={header[0]: Secret(header[1])})], [current])
    found = [finding for finding in made.findings if finding.code == "credential-redirect"]
    assert [finding.key for finding in found] == (["gpu-2"] if raised else [])
    if found:
        assert found[0].message == (
            f"the header {header[0]} holds what https://old.example.com gets now, and would give it to another host; "
            "check the host, and give it credentials of its own"
        )


def test_a_host_that_gets_the_secret_already_is_no_other_host():
    """Two hosts that share a secret may go on to share it."""
    headers = {"A": Secret(TOKEN)}
    lives = [live(1, endpoint=OLD, headers=headers), live(2, endpoint=NEW, headers=headers)]
    made = plan([entry(1, endpoint=NEW, headers=headers), entry(2, endpoint=NEW, headers=headers)], lives)
    assert "credential-redirect" not in codes(made)


def test_what_an_endpoint_gets_already_is_not_sent_anew():
    """An update of neither endpoint nor headers sends nothing to another host, whatever other runners have."""
    lives = [
        live(1, endpoint=NEW, headers={"Accept": Secret(TOKEN)}),
        live(2, endpoint=OLD, headers={"A": Secret(TOKEN)}),
    ]
    wanted = [entry(1, endpoint=f"{NEW}/", headers={"accept": Secret(TOKEN)}, tags=("gpu", "x"))]
    assert "credential-redirect" not in codes(plan(wanted, lives))
    moving = [entry(1, endpoint=f"{NEW}:8443", headers={"accept": Secret(TOKEN)}, tags=("gpu", "x"))]
    assert "credential-redirect" in codes(plan(moving, lives))


def test_a_reference_stands_for_what_is_not_known():
    """Offline, a new runner that refers to what a live runner of another host refers to is found too."""
    reference = Unresolved("Bearer ${env:RECONCILER_T}")
    current = live(1, endpoint=OLD, headers={"A": Unresolved("(sensitive)")})
    other = {"X": Unresolved("${env:RECONCILER_T}"), "Y": Unresolved("${env:RECONCILER_OTHER}")}
    made = plan([entry(1, endpoint=OLD, headers={"A": reference}), entry(2, endpoint=NEW, headers=other)], [current])
    (finding,) = (finding for finding in made.findings if finding.code == "credential-redirect")
    assert finding.key == "gpu-2"
    assert finding.message.startswith("the header X holds what")


@pytest.mark.parametrize(
    ("endpoint", "headers", "raised"),
    [
        ("http://comfy.example.com", {"A": Secret(TOKEN)}, True),
        ("HTTP://comfy.example.com", {"A": Secret(TOKEN)}, True),
        ("http://8.8.8.8:8188", {"A": Unresolved("x")}, True),
        ("https://comfy.example.com", {"A": Secret(TOKEN)}, False),
        ("http://comfy.example.com", {"A": "a100"}, False),
        ("http://comfy.example.com", {}, False),
        ("http://192.168.1.100:8188", {"A": Secret(TOKEN)}, False),
        ("http://gpu.internal", {"A": Secret(TOKEN)}, False),
        ("http://gpu", {"A": Secret(TOKEN)}, False),
        ("http://", {"A": Secret(TOKEN)}, False),
    ],
)
def test_plaintext(endpoint, headers, raised):
    """plaintext-secret: a value that is not public goes to a public host over http."""
    assert ("plaintext-secret" in codes(plan([entry(1, endpoint=endpoint, headers=headers)], []))) is raised


def test_plaintext_counts_what_is_carried_over():
    """Unmanaged headers are sent as well; a runner at rest stays silent."""
    current = live(1, endpoint="http://comfy.example.com", headers={"A": Secret(TOKEN), "B": Secret(TOKEN)})
    wanted = entry(1, endpoint=current.spec.endpoint, headers=None)
    assert codes(plan([wanted], [current])) == []
    made = plan([entry(1, name="n", former_name="gpu-1", endpoint=current.spec.endpoint, headers=None)], [current])
    (finding,) = made.findings
    assert finding.message == (
        "the headers A, B go to the public host comfy.example.com over plain http, where anybody on the way can read "
        "along; use https"
    )


@pytest.mark.parametrize(
    ("value", "raised"),
    [
        (Secret(""), True),
        (Secret("changeme"), True),
        (Secret("Bearer xxx"), True),
        (Secret(TOKEN), False),
        (Unresolved("${env:CHANGEME}"), False),
        ("changeme", False),
    ],
)
def test_placeholders(value, raised):
    """placeholder-secret: a value of the manifest that is empty or one like changeme."""
    assert codes(plan([entry(1, headers={"A": value})], [])) == (["placeholder-secret"] if raised else [])


def test_placeholders_that_nobody_owns():
    """An unmanaged placeholder is the service's, not the manifest's."""
    current = live(1, headers={"A": Secret("changeme")})
    wanted = entry(1, headers={"A": Secret("changeme")}, tags=("gpu", "x"), unmanaged=frozenset({"headers"}))
    assert codes(plan([wanted], [current])) == []


def test_the_message_of_a_placeholder():
    """It names the headers, at their place in the manifest, and one runner is one finding."""
    headers = {"A": Secret(""), "B": Secret("todo"), "C": Secret(TOKEN)}
    made = plan([entry(1, headers=headers, field_at={"headers": Position("runners.yaml", 5, 5)})], [])
    (finding,) = made.findings
    assert finding.at == Position("runners.yaml", 5, 5)
    assert finding.message.startswith("the headers A, B are empty, a placeholder such as changeme, or not clean (")


def test_one_header_is_told_in_the_singular():
    """A message about one header reads as one."""
    made = plan([entry(1, endpoint="http://comfy.example.com", headers={"A": Secret("")})], [])
    placeholder, plaintext = (finding.message for finding in made.findings)
    assert plaintext.startswith("the header A goes to the public host")
    assert placeholder.startswith("the header A is empty")
    (redirect,) = moved({"A": Secret(TOKEN)}, {"A": Secret(TOKEN)}).findings
    assert "while the header A stays: " in redirect.message


def test_retired_runners_are_not_judged():
    """A retired runner sends its headers nowhere any more."""
    current = live(1, endpoint="http://comfy.example.com", headers={"A": Secret("changeme")})
    made = plan([entry(2)], [current, live(2)], unmanaged="disable", retire_unmanaged=("gpu-1",))
    assert made.count("disable") == 1
    assert codes(made) == []


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Authorization": Literal(TOKEN)}, "the header Authorization is written out in the manifest and looks like"),
        ({"A": Literal(TOKEN), "B": Literal(TOKEN)}, "the headers A, B are written out in the manifest and look like"),
        ({"Authorization": Secret(TOKEN)}, None),
        ({"Authorization": Unresolved("Bearer ${env:RECONCILER_T}")}, None),
        ({"Authorization": TOKEN}, None),
        ({"X-Pool": Literal("a100")}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_credential_that_is_written_out(headers, named):
    """literal-secret: also of a runner at rest; a reference and a public header are none. No value is shown."""
    wanted = entry(1, headers=headers, field_at={"headers": Position("runners.yaml", 5, 5)})
    current = live(1, headers=headers or {})
    for made in (plan([wanted], []), plan([wanted], [current])):
        found = [finding for finding in made.findings if finding.code == "literal-secret"]
        assert len(found) == bool(named)
        for finding in found:
            assert (finding.severity, finding.key, finding.at) == ("warning", "gpu-1", Position("runners.yaml", 5, 5))
            assert finding.message.startswith(named)
            assert "long-enough" not in finding.message


def test_headers_that_nobody_owns_are_not_written_out():
    """What the manifest inherits and releases is not sent from it."""
    wanted = entry(1, headers={"Authorization": Literal(TOKEN)}, unmanaged=frozenset({"headers"}))
    assert codes(plan([wanted], [live(1)])) == []
