from __future__ import annotations

import pytest

from reconciler.errors import ManifestError, UsageProblem
from reconciler.model.finding import Acceptance
from reconciler.model.plan import Budget, Capacity, UnmanagedRunner
from reconciler.model.policy import Acknowledgement, Guard, Promise
from reconciler.model.position import Position
from reconciler.model.secret import Secret, Unresolved
from tests.fakes.small_plans import apply_to, codes, entry, live, plan, runner_id

HERE = Position("reconciler.yaml", 1, 1)


def keys(made):
    """(action, key) of a plan."""
    return [(action.action, action.key) for action in made.actions]


def test_the_documented_update_is_one_request():
    """A new tag, a dropped header and a new name are one PUT of all five fields; the next plan is empty."""
    current = live(1, tags=("image-generation", "production"), headers={"A": Secret("one"), "X-Old": Secret("two")})
    wanted = entry(1, id=runner_id(1), name="Updated", tags=("production", "gpu-a100"), headers={"A": Secret("one")})
    made = plan([wanted], [current])
    (action,) = made.actions
    (request,) = action.requests
    assert [change.field for change in action.changes] == ["name", "headers", "tags"]
    assert request.body.omitted == frozenset()
    assert made.budget == Budget(reads=1, writes=1, checks=0, verify=1, seconds=0.0)
    assert plan([wanted], apply_to(made, [current])).actions == ()


def test_counts_and_order():
    """Actions stand in the order of their keys; the rest is counted, and unmanaged runners stand by name."""
    desired = [entry(4), entry(1, tags=("x",)), entry(2), entry(3, status="disabled")]
    lives = [live(1), live(2), live(3), live(6, name="z"), live(7, name="a")]
    made = plan(desired, lives)
    assert keys(made) == [("update", "gpu-1"), ("update", "gpu-3"), ("create", "gpu-4")]
    assert (made.count("create"), made.count("update"), made.count("disable"), made.turned_off) == (1, 2, 0, 1)
    assert made.unchanged == 1
    assert made.unmanaged == (UnmanagedRunner(runner_id(7), "a"), UnmanagedRunner(runner_id(6), "z"))


def test_unmanaged_runners_can_be_ignored():
    """With `unmanaged: ignore` they are not even counted."""
    assert plan([], [live(1)], unmanaged="ignore").unmanaged == ()


def test_retiring():
    """Unmanaged runners in scope are disabled, by exact case, once; those out of scope or off already are reported."""
    scope = {"unmanaged": "disable", "retire_unmanaged": ("prod-*", "old")}
    lives = [
        live(1, name="prod-1"),
        live(2, name="Prod-2"),
        live(3, name="prod-3", status="disabled"),
        live(4, name="old", status="paused"),
        live(5),
    ]
    made = plan([entry(5)], lives, **scope)
    assert keys(made) == [("disable", f"unmanaged:{runner_id(1)}"), ("disable", f"unmanaged:{runner_id(4)}")]
    assert (made.turned_off, made.budget.checks, made.budget.writes) == (1, 2, 2)
    assert [each.name for each in made.unmanaged] == ["Prod-2", "prod-3"]
    assert plan([entry(5)], apply_to(made, lives), **scope).actions == ()
    assert plan([entry(5)], lives, targets=("gpu-5",), **scope).actions == ()


def test_targets_limit_what_is_written():
    """An entry that no target matches is neither an action nor unchanged, unless it is as wanted already."""
    desired = [entry(1, tags=("x",)), entry(2, tags=("x",)), entry(3), entry(4)]
    made = plan(desired, [live(1), live(2), live(3)], targets=("gpu-[14]", "gpu-1"))
    assert keys(made) == [("update", "gpu-1"), ("create", "gpu-4")]
    assert made.unchanged == 1
    assert made.targets == ("gpu-[14]", "gpu-1")


def test_a_target_that_matches_nothing():
    """It is a usage problem that names every such target and the nearest key; case counts."""
    with pytest.raises(UsageProblem) as caught:
        plan([entry(1), entry(2)], [], targets=("gpu-1", "GPU-*", "gpu-3", "zzz"))
    assert str(caught.value) == (
        "--target GPU-*: no runner of the manifests has such a key; did you mean gpu-2?\n"
        "--target gpu-3: no runner of the manifests has such a key; did you mean gpu-2?\n"
        "--target zzz: no runner of the manifests has such a key"
    )


def test_a_skipped_runner_is_judged_and_not_written():
    """Guards, promises and findings see it as it is live; it is no action, whatever `--target` says."""
    promise = (Promise(("x",), 1, HERE),)
    desired, lives = [entry(1, tags=("x",)), entry(2, tags=("y",))], [live(1), live(2)]
    made = plan(desired, lives, skipped=frozenset({"gpu-1"}), promises=promise)
    assert keys(made) == [("update", "gpu-2")]
    assert "coverage" in codes(made)
    assert keys(plan(desired, lives, skipped=frozenset({"gpu-1"}), targets=("gpu-1",))) == []


def test_coverage_sees_the_whole_fleet():
    """A runner that is not targeted serves what it serves live, not what its manifest wants."""
    desired = [entry(1, status="disabled"), entry(2, status="disabled")]
    lives = [live(1), live(2)]
    promise = (Promise(("gpu",), 1, HERE),)
    assert codes(plan(desired, lives, targets=("gpu-1",), promises=promise)) == []
    assert "coverage" in codes(plan(desired, lives, promises=promise))


