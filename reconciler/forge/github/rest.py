"""GitHub's REST API, as much of it as comments and issues need (GitHub Docs, REST API, 2022-11-28)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler import __version__
from reconciler.api.connection.proxies import read_proxies
from reconciler.api.http import certificates
from reconciler.forge.port import ForgeError, Refusal
from reconciler.model.cause import cause_of
from reconciler.render import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from reconciler.ports import Clock

MAX_ATTEMPTS: Final = 4
MAX_WAIT_S: Final = 120.0
MAX_PAGES: Final = 100

NO_CONTENT: Final = 204
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500


_REFUSALS: Final = {
    FORBIDDEN: Refusal.FORBIDDEN,
    NOT_FOUND: Refusal.MISSING,
    UNPROCESSABLE: Refusal.TOO_LONG,
}


class GitHubError(ForgeError):
    """GitHub refused, or did not answer as documented; `status` is the HTTP status, 0 where there was no answer."""

    code = "github"

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message, _REFUSALS.get(status, Refusal.OTHER))


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx: the JSON it held, and the address of the next page, if there is one."""

    json: Any
    next: str | None


class GitHub:
    """One keep-alive client. Waits out rate limits that say for how long; never repeats a POST that may have worked."""

    def __init__(self, client: httpx.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @classmethod
    def connect(cls, api_url: str, token: str, clock: Clock) -> GitHub:
        """A client for GITHUB_API_URL with GITHUB_TOKEN."""
        import httpx

        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": f"comfycontrol-reconciler/{__version__}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        verify = certificates(api_url.partition(":")[0])
        proxy = read_proxies().url_for(api_url)
        client = httpx.Client(
            base_url=api_url, headers=headers, timeout=30.0, verify=verify, trust_env=False, proxy=proxy
        )
        return cls(client, clock)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is asked: beside REST, also on an Enterprise server (/api/v3, /api/graphql)."""
        return str(self._client.base_url).rstrip("/").removesuffix("/v3") + "/graphql"

    def pages(self, path: str) -> Iterator[Any]:
        """Every entry of a list, page by page, following the Link header."""
        url = path
        for _ in range(MAX_PAGES):
            answer = self.call("GET", url)
            if not isinstance(answer.json, list):
                raise GitHubError(f"GET {path}: GitHub answered no list; check GITHUB_API_URL", 0)
            yield from answer.json
            if answer.next is None:
                return
            url = answer.next
        raise GitHubError(f"GET {path}: more than {MAX_PAGES} pages; what is ours can't be told among so many", 0)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """One call. Raises GitHubError with the status."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            response = self._send(method, path, body)
            wait_s = _wait_s(response, method, attempt)
            if wait_s is None or attempt == MAX_ATTEMPTS:
                return _read(response, method, path)
            self._clock.wait(wait_s)
        raise AssertionError  # pragma: no cover - the loop returns

    def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        import httpx

        try:
            return self._client.request(method, path, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise GitHubError(f"{method} {path}: no answer from GitHub ({cause_of(exc)}); try again", 0) from exc


def _wait_s(response: httpx.Response, method: str, attempt: int) -> float | None:
    """The seconds to wait before the same call once more, None when there is nothing to wait for."""
    status = response.status_code
    if status in (FORBIDDEN, TOO_MANY):
        after = response.headers.get("retry-after", "")
        if after.isdigit():
            return float(after) if float(after) <= MAX_WAIT_S else None
        limited = response.headers.get("x-ratelimit-remaining") == "0" or "rate limit" in response.text.lower()
        return min(60.0, 5.0 * 2**attempt) if limited else None
    if status >= SERVER_ERROR and method != "POST":
        return 2.0**attempt
    return None


def _read(response: httpx.Response, method: str, path: str) -> Answer:
    if not response.is_success:
        raise GitHubError(f"{method} {path}: {_reason(response)}", response.status_code)
    if response.status_code == NO_CONTENT:
        return Answer(None, None)
    try:
        decoded = response.json()
    except ValueError as exc:
        raise GitHubError(f"{method} {path}: GitHub answered no JSON; check GITHUB_API_URL", 0) from exc
    link = response.links.get("next", {}).get("url")
    here = response.request.url
    if link is not None and not link.startswith(f"{here.scheme}://{here.netloc.decode()}/"):
        raise GitHubError(f"{method} {path}: the next page lies on another host, where the token must not go", 0)
    return Answer(decoded, link)


def _reason(response: httpx.Response) -> str:
    try:
        said = response.json().get("message", "")
    except (ValueError, AttributeError):
        said = ""
    return f"{response.status_code} {escape.value(str(said)[:300])}".strip()
