"""What belongs to which Account, when a burst of changes is over, and that nothing deleted comes back."""

from dataclasses import replace

import pytest

from reconciler.operator.resources.resource import ACCOUNTS, RUNNERS, Ref
from reconciler.operator.store import LONGEST_BURST_S, QUIET_S, Store, Versioned
from tests.fakes.clock import VirtualClock
from tests.fakes.resources import account, runner

FLEET = Ref("fleet", "default")


@pytest.fixture
def clock():
    """Time that passes only when it is turned."""
    return VirtualClock()


@pytest.fixture
def store(clock):
    """A store with the Account `default` of `fleet`."""
    made = Store(clock)
    made.put(ACCOUNTS, account(), 1)
    made.snapshot(FLEET)
    return made


def names(store, ref=FLEET):
    """The Runners of an Account."""
    snapshot = store.snapshot(ref)
    return [str(each.ref) for each in snapshot.runners]


@pytest.mark.parametrize(
    ("accounts", "of", "belongs"),
    [
        ([("fleet", "default", {})], {}, "fleet/default"),
        ([("other", "default", {})], {}, "other/default"),
        ([("fleet", "default", {}), ("other", "default", {})], {}, "fleet/default"),
        ([("fleet", "default", {"runnerNamespaces": ["nobody-*"]})], {}, "fleet/default"),
        ([("other", "gpu", {})], {"account": "gpu"}, "other/gpu"),
        ([("other", "default", {"runnerNamespaces": ["fl*"]})], {}, "other/default"),
        ([("a", "default", {"runnerNamespaces": ["a"]}), ("b", "default", {})], {}, "b/default"),
        ([("other", "default", {"runnerNamespaces": ["team-*"]})], {}, "leaves out fleet"),
        ([("a", "default", {}), ("b", "default", {})], {}, "several Accounts default: a/default, b/default"),
        ([("fleet", "default", {})], {"account": "gpu"}, "no Account gpu"),
        ([], {}, "no Account default"),
    ],
)
def test_a_runner_belongs_to_the_account_of_its_namespace_or_the_only_one_that_takes_it(clock, accounts, of, belongs):
    """The Account of the Runner's namespace, else the only one of that name that takes its namespace, else none."""
    store = Store(clock)
    for namespace, name, spec in accounts:
        store.put(ACCOUNTS, account(namespace, name, **spec), 1)
    store.put(RUNNERS, runner("one", **of), 2)
    owners = [str(ref) for ref in store.accounts() if names(store, ref)]
    whys = [why for _, why in store.strays()]
    assert owners == [belongs] if owners else len(whys) == 1
    assert owners or belongs in whys[0]


def test_a_burst_is_over_after_a_second_without_a_change(store, clock):
    """20 Runners one after the other are one burst; it is over QUIET_S after the last of them."""
    for number in range(20):
        clock.turn(0.1)
        store.put(RUNNERS, runner(f"r{number}"), number + 2)
        assert store.unsettled_s(FLEET) == pytest.approx(QUIET_S)
    clock.turn(QUIET_S - 0.01)
    assert store.unsettled_s(FLEET) > 0
    clock.turn(0.02)
    assert store.unsettled_s(FLEET) == 0
    assert len(names(store)) == 20


def test_a_burst_without_an_end_is_acted_on_all_the_same(store, clock):
    """A Runner that changes all the time delays a plan by LONGEST_BURST_S, not for ever."""
    for number in range(60):
        store.put(RUNNERS, runner("r", tags=[str(number)]), number + 2)
        clock.turn(0.1)
    assert LONGEST_BURST_S < 60 * 0.1
    assert store.unsettled_s(FLEET) == 0