def test_unmanaged_runners_serve_too():
    """A runner that no entry matches keeps serving, until it is retired."""
    desired, lives = [entry(1, status="disabled")], [live(1), live(2)]
    assert codes(plan(desired, lives)) == []
    made = plan(desired, lives, unmanaged="disable", retire_unmanaged=("gpu-2",))
    assert "no-active-runner" in codes(made)


def test_capacity():
    """The plan says how many runners serve a tag set before and after; a disabled or paused one serves nothing."""
    desired = [entry(1, status="disabled"), entry(2), entry(3, status="disabled"), entry(4, status=None, tags=("x",))]
    made = plan(desired, [live(1), live(2), live(4, status="paused")])
    assert made.capacity == (Capacity(("gpu",), 2, 1),)


def test_an_active_create_serves():
    """A runner created active serves its tags afterwards; without tags it is a wildcard."""
    assert plan([entry(1)], []).capacity == (Capacity(("gpu",), 0, 1),)
    made = plan([entry(1, tags=None)], [])
    assert made.capacity == (Capacity((), 0, 1),)
    assert codes(made) == ["wildcard-runner"]


def test_writes_are_put_in_order():
    """A runner that takes over is enabled before the other is disabled, and both are in the plan by key."""
    made = plan([entry(1, status="disabled"), entry(2)], [live(1), live(2, status="disabled")])
    assert [bool(action.requests[0].waits) for action in made.actions] == [True, False]
    assert [gate.keys for gate in made.gates] == [("gpu-2",)]
    swap = plan([entry(1, tags=("b",)), entry(2, tags=("a",))], [live(1, tags=("a",)), live(2, tags=("b",))])
    assert codes(swap) == ["briefly-widened"]
    assert swap.budget.writes == 3
    forbidden = plan(
        [entry(1, tags=("b",)), entry(2, tags=("a",))],
        [live(1, tags=("a",)), live(2, tags=("b",))],
        guard=Guard(two_phase=False),
    )
    assert "brief-gap" in codes(forbidden)


def test_budget():
    """Reads are those of the listing unless told; checks are one for each PUT that carries unmanaged fields."""
    desired = [
        entry(1, tags=("x",)),
        entry(2, tags=("x",), headers=None),
        entry(3, status="disabled", headers=None),
        entry(4, headers=None),
    ]
    lives = [live(1), live(2), live(4), live(5, name="old")]
    retiring = {"unmanaged": "disable", "retire_unmanaged": ("old",)}
    assert plan(desired, lives, **retiring).budget == Budget(reads=1, writes=5, checks=2, verify=1, seconds=0.0)
    for reads, seconds in ((32, 0.0), (33, 10.0)):
        made = plan(desired, lives, reads=reads, **retiring).budget
        assert made == Budget(reads=reads, writes=5, checks=2, verify=1, seconds=seconds)


@pytest.mark.parametrize(("before", "verify"), [(98, 1), (99, 2), (100, 2), (198, 2), (199, 3)])
def test_the_closing_list_is_of_what_will_be_there(before, verify):
    """One read a hundred runners, created ones among them, and one more where the last page is full."""
    lives = [live(number) for number in range(before)]
    assert plan([entry(1000)], lives).budget.verify == verify
    assert plan([entry(1000)], lives, verify=False).budget.verify == 0
    assert plan([], lives).budget.verify == 0


def test_complete():
    """A plan is complete when every value is known: in the manifests, and live where it is compared."""
    unknown = {"A": Unresolved("(sensitive)")}
    assert plan([entry(1)], [live(1)]).complete
    assert not plan([entry(1)], [live(1)], complete=False).complete
    made = plan([entry(1, headers={"A": Secret("x")})], [live(1, headers=unknown)], live_as_of="2026-01-01T00:00:00Z")
    assert (made.complete, made.unchanged, made.actions, made.applyable) == (False, 1, (), False)
    assert plan([entry(1, headers=None)], [live(1, headers=unknown)]).complete
    assert plan([], [live(1, headers=unknown)]).complete


def test_what_the_plan_records():
    """Account, digest, times and the ways it was made stand in the plan."""
    made = plan([entry(1)], [live(1)], sandbox="box.db", live_as_of="2026-01-01T00:00:00Z")
    assert (made.account, made.manifest_digest, made.sandbox) == ("user-1", "digest", "box.db")
    assert made.live_as_of == "2026-01-01T00:00:00Z"
    assert not made.applyable
    assert plan([], []).account is None


def test_acceptances_reach_the_findings():
    """An acceptance in the manifest and an acknowledgement each make a refused plan applyable."""
    taken = (Acceptance("possible-rename", "both are meant", None, HERE),)
    lives = [live(1)]
    wanted = {"endpoint": "https://8.8.8.1:8188"}
    assert not plan([entry(2, **wanted)], lives).applyable
    assert plan([entry(2, accept=taken, **wanted)], lives).applyable
    assert plan([entry(2, **wanted)], lives, acknowledged=(Acknowledgement("possible-rename", "gpu-2"),)).applyable
    with pytest.raises(UsageProblem, match=r"did you mean possible-rename\?"):
        plan([], [], acknowledged=(Acknowledgement("possible-renames"),))


def test_problems_of_matching_stop_the_plan():
    """Entries that meet no or several runners are an error before anything else is told."""
    with pytest.raises(ManifestError):
        plan([entry(1, id=runner_id(9))], [])
