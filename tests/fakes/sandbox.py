"""The sandbox for tests: over a real socket, its requests recorded, its time turned by hand where a test wants to."""

from __future__ import annotations

import datetime as dt
import json
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.entities import DEFAULT_USER_ID
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.server import SandboxServer
from reconciler.sandbox.service import SANDBOX_TOKEN, Service
from reconciler.sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.sandbox.clock import Clock
    from reconciler.sandbox.exchange import Exchange

_DATA = Path(__file__).parent.parent / "data"
_ENDING: deque[ExitStack] = deque()
_MAX_ENDING = 32


@dataclass
class FakeClock:
    """A clock that stands still until it is turned."""

    seconds: float = 1000.0
    now: dt.datetime = dt.datetime(2024, 1, 16, 14, 20, 0, tzinfo=dt.UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return self.seconds

    def utc_now(self) -> dt.datetime:
        """The time of day, aware, UTC."""
        return self.now

    def turn(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.seconds += seconds
        self.now += dt.timedelta(seconds=seconds)


@dataclass(kw_only=True)
class Sandbox:
    """A sandbox that is up. `requests` has every answered request, in the order of the answers."""

    url: str
    token: str
    store: Store
    service: Service
    requests: list[Exchange] = field(default_factory=list)

    @property
    def runners(self) -> list[dict[str, Any]]:
        """All runners as they are now, newest first."""
        return self.store.runners()

    def runner(self, name: str) -> dict[str, Any]:
        """The one runner of that name."""
        (found,) = [runner for runner in self.runners if runner["name"] == name]
        return found

    def edit(self, name: str, **changes: Any) -> None:
        """Change a runner behind the client's back, unchecked."""
        self.store.update(self.runner(name)["id"], changes)

    def count(self, method: str, path: str = "") -> int:
        """How many requests of that method were answered, on paths that begin so."""
        return sum(each.method == method and each.path.startswith(path) for each in self.requests)

    @property
    def methods(self) -> list[str]:
        """The methods of all requests, in order."""
        return [each.method for each in self.requests]


@contextmanager
def running_sandbox(
    runners: Iterable[Mapping[str, Any]] = (),
    *,
    rate_limit: tuple[int, float] | None = None,
    tier: str = "enterprise",
    token: str = SANDBOX_TOKEN,
    path: str | Path = ":memory:",
    clock: Clock | None = None,
    latency_s: float = 0.0,
) -> Iterator[Sandbox]:
    """A sandbox on a free port of the loopback address, with these runners (unchecked; the last is the newest).

    It is asked to stop at the end, but not waited for: uvicorn looks every 0.1 s whether it should, so that a thousand
    tests would wait for minutes. A few may be ending at any time; the oldest is waited for when there are more.
    """
    requests: list[Exchange] = []
    with ExitStack() as stack:
        store = stack.enter_context(Store(path))
        store.set_user({"id": DEFAULT_USER_ID, "tier": tier})
        store.add_many(runners)
        service = Service(
            store, clock=clock, tokens=(token,), rate_limit=rate_limit, latency_s=latency_s, observe=requests.append
        )
        server = SandboxServer(service)
        stack.enter_context(server)
        try:
            yield Sandbox(url=server.url, token=token, store=store, service=service, requests=requests)
        finally:
            server.stop()
            _ENDING.append(stack.pop_all())
            while len(_ENDING) > _MAX_ENDING:
                _ENDING.popleft().close()


def seeded_file(path: Path, runners: Iterable[Mapping[str, Any]]) -> None:
    """A state file for `--sandbox` that holds these live runners."""
    seed = path.with_suffix(".seed.json")
    seed.write_text(json.dumps(list(runners)))
    with Store(path) as store:
        load_seed(seed, store)
    seed.unlink()


def example(name: str) -> dict[str, Any]:
    """An example body of the API's documentation, from tests/data: `get_runner` or `update_runner`."""
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
