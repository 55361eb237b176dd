"""The service's API: Reader for plans, which has no verb that writes, and Client for applies."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from reconciler.api import wire
from reconciler.api.create import create
from reconciler.api.demand import read_demand, read_managed
from reconciler.api.failures import read_verdict, replace_verdict
from reconciler.api.pagination import read_list
from reconciler.api.retrying import Exchange
from reconciler.api.transport import Call
from reconciler.errors import BadAnswer, Rejected, Unverified
from reconciler.model.runner import PER_PAGE
from reconciler.model.secret import Scrubber, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager
    from types import TracebackType

    import httpx

    from reconciler.api.transport import Answer
    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.report import RequestCount
    from reconciler.model.runner import Account, Listing, LiveRunner
    from reconciler.ports import Clock, Progress, Stop
    from reconciler.settings import Settings

_RUNNERS: Final = "/v1/runner"


class Reader:
    """Implements ports.RunnerReader. Every method raises ApiError, and Interrupted once `stop` is set.

    Args:
        settings: address, token, limit, timeouts, and the lower-case names of headers that are public.
        clock: time, and all waiting.
        stop: whether the run was asked to stop; None for never.
        progress: receives pages read and pauses; None for none.
        transport: another way to the service than the network; it is closed with the client.
        scrubber: learns the token and every header value; None for one of its own.
        chance: gives a number from 0 to 1, for jitter.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        stop: Stop | None = None,
        progress: Progress | None = None,
        transport: httpx.BaseTransport | None = None,
        scrubber: Scrubber | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._scrubber = Scrubber() if scrubber is None else scrubber
        self._scrubber.learn((settings.token,))
        self._public_headers = settings.public_headers
        self._created: set[str] = set()
        self._has_managed = True
        self._lock = threading.Lock()
        self._exchange = Exchange(
            settings,
            clock=clock,
            stop=stop,
            progress=progress,
            transport=transport,
            scrubber=self._scrubber,
            chance=chance,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, and the transport."""
        self._exchange.close()

    @property
    def requests(self) -> RequestCount:
        """What was sent so far: every attempt, also one that found no connection."""
        return self._exchange.count

    @property
    def scrubber(self) -> Scrubber:
        """Knows the token and every header value seen, to clean foreign text."""
        return self._scrubber

    def list_runners(self) -> Listing:
        """List all runners of the account, in a read that adds up (API: List Runners). Raises UnstableList besides."""
        sent = _Tally()

        def read_page(number: int) -> wire.Page[LiveRunner]:
            call = Call(
                method="GET",
                path=_RUNNERS,
                params={"page": number, "per_page": PER_PAGE},
                read=lambda answer: wire.decode_page(answer.content, self._public_headers),
                sent=sent.add,
            )
            page = self._exchange.repeat(call, read_verdict)
            self._learn(page.runners)
            return page

        listing = read_list(read_page, self._exchange.clock.utc_now, self._exchange.show_reading)
        return replace(listing, reads=sent.count)

    def get_runner(self, runner_id: str) -> LiveRunner:
        """Get one runner (API: Get Runner)."""
        call = Call(method="GET", path=_path(runner_id), read=lambda answer: self._runner(answer, runner_id))
        return self._exchange.repeat(call, read_verdict)

    def read_surroundings(self, listing: Listing, *, recent: int) -> Listing:
        """Read the same runners, with the service's own and what workflows ask for (`recent` 0: not read).

        A tier that has no managed runners is asked once a run. The requests are counted among the listing's `reads`.
        """
        sent = _Tally()
        demand = read_demand(self._exchange, recent, sent.add) if recent else None
        managed = read_managed(self._exchange, sent.add) if self._has_managed else None
        self._has_managed = managed is not None
        return replace(listing, demand=demand, managed=managed, reads=listing.reads + sent.count)

    def account(self) -> Account:
        """Who the token belongs to (API: Get User)."""
        call = Call(method="GET", path="/v1/user", read=lambda answer: wire.decode_account(answer.content, answer.date))
        return self._exchange.repeat(call, read_verdict)

    def _runner(self, answer: Answer, runner_id: str | None) -> LiveRunner:
        runner = wire.decode_runner(answer.content, self._public_headers)
        if runner_id is not None and runner.id.lower() != runner_id.lower():
            raise BadAnswer("id: expected the runner that was asked for, got another one")
        self._learn((runner,))
        return runner

    def _learn(self, runners: Iterable[LiveRunner]) -> None:
        self._scrubber.learn(
            value for runner in runners for value in runner.spec.headers.values() if isinstance(value, Secret)
        )


class Client(Reader):
    """Implements ports.RunnerApi."""

    def create_runner(self, body: RunnerBody, known_ids: Collection[str]) -> LiveRunner:
        """Create a runner, never twice (API: Create Runner); see reconciler.api.create.

        `known_ids` are the ids that existed before; those that this client created are known to it. Raises Unverified
        and AmbiguousCreate besides. Interrupted means that nothing was sent.
        """
        call = Call(
            method="POST",
            path=_RUNNERS,
            content=self._encode(body),
            read=lambda answer: self._runner(answer, None),
        )
        made = create(self._exchange, call, body, lambda: frozenset(self._created).union(known_ids), self.list_runners)
        with self._lock:
            is_new = made.id not in self._created and made.id not in known_ids
            self._created.add(made.id)
        if not is_new:
            raise Unverified(
                f"the service answered the create with {made.id}, which is the id of a runner that existed before; "
                "nothing was sent to that runner: plan again to see whether the new one is there"
            )
        return made

    def replace_runner(
        self, runner_id: str, body: RunnerBody, *, recheck: Callable[[LiveRunner], None] | None = None
    ) -> LiveRunner:
        """Replace all fields of a runner (API: Update Runner). Raises Unverified when the outcome is unknown.

        It may be sent several times, for a full replacement is idempotent: with `recheck` the runner is read before
        each repeat and shown to it, which raises ConcurrentEdit where that would undo something. Interrupted means that
        nothing was sent.
        """
        call = Call(
            method="PUT",
            path=_path(runner_id),
            content=self._encode(body),
            read=lambda answer: self._runner(answer, runner_id),
        )
        again = None if recheck is None else lambda: recheck(self.get_runner(runner_id))
        return self._exchange.repeat(call, replace_verdict, again=again)

    def finishing(self) -> AbstractContextManager[None]:
        """While in it, this thread's requests are sent although the run was asked to stop."""
        return self._exchange.finishing()

    def together(self) -> AbstractContextManager[None]:
        """In it, this thread's first two requests go out without a wait between them: a check and its write."""
        return self._exchange.together()

    def _encode(self, body: RunnerBody) -> bytes:
        self._scrubber.learn(value for value in body.spec.headers.values() if isinstance(value, Secret))
        return wire.encode_body(body)


def _path(runner_id: str) -> str:
    if not wire.is_id(runner_id):
        raise Rejected(f"{runner_id!r} is no runner id", status=400)
    return f"{_RUNNERS}/{runner_id}"


class _Tally:
    """Counts what several threads do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def add(self) -> None:
        """Count one more."""
        with self._lock:
            self.count += 1
