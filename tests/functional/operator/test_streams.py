"""The store follows the API server, whatever becomes of connections, versions and definitions."""

import logging
import os
from pathlib import Path

import pytest

from reconciler.adapters.clock import SystemClock
from reconciler.adapters.signals import StopFlag
from reconciler.operator.cluster.login import login
from reconciler.operator.listing import PAGE
from reconciler.operator.resources.resource import GROUP, RUNNERS, VERSION, Ref
from reconciler.operator.store import Store
from reconciler.operator.streams import Streams, Timing
from tests.fakes.kubernetes.cluster import account, namespace, runner, secret, until
from tests.functional.operator.conftest import install

FLEET = Ref("default", "default")
TIMING = Timing(silent_s=1.0, missing_s=0.5, given_up_s=3.0)


class Following:
    """Streams into a store, for as long as the context lasts."""

    def __init__(self, **more):
        clock = SystemClock(StopFlag())
        self.store = Store(clock)
        self.streams = Streams(self.store, clock, login, timing=TIMING, **more)

    def __enter__(self):
        self.streams.__enter__()
        return self

    def __exit__(self, *_):
        self.streams.__exit__()

    @property
    def names(self):
        """The Runners of the Account `default`."""
        snapshot = self.store.snapshot(FLEET)
        return {runner.ref.name for runner in snapshot.runners} if snapshot else set()

    def sees(self, *names):
        """Wait until exactly these Runners are there."""
        until(lambda: self.names == set(names), f"{names}")


@pytest.fixture(autouse=True)
def _kopf_as_it_was():
    """The streams quieten kopf's logger; others want it as it was."""
    level = logging.getLogger("kopf").level
    yield
    logging.getLogger("kopf").setLevel(level)


@pytest.fixture
def following(cluster, api_server):
    """A store that follows the Account `default` with the Runners a and b."""
    assert (GROUP, VERSION, RUNNERS) in api_server.kinds
    cluster.apply(account("default"), runner("default", "a"), runner("default", "b"))
    with Following() as made:
        until(lambda: made.store.ready)
        made.sees("a", "b")
        yield made


def test_the_first_look_is_at_a_whole_list(api_server, cluster):
    """Not one moment of a fleet that comes in pages is taken for the whole."""
    cluster.apply(account("default"))
    kind = api_server.kinds[GROUP, VERSION, RUNNERS]
    count = 2 * PAGE + 1

    async def fill():
        for number in range(count):
            api_server.objects.create(kind, "default", runner("default", f"r{number}"), {"default"})

    api_server.run(fill())
    with Following() as following:
        until(lambda: following.store.ready)
        assert len(following.names) == count


def test_what_comes_changes_and_goes_is_followed(following, cluster):
    """Created, changed and deleted Runners, as they happen."""
    cluster.apply(runner("default", "c"))
    following.sees("a", "b", "c")
    cluster.delete("Runner", "default", "a")
    following.sees("b", "c")
    cluster.patch("Runner", "default", "b", {"spec": {"tags": ["gpu"]}})
    until(lambda: any(each.spec.get("tags") for each in following.store.snapshot(FLEET).runners))


def test_an_api_server_that_comes_back_is_followed_again(following, api_server, cluster):
    """Away and back: a short word about it, and nothing is lost."""
    api_server.stop()
    until(lambda: following.streams.problem)
    assert "can't be reached" in following.streams.problem
    assert following.names == {"a", "b"}
    api_server.start()
    cluster.apply(runner("default", "c"))
    following.sees("a", "b", "c")
    assert following.streams.problem is None


@pytest.mark.parametrize("left", [("a",), ()])
def test_what_vanished_while_versions_were_forgotten_is_gone(following, api_server, left):
    """410 Gone: kopf lists anew, and says nothing of what is not there any more; not even when nothing is."""
    api_server.stop()
    kind = api_server.kinds[GROUP, VERSION, RUNNERS]

    async def vanish():
        for name in {"a", "b"} - set(left):
            api_server.objects.delete(kind, "default", name)
        api_server.objects.compact()

    api_server.run(vanish())
    api_server.start()
    following.sees(*left)


def test_a_stream_that_dies_silently_is_opened_again(following, api_server, cluster):
    """Nothing came for longer than bookmarks take: another stream, from where the last one was."""
    api_server.silence()
    cluster.apply(runner("default", "c"))
    following.sees("a", "b", "c")


