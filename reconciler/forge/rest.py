"""A forge's REST API, as much of it as comments and issues need: one client, the differences as data.

Forges agree on JSON, on pages that follow the Link header (RFC 8288) and on 429 with Retry-After.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler import __version__
from reconciler.api.connection.proxies import read_proxies
from reconciler.api.http import certificates
from reconciler.forge.port import ForgeError, Refusal
from reconciler.model.secret import Scrubber, Secret
from reconciler.render import escape
from reconciler.text.cause import cause_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from reconciler.ports import Clock

MAX_ATTEMPTS: Final = 4
MAX_WAIT_S: Final = 120.0
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
        """Why a request failed, by its status and the message with it."""
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
        """A client for the API at an address, as whoever the token is."""
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
        """Every entry of a list, page by page, following the Link header."""
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
        """One call. Raises RestError with the status."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            response = self._send(method, path, body)
            wait_s = _wait_s(response, method, attempt)
            if wait_s is None or attempt == MAX_ATTEMPTS:
                return self._read(response, method, path)
            self._clock.wait(wait_s)
        raise AssertionError  # pragma: no cover - the loop returns

    def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        import httpx

        try:
            return self._client.request(method, path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            name = self.dialect.name
            why = self._scrubber.scrub(cause_of(exc))
            raise RestError(f"{method} {path}: no answer from {name} ({why}); try again", 0) from exc

    def _read(self, response: httpx.Response, method: str, path: str) -> Answer:
        status = response.status_code
        if not response.is_success:
            said = self._scrubber.scrub(_said(response))
            reason = f"{status} {escape.value(said[:MAX_SAID])}".strip()
            raise RestError(f"{method} {path}: {reason}", status, self.dialect.refusal(status, said))
        if status == NO_CONTENT:
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


def _wait_s(response: httpx.Response, method: str, attempt: int) -> float | None:
    """The seconds to wait before the same call once more, None when there is nothing to wait for."""
    status = response.status_code
    if status in (FORBIDDEN, TOO_MANY):
        after = response.headers.get("retry-after", "")
        if after.isdigit():
            return float(after) if float(after) <= MAX_WAIT_S else None
        spent = "0" in (response.headers.get(name) for name in _REMAINING)
        limited = status == TOO_MANY or spent or "rate limit" in response.text.lower()
        return min(60.0, 5.0 * 2**attempt) if limited else None
    if status >= SERVER_ERROR and method != "POST":
        return 2.0**attempt
    return None


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
