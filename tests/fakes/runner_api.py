"""An in-memory service behind ports.RunnerApi, with scripted failures."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.errors import ConcurrentEdit, Interrupted, NotFound, Unverified
from reconciler.model.demand import Demand
from reconciler.model.report import RequestCount
from reconciler.model.runner import Listing
from reconciler.model.secret import Scrubber
from tests.fakes.plans import NOW, runner_id
from tests.fakes.runners import edited, make_live, sent

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeStop:
    """A stop that tests set by hand."""

    def __init__(self):
        self.stopped = False
        self.deferred = False

    def is_set(self):
        """True once stopped."""
        return self.stopped

    def defer(self):
        """Remember that writing began."""
        self.deferred = True

    def resume(self):
        """Undo `defer`."""
        self.deferred = False


class FakeProgress:
    """Remembers what it was shown."""

    def __init__(self):
        self.plans = []
        self.outcomes = []

    def applying(self, plan):
        """Remember the plan."""
        self.plans.append(plan)

    def done(self, outcome):
        """Remember the outcome."""
        self.outcomes.append(outcome)


class FakeJournal:
    """Remembers its lines."""

    def __init__(self):
        self.lines = []

    def record(self, event, **facts):
        """Remember the line."""
        self.lines.append({"event": event, **facts})


@dataclass(frozen=True)
class Lost:
    """A replacement whose answer is lost, so that it is repeated. `done`: the service took it all the same.

    `meanwhile(api)` is called between the two.
    """

    done: bool = False
    meanwhile: Callable[[object], object] = lambda _api: None


class FakeRunnerApi:
    """Runners by id, changed as the service would.

    `script` maps a verb and an id, or the name for a create, to what each call in turn meets: None for nothing special;
    an exception, raised before anything is done; `after(exception)`, raised when it is done; or a function of the
    runner that gives the answer instead. `on_call(verb, target)` is called before each.
    """

    def __init__(self, runners=(), *, script=None, stop=None, on_call=None):
        self.runners = {each.id: each for each in runners}
        self.script = {key: list(turns) for key, turns in (script or {}).items()}
        self.stop = stop or FakeStop()
        self.on_call = on_call or (lambda _verb, _target: None)
        self.calls = []
        self.bodies = []
        self.known_ids = frozenset()
        self.scrubber = Scrubber()
        self.most_at_once = 0
        self._at_once = 0
        self._count = RequestCount()
        self._lock = threading.RLock()
        self._local = threading.local()

    @property
    def requests(self):
        """What was sent."""
        return self._count

    def list_runners(self):
        """All runners."""
        with self._call("list", "all", reads=1):
            return Listing(tuple(self.runners.values()), NOW, 1)

    def read_surroundings(self, listing, *, recent):
        """The same list: nothing is asked for, and the tier has no managed runners."""
        return replace(listing, demand=Demand((), 0) if recent else None)

    def get_runner(self, wanted):
        """One runner."""
        with self._call("get", wanted, reads=1) as turn:
            if wanted not in self.runners:
                raise NotFound("requested entity not found", status=404)
            return _answer(self.runners[wanted], turn)

    def create_runner(self, body, known_ids):
        """A new runner, always active."""
        with self._call("create", body.spec.name, writes=1) as turn:
            with self._lock:
                self.known_ids = frozenset(known_ids)
                self.bodies.append(body)
                made = make_live(
                    id=runner_id(900 + len(self.runners)),
                    **sent(body),
                    user_id="user-1",
                    created_at=NOW,
                    updated_at=NOW,
                )
                self.runners[made.id] = made
            return _answer(made, turn)

    def replace_runner(self, wanted, body, *, recheck=None):
        """The runner with the fields that are in the body; after a `Lost` turn once more, if the recheck allows it."""
        with self._call("replace", wanted, writes=1) as turn:
            answer = self._store(wanted, body, turn) if not isinstance(turn, Lost) or turn.done else None
        if not isinstance(turn, Lost):
            return answer
        turn.meanwhile(self)
        if recheck is not None:
            try:
                recheck(self.get_runner(wanted))
            except ConcurrentEdit as exc:
                raise Unverified(f"it may have been written, or not: {exc}") from exc
        return self.replace_runner(wanted, body, recheck=recheck)

    def _store(self, wanted, body, turn):
        if wanted not in self.runners:
            raise NotFound("requested entity not found", status=404)
        with self._lock:
            self.bodies.append(body)
            self.runners[wanted] = edited(self.runners[wanted], **sent(body))
        return _answer(self.runners[wanted], turn)

    @contextlib.contextmanager
    def finishing(self):
        """Let requests through though stopped."""
        self._local.finishing = True
        try:
            yield
        finally:
            self._local.finishing = False

    def together(self):
        """Nothing is waited for here in any case."""
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def _call(self, verb, target, *, reads=0, writes=0):
        if self.stop.is_set() and not getattr(self._local, "finishing", False):
            raise Interrupted("interrupted")
        with self._lock:
            self.calls.append((verb, target))
            self._count = replace(self._count, reads=self._count.reads + reads, writes=self._count.writes + writes)
            turns = self.script.get((verb, target), [])
            turn = turns.pop(0) if turns else None
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self.on_call(verb, target)
            if isinstance(turn, BaseException):
                raise turn
            yield turn
        finally:
            with self._lock:
                self._at_once -= 1


def after(exception):
    """Do what was asked, then raise."""

    def answer(_runner):
        raise exception

    return answer


def _answer(runner, turn):
    return turn(runner) if callable(turn) else runner
