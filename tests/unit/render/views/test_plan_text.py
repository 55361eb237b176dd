"""A plan as text."""

from __future__ import annotations

import dataclasses
import re

import pytest

from reconciler.model.finding import Finding
from reconciler.model.plan import Budget, Capacity, Gate, UnmanagedRunner, Wait
from reconciler.model.position import Position
from reconciler.model.report import Failure, Outcome, Report, RequestCount
from reconciler.render import escape
from tests.fakes import sample_plans as sample
from tests.fakes.hostile import HOSTILE
from tests.fakes.rendering import rendered, rendered_report
from tests.fakes.runners import make_change

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def lines(plan, **options):
    """The plan's lines."""
    return rendered(plan, **options).splitlines()


def test_the_closing_line_of_a_plan():
    """The last line counts everything, in the words that scripts look for."""
    off = sample.action(key="b", turns_off=True)
    plan = sample.plan(sample.action("create"), sample.action(), off, unmanaged=(UnmanagedRunner("i", "n"),))
    assert lines(plan)[-1] == ("Plan: 1 to create, 2 to update (1 turns off), 0 to disable, 5 unchanged, 1 unmanaged.")


@pytest.mark.parametrize(
    ("off", "said"), [(0, "2 to update,"), (1, "2 to update (1 turns off),"), (2, "2 to update (2 turn off),")]
)
def test_updates_that_turn_off_are_counted(off, said):
    """The parenthesis stands only where an update ends an active status."""
    plan = sample.plan(*(sample.action(key=str(number), turns_off=number < off) for number in range(2)))
    assert said in lines(plan)[-1]


def test_a_disable_is_not_an_update_that_turns_off():
    """A retired runner is counted under disable, not once more behind the updates."""
    plan = sample.plan(sample.action("disable", turns_off=True))
    assert lines(plan)[-1] == "Plan: 0 to create, 0 to update, 1 to disable, 5 unchanged, 0 unmanaged."


@pytest.mark.parametrize(
    ("unchanged", "said"),
    [
        (0, "No changes. 0 runners match the manifests."),
        (1, "No changes. 1 runner matches the manifests."),
        (6, "No changes. 6 runners match the manifests."),
    ],
)
def test_no_changes(unchanged, said):
    """A plan without changes says where it looked, and that nothing is to be done."""
    assert lines(sample.plan(unchanged=unchanged)) == ["Plan for https://api.comfycontrol.app", said]


def test_everything_is_shown():
    """Each part of a plan has its line."""
    shown = rendered(sample.everything())
    for part in (
        "Sandbox demo.db: the embedded emulator, not the service.",
        "Plan for environment production at https://api.comfycontrol.app",
        "Limited to prod-*, new-1;",
        "Capacity: gpu+sdxl: 3 -> 1 runners; wildcard: 1 -> 0\n",
        '+ new-1 "New Runner"\n    runners/p.yaml:8\n',
        '~ prod-a100-1 "Production GPU Runner"\n    matched by id, runners/p.yaml:8\n',
        "~ prod-b\n",
        "- old-runner\n    matched by name\n",
        '    name      "GPU Runner" -> "Production GPU Runner"\n',
        "    endpoint  http://192.168.1.100:8188 -> https://comfy-1.example.com\n",
        "    headers   + X-New (sensitive)\n",
        "              - X-Old (sensitive)\n",
        "              ~ Authorization (sensitive)\n",
        '              ~ X-Pool "a100" -> "h100"\n',
        "              ? X-Unknown (not known here)\n",
        "    tags      + image-generation\n              - sdxl\n",
        "    status    unmanaged (kept)\n",
        "    status    active -> disabled (turns off)\n",
        "    in two writes: widen, then narrow\n    narrow after: prod-b, prod-c\n",
        "    in two writes: created active, then disabled\n",
        "    after: 1 of new-1, prod-c\n",
        "accepted by manifest: moved to the new pool (until 2026-12-31)\n",
        'Unmanaged, never touched: "somebody\'s runner", other\n',
        "Requests: 13 reads done, 6 writes and 1 check to come; at the rate limit they take at least 20 s.\n",
    ):
        assert part in shown
    assert "abcdefgh12345" not in shown