def test_refused_credentials_are_asked_for_again(following, api_server, cluster, monkeypatch):
    """A token that was rotated: 401, another login, and on."""
    with monkeypatch.context() as patch:
        patch.setattr("tests.fakes.kubernetes.api_server.TOKEN", "rotated")
        api_server.compact()
        until(lambda: following.streams.problem)
        assert "401" in following.streams.problem
    cluster.apply(runner("default", "c"))
    following.sees("a", "b", "c")


def test_a_login_that_fails_for_a_while_is_tried_again(following, api_server, cluster, monkeypatch):
    """A kubeconfig that is not there when the token has to be read anew: the problem says so, until it is there."""
    config = Path(os.environ["KUBECONFIG"])
    content = config.read_text()
    with monkeypatch.context() as patch:
        patch.setattr("tests.fakes.kubernetes.api_server.TOKEN", "rotated")
        config.write_text("{")
        api_server.compact()
        until(lambda: "kubeconfig" in (following.streams.problem or ""))
    config.write_text(content)
    cluster.apply(runner("default", "c"))
    following.sees("a", "b", "c")


def test_definitions_that_are_deleted_and_come_back_are_found(following, api_server, cluster):
    """A 404 ends a watcher of kopf; another one is begun."""
    for kind in ("accounts", "runners"):
        cluster.delete("CustomResourceDefinition", None, f"{kind}.{GROUP}")
    until(lambda: following.streams.problem)
    install(cluster)
    until(lambda: (GROUP, VERSION, RUNNERS) in api_server.kinds)
    cluster.apply(account("default"), runner("default", "c"))
    following.sees("c")
    assert following.streams.problem is None


def test_definitions_that_come_later_are_found(cluster):
    """Without them the problem names the command that installs them; with them it goes on by itself."""
    with Following() as following:
        until(lambda: following.streams.problem)
        assert "reconciler operator manifests" in following.streams.problem
        assert not following.store.ready
        install(cluster)
        until(lambda: following.store.ready)
        assert following.streams.problem is None


@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize(("kind", "group"), [("runners", GROUP), ("secrets", "")])
def test_a_right_that_lacks_is_named_until_it_is_given(api_server, cluster, kind, group, verb):
    """A role without list or watch: the problem is the rule that lacks; once it is given, all is followed."""
    cluster.apply(account("default"), runner("default", "a"), secret("default", "token", t="1"))
    api_server.forbidden.add((verb, kind))
    with Following(secrets=True) as following:
        expected = f'apiGroups: ["{group}"], resources: ["{kind}"], verbs: ["{verb}"]'
        until(lambda: expected in (following.streams.problem or ""), expected)
        api_server.forbidden.clear()
        until(lambda: following.store.ready and following.streams.problem is None)
        cluster.apply(runner("default", "b"))
        following.sees("a", "b")
        following.store.uses(FLEET, frozenset({Ref("default", "token")}))
        until(lambda: api_server.asked["watch", "secrets"])
        before = following.store.mark(FLEET)
        cluster.apply(secret("default", "token", t="2"))
        until(lambda: following.store.mark(FLEET) > before)


def test_only_the_named_namespaces_are_asked_for(api_server, cluster):
    """With namespaces nothing is asked cluster-wide, so that Roles are enough."""
    cluster.apply(namespace("team"), account("default"), runner("default", "a"), runner("team", "b"))
    api_server.asked.clear()
    with Following(namespaces=("default",)) as following:
        until(lambda: following.store.ready)
        assert following.names == {"a"}
    assert not [plural for _verb, plural in api_server.asked if plural in ("namespaces", "customresourcedefinitions")]


def test_nothing_is_written(following, cluster):
    """No annotation, no finalizer, no event: resources are as their user wrote them."""
    cluster.patch("Runner", "default", "a", {"spec": {"tags": ["gpu"]}})
    until(lambda: any(each.spec.get("tags") for each in following.store.snapshot(FLEET).runners))
    meta = cluster.get("Runner", "default", "a")["metadata"]
    assert meta.keys() == {"name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion"}
    assert not cluster.list("Event")


def test_a_secret_that_changes_marks_who_uses_it(api_server, cluster):
    """With --secrets list: a rotation is acted on at once, and other secrets are nobody's business."""
    cluster.apply(account("default"), secret("default", "token", t="1"), secret("default", "other", t="1"))
    with Following(secrets=True) as following:
        until(lambda: following.store.ready)
        until(lambda: api_server.asked["watch", "secrets"])
        following.store.uses(FLEET, frozenset({Ref("default", "token")}))
        before = following.store.mark(FLEET)
        cluster.apply(secret("default", "other", t="2"))
        cluster.apply(secret("default", "token", t="2"))
        until(lambda: following.store.mark(FLEET) > before)
        assert following.store.mark(FLEET) == before + 1