def test_what_is_written_into_a_status_is_no_change(store):
    """The operator's own status patches start no cycle, and are kept for the next comparison."""
    store.put(RUNNERS, runner("one"), 2)
    before = store.mark(FLEET)
    store.put(RUNNERS, replace(runner("one"), status={"id": "x"}), 3)
    assert store.mark(FLEET) == before
    assert store.snapshot(FLEET).runners[0].status == {"id": "x"}


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.put(RUNNERS, runner("one", tags=["a"]), 9),
        lambda store: store.put(RUNNERS, replace(runner("one"), uid="another"), 9),
        lambda store: store.put(RUNNERS, runner("two"), 9),
        lambda store: store.put(RUNNERS, runner("one", account="gpu"), 9),
        lambda store: store.drop(RUNNERS, Ref("fleet", "one"), "one"),
        lambda store: store.put(ACCOUNTS, account(suspend=True), 9),
        lambda store: store.touch_secret(Ref("fleet", "token")),
    ],
)
def test_what_a_plan_depends_on_marks_the_account(store, change):
    """Runners that come, change, leave or go, the Account itself, and a secret that was used."""
    store.put(RUNNERS, runner("one"), 2)
    store.uses(FLEET, frozenset({Ref("fleet", "token")}))
    before = store.mark(FLEET)
    change(store)
    assert store.mark(FLEET) > before


def test_other_accounts_and_secrets_mark_nothing(store):
    """A change is of the Accounts whose plan it can change."""
    store.put(ACCOUNTS, account("fleet", "gpu"), 2)
    store.uses(FLEET, frozenset({Ref("fleet", "token")}))
    before = store.mark(FLEET)
    store.put(RUNNERS, runner("one", account="gpu"), 3)
    store.touch_secret(Ref("other", "token"))
    assert store.mark(FLEET) == before


def test_an_account_that_comes_takes_its_runners_from_another(store):
    """The Account that had a Runner of another namespace is marked when that namespace gets its own."""
    store.put(RUNNERS, runner("one", "team"), 2)
    assert names(store) == ["team/one"]
    before = store.mark(FLEET)
    store.put(ACCOUNTS, account("team"), 3)
    assert store.mark(FLEET) > before
    assert names(store) == []
    store.drop(ACCOUNTS, Ref("team", "default"), "a")
    assert names(store) == ["team/one"]


def test_an_older_version_changes_nothing(store):
    """Streams and lists overtake each other: the later resourceVersion stays."""
    store.put(RUNNERS, runner("one", tags=["new"]), 10)
    store.put(RUNNERS, runner("one", tags=["old"]), 9)
    assert store.snapshot(FLEET).runners[0].spec["tags"] == ["new"]


def test_a_list_drops_what_vanished_and_keeps_what_came_after_it(store):
    """What went while no stream was open is gone after a list; what was created after the list was made stays."""
    for number, name in enumerate(("kept", "vanished", "later")):
        store.put(RUNNERS, runner(name), 10 + 10 * number)
    with store.listing():
        store.replace(RUNNERS, None, [Versioned(runner("kept"), 10)], 25)
    assert names(store) == ["fleet/kept", "fleet/later"]


def test_a_list_of_one_namespace_leaves_the_others_alone(store):
    """With several namespaces each has a list of its own."""
    store.put(RUNNERS, runner("one", "fleet"), 2)
    store.put(RUNNERS, runner("two", "team"), 3)
    with store.listing():
        store.replace(RUNNERS, "team", [], 9)
    assert names(store) == ["fleet/one"]


def test_what_is_deleted_while_a_list_is_read_does_not_come_back(store):
    """A list that was begun before the deletion still holds it."""
    store.put(RUNNERS, runner("one"), 2)
    with store.listing():
        store.drop(RUNNERS, Ref("fleet", "one"), "one")
        store.replace(RUNNERS, None, [Versioned(runner("one"), 2)], 2)
    assert names(store) == []


def test_a_late_deletion_leaves_the_successor_alone(store):
    """Deleted and created anew under one name: the old one's deletion can arrive last."""
    store.put(RUNNERS, replace(runner("one"), uid="first"), 2)
    store.put(RUNNERS, replace(runner("one"), uid="second"), 4)
    store.drop(RUNNERS, Ref("fleet", "one"), "first")
    assert names(store) == ["fleet/one"]


def test_an_account_that_is_gone_has_no_snapshot(store):
    """Its loop ends; its Runners are of none."""
    store.put(RUNNERS, runner("one"), 2)
    store.drop(ACCOUNTS, FLEET, "a")
    assert store.snapshot(FLEET) is None
    assert [str(each.ref) for each, _why in store.strays()] == ["fleet/one"]
