"""The emulated service: a request in, a response out, the state in a store.

Not documented is in which order the service checks. Here: the rate limit (it is in front of the service), the path,
the method, the token, and then what was sent.
"""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from reconciler.sandbox import exchange, rules, workflows
from reconciler.sandbox.clock import SystemClock, parse_stamp, stamp
from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, RUNNER, WORKFLOW, complete
from reconciler.sandbox.exchange import Exchange
from reconciler.sandbox.failures import StoreError
from reconciler.sandbox.limiter import Limiter
from reconciler.sandbox.store import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.sandbox.clock import Clock
    from reconciler.sandbox.exchange import Request, Response
    from reconciler.sandbox.store import Store

SANDBOX_TOKEN: Final = "cfc_sandbox"  # noqa: S105 - no secret, it opens only the emulator
"""The token of the default account, unless the service is given others."""

DOCUMENTED_LIMIT: Final = (40, 10.0)
"""Requests and seconds."""

RUNNER_LIMITS: Final = {"free": 3, "pro": 25, "plus": 100, "enterprise": 1_000_000}
"""Runners an account may have, by tier. That there is a limit is documented, its numbers are not: these are made up.

Disabled runners count as well, which is not documented either.
"""

WORKFLOW_S: Final = 60.0
"""How long a workflow takes; made up."""

MANAGED_TIERS: Final = ("pro", "plus")
"""The tiers with managed runners; the documentation names these two only, so enterprise has none here."""