def test_findings_are_shown_by_rank():
    """Accepted errors lead, then what refuses, then a changed policy, then severity, then what else is accepted."""

    def finding(code, severity, *, accepted=False):
        return Finding(code=code, severity=severity, message=code, accepted=accepted)

    plan = sample.plan(
        findings=(
            finding("one", "info"),
            finding("two", "error", accepted=True),
            finding("three", "warning"),
            finding("four", "error"),
            finding("five", "warning", accepted=True),
            finding("policy-changed", "info"),
            finding("policy-changed", "warning", accepted=True),
        )
    )
    titles = [row for row in lines(plan) if re.match(r"  \S", row)]
    assert titles == [
        "  accepted error two",
        "  error four",
        "  accepted warning policy-changed",
        "  info policy-changed",
        "  warning three",
        "  info one",
        "  accepted warning five",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_keep_the_width(width):
    """Nothing but a single long word, or a line for scripts, passes the width."""
    for row in lines(sample.everything(), width=width):
        if not row.startswith("Plan: "):
            assert len(row) <= width or len(row.split()) <= 2


def test_without_a_width_nothing_is_wrapped():
    """Piped output has one line for one thing."""
    message = "word " * 100
    plan = sample.plan(findings=(Finding(code="x", severity="info", message=message),))
    assert f"    {message}" in lines(plan)


def test_colour_only_adds_colour():
    """With the escapes taken out, coloured text is the plain text."""
    coloured = rendered(sample.everything(), color=True, width=80)
    assert "\x1b[1;32m+ new-1" in coloured
    assert ANSI.sub("", coloured) == rendered(sample.everything(), width=80)


@pytest.mark.parametrize("sets", [4, 5])
def test_capacity_is_bounded(sets):
    """Four sets are named, the others counted."""
    plan = sample.plan(sample.action(), capacity=tuple(Capacity((f"t{number}",), 1, 2) for number in range(sets)))
    assert ("; and 1 more" in rendered(plan)) == (sets == 5)


@pytest.mark.parametrize(("keys", "more"), [(6, False), (7, True)])
def test_waits_are_bounded(keys, more):
    """Six keys that an action waits for are named, so that waits of a large plan stay linear."""
    gate = Gate(("gpu",), tuple(f"k{number}" for number in range(keys)))
    one = sample.action(requests=(sample.request(waits=(Wait(0, keys),)),))
    assert (" and 1 more" in rendered(sample.plan(one, gates=(gate,)))) == more


@pytest.mark.parametrize(("waits", "more"), [(4, False), (5, True)])
def test_gates_of_one_action_are_bounded(waits, more):
    """Four waits of one write are shown, the others counted."""
    gates = tuple(Gate((f"t{number}",), (f"k{number}",)) for number in range(waits))
    one = sample.action(requests=(sample.request(waits=tuple(Wait(number, 1) for number in range(waits))),))
    shown = rendered(sample.plan(one, gates=gates))
    assert ("after: and 1 more sets" in shown) == more


def test_an_action_does_not_wait_for_itself():
    """The second of two writes waits for the first by nature; that is not worth a line."""
    gate = Gate(("gpu",), ("prod-a100-1",))
    one = sample.action(requests=(sample.request("widen"), sample.request("narrow", waits=(Wait(0, 1),))))
    assert "after" not in rendered(sample.plan(one, gates=(gate,)))


@pytest.mark.parametrize(("seconds", "said"), [(0.0, False), (10.0, True)])
def test_the_seconds_at_the_limit(seconds, said):
    """Seconds are said where the limit costs any."""
    shown = rendered(sample.plan(sample.action(), budget=Budget(1, 1, 0, seconds)))
    assert ("at least 10 s" in shown) == said
    assert "Requests: 1 read done, 1 write to come" in shown


def test_a_snapshot_and_an_unresolved_secret_are_said():
    """A plan that can't be applied says so, and why."""
    assert "snapshot of 2026-01-01T00:00:00Z" in rendered(sample.plan(live_as_of="2026-01-01T00:00:00Z"))
    assert "could not be resolved" in rendered(sample.plan(complete=False))


@pytest.mark.parametrize("origin", ["branch", "drift", "conflict"])
def test_where_a_change_comes_from(origin):
    """With a base to compare to, each field says what brought it."""
    one = sample.action(changes=(make_change(field="name", before="a", after="b", origin=origin),))
    said = {"branch": "from this change", "drift": "drift that was there before", "conflict": "conflict: "}[origin]
    assert f"    name      {said}" in rendered(sample.plan(one))


def test_clearing_all_tags_is_spelled_out():
    """A runner left without tags takes any workflow, and the plan says that."""
    one = sample.action(changes=(sample.tags(("a",), ()),))
    assert "              none: takes any workflow\n" in rendered(sample.plan(one))


@pytest.mark.parametrize("raw", HOSTILE)
@pytest.mark.parametrize("width", [None, 20])
def test_hostile_text_is_harmless(raw, width):
    """No line of a plan full of hostile text is a command or holds a hidden character, wrapped or not."""
    change = make_change(field="name", before=raw, after=raw)
    headers = make_change(field="headers", added=(raw,), unknown=(raw,), public={raw: (raw, raw)})
    one = sample.action(key=raw, name=raw + "x", changes=(change, headers, sample.tags((), (raw,))))
    plan = sample.plan(
        one,
        environment=raw,
        sandbox=raw,
        targets=(raw,),
        live_as_of=raw,
        unmanaged=(UnmanagedRunner(raw, raw),),
        capacity=(Capacity((raw, raw), 1, 0),),
        findings=(
            Finding(code="x", severity="error", message=raw, key=raw, at=Position(raw, 1, 1)),
            Finding(code="x", severity="error", message=raw, accepted=True, accepted_by=raw),
        ),
    )
    for row in lines(plan, width=width):
        assert escape.text(row) == row


def test_a_report_of_success_is_one_line():
    """After an apply that did all it should, one line counts what was done."""
    assert rendered_report(sample.report("applied", "applied")) == ("Applied: 0 created, 2 updated, 0 disabled.\n")


def test_a_report_says_what_is_not_applied():
    """Every outcome that is not applied has its line and its reason; then come counts and the next step."""
    statuses = ("applied", "failed", "stale", "unverified", "widened_only", "not_attempted", "not_attempted")
    assert rendered_report(sample.report(*statuses, interrupted=True), width=100).splitlines() == [
        "Interrupted.",
        "  applied runner-1",
        "  failed runner-2 (update)",
        "    why failed",
        "  stale runner-3 (update)",
        "    why stale",
        "  unverified runner-4 (update)",
        "    why unverified",
        "  widened only runner-5 (update)",
        "    why widened_only",
        "  not attempted runner-6 (update)",
        "    why not_attempted",
        "  not attempted runner-7 (update)",
        "    why not_attempted",
        "Applied: 0 created, 1 updated, 0 disabled.",
        "Not applied: 1 failed, 1 stale, 1 unverified, 1 widened only, 2 not attempted.",
        "Run plan to see what remains, then apply again.",
        "Requests: 1 read, 7 writes.",
    ]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("stale", "it was left as it is; plan again"),
        ("unverified", "it may or may not have taken; plan again to see"),
        ("not_attempted", "nothing was sent for it"),
        ("widened_only", "it took its first write only and still serves what it should lose; apply again"),
    ],
)
def test_an_outcome_without_a_reason_says_what_follows(status, said):
    """Every status has its own next step, for when the outcome brings no message."""
    outcome = dataclasses.replace(sample.report(status).outcomes[0], error=None)
    shown = rendered_report(Report((outcome,), RequestCount()))
    assert f"    {said}\n" in shown
    assert "Applied: 0 created, 0 updated, 0 disabled.\n" in shown
    assert "  applied" not in shown


