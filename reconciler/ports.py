"""What the use cases need of the outside, as protocols. Adapters: api, manifests, cli; fakes: tests/fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager

    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.plan import Plan
    from reconciler.model.report import Outcome, RequestCount
    from reconciler.model.runner import Account, Listing, LiveRunner
    from reconciler.model.secret import Scrubber, Secret


class RunnerReader(Protocol):
    """What a plan gets: it has no verb that writes. Every method raises ApiError, and Interrupted when stopped."""

    @property
    def requests(self) -> RequestCount:
        """What was sent so far."""

    @property
    def scrubber(self) -> Scrubber:
        """Knows the token and every header value seen, to clean foreign text."""

    def list_runners(self) -> Listing:
        """List all runners of the account, in a read that adds up (API: List Runners)."""

    def get_runner(self, runner_id: str) -> LiveRunner:
        """Get one runner (API: Get Runner)."""

    def read_surroundings(self, listing: Listing, *, recent: int) -> Listing:
        """Read the same runners, with the service's own (API: List Managed Runners) and what workflows ask for.

        Those are the workflows under way and the newest `recent` others (API: List Workflows); 0: not read. What it
        took is added to `reads`.
        """

    def account(self) -> Account:
        """Who the token belongs to (API: Get User)."""


class RunnerApi(RunnerReader, Protocol):
    """What an apply gets."""

    def create_runner(self, body: RunnerBody, known_ids: Collection[str]) -> LiveRunner:
        """Create a runner, never twice (API: Create Runner).

        `known_ids` are the ids that existed before. After an outcome without an answer the client lists, and a new id
        with the same name and endpoint is the runner created. Raises Unverified and AmbiguousCreate besides.
        """

    def replace_runner(
        self, runner_id: str, body: RunnerBody, *, recheck: Callable[[LiveRunner], None] | None = None
    ) -> LiveRunner:
        """Replace all fields of a runner (API: Update Runner). Raises Unverified when the outcome is unknown.

        With `recheck` the runner is read again before the request is repeated, and shown to it; the ConcurrentEdit that
        it raises ends the matter, so that a repeat never undoes what another writer did meanwhile.
        Interrupted, from any write, means that this write was not sent.
        """

    def finishing(self) -> AbstractContextManager[None]:
        """While in it, this thread's requests are sent although the run was asked to stop."""

    def together(self) -> AbstractContextManager[None]:
        """In it, this thread's first two requests go out without a wait between them: a check and its write."""


class Clock(Protocol):
    """Time and waiting; a wait ends at once when the run is stopped.

    Clients share one limiter a host if they have the same clock, or clocks with the same `timeline` (any object).
    """

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""

    def utc_now(self) -> dt.datetime:
        """Return the time of day, aware, UTC."""

    def wait(self, seconds: float) -> None:
        """Wait; raises Interrupted as soon as the run is stopped."""

    def hold(self, seconds: float) -> None:
        """Wait to the end although the run was stopped: for a request that must still be sent (RunnerApi.finishing)."""


class SecretSource(Protocol):
    """Where `${env:…}` and `${file:…}` get their values."""

    def is_given(self, name: str) -> bool:
        """Whether the name was handed over for runners: then it needs no prefix and no permission."""

    def env(self, name: str) -> Secret | None:
        """Return what was handed over under the name, else the environment variable; None when there is neither."""

    def file(self, path: str) -> Secret | None:
        """Read a file already checked to be inside, one trailing newline cut; None when it is not there."""


@runtime_checkable
class ClusterSecrets(SecretSource, Protocol):
    """Where `${secret:NAMESPACE/NAME/KEY}` gets its value too; to every other source that is no reference."""

    def secret(self, ref: str) -> Secret | None:
        """Return the value of a secret's key; None where there is none. Raises BadReference where it can't be read."""


class Stop(Protocol):
    """Whether the run was asked to stop (SIGINT, SIGTERM)."""

    def is_set(self) -> bool:
        """True from the first signal on."""

    def defer(self) -> None:
        """From now on a signal only sets this; before, it also breaks off what the main thread waits for."""

    def resume(self) -> None:
        """Undo `defer`: nothing is in flight that must be awaited."""


class Progress(Protocol):
    """Where progress is shown; never on stdout."""

    def reading(self, done: int, total: int) -> None:
        """Show that `done` of `total` list pages were read."""

    def applying(self, plan: Plan) -> None:
        """Show that writing begins."""

    def done(self, outcome: Outcome) -> None:
        """Show the outcome of one action."""

    def waiting(self, seconds: float, reason: str) -> None:
        """Show that requests pause for so long: a cooldown or a retry."""

    def close(self) -> None:
        """Leave nothing unfinished on the screen: the run is over."""


class Journal(Protocol):
    """A record of every intent and every outcome, written before the next step is taken."""

    def record(self, event: str, **facts: object) -> None:
        """Record one line. `facts` hold no secret."""