class Service:
    """The service over a store; safe to call from several threads.

    Args:
        store: the state. Its tokens are accepted beside `tokens`.
        clock: where the time comes from; the machine's by default.
        tokens: tokens of the default account.
        rate_limit: (requests, seconds) for each address; None for no limit.
        latency_s: how long each answer takes; the doors wait, the service does not.
        schedule: which runner gets a workflow, and how long it takes.
        observe: is called with every answered request.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        tokens: Iterable[str] = (SANDBOX_TOKEN,),
        rate_limit: tuple[int, float] | None = DOCUMENTED_LIMIT,
        latency_s: float = 0.0,
        schedule: workflows.Schedule | None = None,
        observe: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.store = store
        self.latency_s = latency_s
        self._clock = clock or SystemClock()
        self._tokens = dict.fromkeys(tokens, Token(DEFAULT_USER_ID))
        self._limiter = Limiter(*rate_limit) if rate_limit else None
        self._schedule = schedule or workflows.Schedule(WORKFLOW_S)
        self._observe = observe
        self._routes: dict[str, dict[str, Callable[[Request], Response]]] = {
            "/v1/runner": {"GET": self._runners, "POST": self._create},
            rules.RUNNER_PATH: {"GET": self._runner, "PUT": self._update},
            "/v1/user": {"GET": self._user},
            "/v1/managed-runner": {"GET": self._managed_runners},
            "/v1/workflow": {"GET": self._workflows, "POST": self._create_workflow},
            "/openapi.json": {"GET": self._openapi},
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        arrived = self._clock.monotonic()
        response = self._answer(request, arrived)
        if self._observe:
            self._observe(Exchange(request.method, request.path, response.status, arrived, request.query, request.body))
        return response

    def _answer(self, request: Request, arrived: float) -> Response:
        wait_s = self._limiter.admit(request.address, arrived) if self._limiter else 0.0
        if wait_s:
            return exchange.too_many_requests(wait_s)
        try:
            return self._route(request)
        except exchange.Refusal as refusal:
            return refusal.response()
        except StoreError as exc:
            return exchange.Refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(exc)).response()

    def _route(self, request: Request) -> Response:
        path = rules.RUNNER_PATH if rules.is_runner_path(request.path) else request.path
        handlers = self._routes.get(path)
        if handlers is None:
            raise exchange.not_found()
        if request.method not in handlers:
            # No DELETE, PATCH, HEAD or OPTIONS is documented.
            allow = {"allow": ", ".join(handlers)}
            raise exchange.Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed", allow)
        return handlers[request.method](request)

    def _account(self, request: Request) -> dict[str, Any]:
        """Whose token it is. A missing or revoked one has no documented message of its own."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._tokens.get(value) or self.store.token(value)
        if scheme.lower() != "bearer" or token is None or token.revoked:
            raise exchange.unauthorized(exchange.TOKEN_INVALID)
        if token.expires_at is not None and parse_stamp(token.expires_at) <= self._clock.utc_now():
            raise exchange.unauthorized(exchange.TOKEN_EXPIRED)
        user = self.store.user(token.user_id)
        if user is None or user["deleted"]:
            raise exchange.unauthorized(exchange.TOKEN_INVALID)
        return user

    def _runners(self, request: Request) -> Response:
        user = self._account(request)
        parameters = rules.query(request, ("page", "per_page", "status"))
        status = rules.status_of(parameters, rules.STATUSES)
        return self._page(RUNNER, "runners", user, parameters, status)

    def _runner(self, request: Request) -> Response:
        user = self._account(request)
        rules.query(request, ())
        document = self.store.runner(rules.runner_id(request.path), user["id"])
        if document is None:
            raise exchange.not_found()
        return exchange.found(document)

    def _create(self, request: Request) -> Response:
        user = self._account(request)
        rules.query(request, ())
        sent = rules.create_body(request)
        now = self._now()
        runner = {
            "id": str(uuid.uuid4()),
            "user_id": user["id"],
            "name": sent["name"],
            "status": "active",
            "endpoint": sent["endpoint"],
            "tags": sent.get("tags", []),
            "headers": sent.get("headers", {}),
            "created_at": now,
            "updated_at": now,
        }
        self._advance(user)
        document = self.store.create(runner, limit=RUNNER_LIMITS[user["tier"]])
        if document is None:
            raise exchange.Refusal(HTTPStatus.FORBIDDEN, exchange.RUNNER_LIMIT)
        self._advance(user)
        return exchange.found(document, HTTPStatus.CREATED)

    def _update(self, request: Request) -> Response:
        """Tags and headers are replaced whole. Not documented: an update that changes nothing. Here it is one too."""
        user = self._account(request)
        rules.query(request, ())
        runner_id, sent = rules.runner_id(request.path), rules.update_body(request)
        self._advance(user)
        document = self.store.update(runner_id, {**sent, "updated_at": self._now()}, user["id"])
        if document is None:
            raise exchange.not_found()
        self._advance(user)
        return exchange.found(document)

    def _user(self, request: Request) -> Response:
        user = self._account(request)
        rules.query(request, ())
        return exchange.found(exchange.encode(user).decode())

    def _managed_runners(self, request: Request) -> Response:
        """Only active ones are listed (API: List Managed Runners)."""
        user = self._account(request)
        if user["tier"] not in MANAGED_TIERS:
            raise exchange.Refusal(HTTPStatus.FORBIDDEN, exchange.MANAGED_TIER)
        return self._page(MANAGED, "runners", user, rules.query(request, ("page", "per_page")), "active")

    def _workflows(self, request: Request) -> Response:
        user = self._account(request)
        parameters = rules.query(request, ("page", "per_page", "status"))
        status = rules.status_of(parameters, rules.WORKFLOW_STATUSES)
        self._advance(user)
        return self._page(WORKFLOW, "workflows", user, parameters, status)

    def _create_workflow(self, request: Request) -> Response:
        user = self._account(request)
        rules.query(request, ())
        sent = workflows.create_body(request)
        workflow = complete(WORKFLOW, {**sent, "status": workflows.ACCEPTED}, user["id"], self._now())
        self._advance(user)
        document = workflows.create(self.store, workflow, user["id"])
        self._advance(user)
        return exchange.found(document, HTTPStatus.CREATED)

    def _advance(self, user: dict[str, Any]) -> None:
        """Bring the workflows to now: before the fleet changes, so that it counts from now on, and after."""
        managed = MANAGED if user["tier"] in MANAGED_TIERS else ""
        now = self._clock.utc_now().timestamp()
        workflows.advance(self.store, self._schedule, user, managed=managed, now=now)

    def _page(
        self, kind: str, name: str, user: dict[str, Any], parameters: dict[str, str], status: str | None
    ) -> Response:
        page, per_page = rules.page_of(parameters)
        found, total = self.store.page(kind, user["id"], status=status, limit=per_page, offset=(page - 1) * per_page)
        return exchange.found(f'{{"{name}":[{",".join(found)}],"total":{total}}}')

    def _now(self) -> str:
        return stamp(self._clock.utc_now())

    def _openapi(self, _request: Request) -> Response:
        """What the emulator says of itself. The service documents no such path; it needs no token, but counts."""
        from reconciler.sandbox.openapi import document

        return exchange.found(exchange.encode(document()).decode())