def test_repeats_and_cooldowns_are_counted():
    """What the run met is said also when everything is applied in the end."""
    shown = rendered_report(sample.report("applied", requests=RequestCount(2, 1, 3, 1)))
    assert shown.endswith(
        "Requests: 2 reads, 1 write, 3 repeated, "
        "1 over the rate limit, which other processes behind this address share.\n"
    )


def test_a_report_of_the_sandbox_says_so():
    """No report of the emulator can be taken for one of the service; the closing line is the same."""
    shown = rendered_report(sample.report("applied"), sandbox="demo.db").splitlines()
    assert shown[0] == "Sandbox demo.db: the embedded emulator, not the service."
    assert shown[-1] == "Applied: 0 created, 1 updated, 0 disabled."


def test_tags_that_only_go():
    """A runner of which only tags are taken away shows no empty line for those added."""
    one = sample.action(changes=(sample.tags(("a", "b"), ("a",)),))
    assert "    tags      - b\n\n" in rendered(sample.plan(one))


@pytest.mark.parametrize("raw", HOSTILE)
def test_a_hostile_report_is_harmless(raw):
    """Keys and the service's messages can't act in a report."""
    outcomes = tuple(
        Outcome(key=raw, action="update", id=raw, status=status, error=Failure(raw, raw))
        for status in ("failed", "applied")
    )
    shown = rendered_report(Report(outcomes, RequestCount()), sandbox=raw, width=30)
    assert all(escape.text(row) == row for row in shown.splitlines())
