"""A forge's REST API, as much of it as comments and issues need: one client, the differences as data.

Forges agree on JSON, on pages that follow the Link header (RFC 8288) and on 429 with Retry-After.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler import __version__
from reconciler.api import retry
from reconciler.api.connection.proxies import read_proxies
from reconciler.api.failures import from_exception
from reconciler.api.http import certificates
from reconciler.forge.port import ForgeError, Refusal
from reconciler.model.secret import Scrubber, Secret
from reconciler.render import escape
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from reconciler.ports import Clock

MAX_TOTAL_S: Final = 180.0
"""Seconds for all attempts of one call and the pauses between them: a forge's limit may ask for a minute at a time."""
_LIMITED_S: Final = 30.0
"""The pause after a limit that asks for no time of its own."""
MAX_PAGES: Final = 100
MAX_SAID: Final = 300
_REMAINING: Final = ("x-ratelimit-remaining", "ratelimit-remaining")

NO_CONTENT: Final = 204
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
TOO_LARGE: Final = 413
UNPROCESSABLE: Final = 422
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What sets one forge's API apart: its name, the variable that has its address, how it takes a token.

    Every request has the `headers`. `refusals` are the statuses that make a difference; a forge that answers 400 to
    any wrong field says in `too_long` by which words a text that is too long is known.
    """

    name: str
    address_variable: str
    authorization: tuple[str, str] = ("Authorization", "Bearer ")
    headers: Mapping[str, str] = field(default_factory=dict)
    too_long: str | None = None

    def refusal(self, status: int, said: str) -> Refusal:
        """Return why a request failed, by its status and the message with it."""
        if self.too_long is not None and status in (BAD_REQUEST, UNPROCESSABLE):
            return Refusal.TOO_LONG if self.too_long in said else Refusal.OTHER
        return _REFUSALS.get(status, Refusal.OTHER)


_REFUSALS: Final = {
    UNAUTHORIZED: Refusal.UNKNOWN,
    FORBIDDEN: Refusal.FORBIDDEN,
    NOT_FOUND: Refusal.MISSING,
    UNPROCESSABLE: Refusal.TOO_LONG,
    TOO_LARGE: Refusal.TOO_LONG,
}


class RestError(ForgeError):
    """The forge refused, or did not answer as documented; `status` is the HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, status: int, refusal: Refusal = Refusal.OTHER) -> None:
        self.status = status
        super().__init__(message, refusal)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx: the JSON it held, and the address of the next page, if there is one."""

    json: Any
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """An attempt that failed; `asked_s` is how long the forge asks to wait."""

    error: RestError
    repeatable: bool
    asked_s: float | None = None


class Rest:
    """One keep-alive client. Waits out rate limits that say for how long; never repeats a POST that may have worked.

    What the forge says reaches people without the token, which `scrubber` knows.
    """

    def __init__(self, client: httpx.Client, clock: Clock, dialect: Dialect, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._client = client
        self._clock = clock
        self.dialect = dialect

    @classmethod
    def connect(cls, api_url: str, token: str, clock: Clock, dialect: Dialect) -> Rest:
        """Make a client for the API at an address, as whoever the token is."""
        import httpx

        name, scheme = dialect.authorization
        headers = {
            "Accept": "application/json",
            "User-Agent": f"comfycontrol-reconciler/{__version__}",
            **dialect.headers,
            name: f"{scheme}{token}",
        }
        verify = certificates(api_url.partition(":")[0])
        proxy = read_proxies().url_for(api_url)
        client = httpx.Client(
            base_url=api_url, headers=headers, timeout=30.0, verify=verify, trust_env=False, proxy=proxy
        )
        return cls(client, clock, dialect, Scrubber([Secret(token)]))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def address(self) -> str:
        """Where the API is, without a slash at the end."""
        return str(self._client.base_url).rstrip("/")

    def pages(self, path: str) -> Iterator[Any]:
        """Yield every entry of a list, page by page, following the Link header."""
        url = path
        for _ in range(MAX_PAGES):
            answer = self.call("GET", url)
            if not isinstance(answer.json, list):
                raise RestError(f"GET {path}: {self._unlike('list')}", 0)
            yield from answer.json
            if answer.next is None:
                return
            url = answer.next
        raise RestError(f"GET {path}: more than {MAX_PAGES} pages; what is ours can't be found among so many", 0)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """Call the API, again by the rules of `api.retry` where that is safe. Raises RestError with the status."""
        began_s, attempts = self._clock.monotonic(), 0
        while isinstance(outcome := self._attempt(method, path, body), _Failure):
            attempts += 1
            pause_s = retry.backoff_s(attempts, outcome.asked_s, random.random)
            spent_s = self._clock.monotonic() - began_s
            if not outcome.repeatable or not retry.may_retry(attempts, spent_s, pause_s, MAX_TOTAL_S):
                raise outcome.error
            self._clock.wait(pause_s)
        return outcome

    def _attempt(self, method: str, path: str, body: Any) -> Answer | _Failure:
        import httpx

        try:
            response = self._client.request(method, path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            name, cause = self.dialect.name, self._scrubber.scrub(cause_of(exc))
            error = RestError(f"{method} {path}: no answer from {name} ({cause}); try again", 0)
            error.__cause__ = exc
            failed = from_exception(exc, method, name, cause)
            safe = method != "POST" or not failed.delivery.doubtful
            return _Failure(error=error, repeatable=failed.repeatable and safe)
        if response.is_success:
            return self._read(response, method, path)
        said, status = self._scrubber.scrub(_said(response)), response.status_code
        error = RestError(
            f"{method} {path}: {status} {escape.value(said[:MAX_SAID])}".rstrip(),
            status,
            self.dialect.refusal(status, said),
        )
        asked_s = retry.asked_s(response.headers, self._clock.utc_now())
        if _is_limit(response, asked_s):
            return _Failure(error=error, repeatable=True, asked_s=_LIMITED_S if asked_s is None else asked_s)
        return _Failure(error=error, repeatable=status >= SERVER_ERROR and method != "POST", asked_s=asked_s)

    def _read(self, response: httpx.Response, method: str, path: str) -> Answer:
        if response.status_code == NO_CONTENT:
            return Answer(None, None)
        try:
            decoded = response.json()
        except ValueError as exc:
            raise RestError(f"{method} {path}: {self._unlike('JSON')}", 0) from exc
        link = response.links.get("next", {}).get("url")
        here = response.request.url
        if link is not None and not link.startswith(f"{here.scheme}://{here.netloc.decode()}/"):
            raise RestError(f"{method} {path}: the next page lies on another host, where the token must not go", 0)
        return Answer(decoded, link)

    def _unlike(self, what: str) -> str:
        return f"{self.dialect.name} answered no {what}; check {self.dialect.address_variable}"


def _is_limit(response: httpx.Response, asked_s: float | None) -> bool:
    """Whether a forge asks to come back later: some do so with a 403."""
    if response.status_code != FORBIDDEN:
        return response.status_code == TOO_MANY
    spent = "0" in (response.headers.get(name) for name in _REMAINING)
    return asked_s is not None or spent or "rate limit" in response.text.lower()


def _said(response: httpx.Response) -> str:
    """The forge's own words: `message` is text or, on GitLab, a list for each field; `error` where there is none."""
    try:
        answer = response.json()
        said = answer.get("message") or answer.get("error_description") or answer.get("error") or ""
    except (ValueError, AttributeError):
        return ""
    if isinstance(said, dict):
        fields = {name: " ".join(map(str, why)) if isinstance(why, list) else why for name, why in said.items()}
        return "; ".join(f"{name} {why}" for name, why in fields.items())
    return str(said)
