"""How to reach the service: flags beat the environment, the environment beats the project file."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from reconciler.errors import UsageProblem
from reconciler.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_API_URL: Final = "https://api.comfycontrol.app"
TOKEN_VARIABLE: Final = "COMFYCONTROL_API_TOKEN"  # noqa: S105 - the variable's name
PLAN_KEY_VARIABLE: Final = "RECONCILER_PLAN_KEY"
MIN_PLAN_KEY_BYTES: Final = 32
_MAX_TOKEN_BYTES: Final = 4096
HEADER_SECRETS_VARIABLE: Final = "RECONCILER_HEADER_SECRETS"
OPTION_PREFIX: Final = "RECONCILER_"
OPTION_NAMES: Final = frozenset(
    """
    ACKNOWLEDGE ALLOW_EMPTY ALLOW_UNRESOLVED API_URL AUTHOR BASE CI COLOR COVERAGE DB DEMAND DETAILED_EXITCODE DRIFTED
    DRY_RUN ENDPOINT ENV EXPAND EXPLAIN FORMAT GIT GITHUB_ENVIRONMENT HEADERS HOST IMAGE INSECURE_HTTP
    INSTALL_NAMESPACE INTERVAL ISSUE JOURNAL KEEP LATENCY LEASE_NAME LEASE_NAMESPACE
    LISTEN LIVE LOCK_TIMEOUT LOG_FORMAT MAX_SIZE MODE NAMESPACE
    NOTIFY_URL NO_COLOR NUMBER ONCE OUT PARALLELISM PLAN POD_MONITOR POLICY_FROM PORT PROBE PROJECT QUIET RATE_LIMIT
    REF REPORT REPOSITORY REQUIREMENT SANDBOX SECRETS SEED SPLIT STATUS SUSPEND TAG TARGET TIMEOUT TOKEN TOKEN_FILE
    UNMANAGED VAR VERBOSE VERIFY YES
    """.split()  # noqa: SIM905 - one word a name reads better than forty quoted ones
)
"""What may follow RECONCILER_ to set an option; no manifest may read these variables."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` in any `seconds`, per address, over all endpoints."""

    requests: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """From `N/SECONDS`, such as `40/10`. Raises UsageProblem."""
        found = re.fullmatch(r"([1-9][0-9]{0,6})/([0-9]{1,6}(?:\.[0-9]{1,3})?)", text.strip(), re.ASCII)
        if not found or not float(found[2]):
            raise UsageProblem(f"--rate-limit {text!r}: write it as N/SECONDS, such as 40/10")
        return cls(int(found[1]), float(found[2]))

    def floor_s(self, requests: int) -> float:
        """Return the least seconds that so many requests take."""
        return max(0, requests - 1) // self.requests * self.seconds

    def __str__(self) -> str:
        return f"{self.requests}/{self.seconds:g}"


DOCUMENTED_LIMIT: Final = RateLimit(40, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run's connection. `plan_key` signs and fingerprints saved plans; it is the token unless one is set.

    `request_timeout_s` bounds connection, headers and body of one request together.
    `sandbox` is the file of the embedded emulator when that is talked to instead of a service.
    """

    api_url: str
    token: Secret
    plan_key: Secret
    rate_limit: RateLimit = DOCUMENTED_LIMIT
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    request_timeout_s: float = 40.0
    public_headers: frozenset[str] = frozenset()
    sandbox: str | None = None

    @property
    def binds_account(self) -> bool:
        """Whether what is signed under the plan key can only be of one account: under its token, or of a sandbox."""
        return self.sandbox is not None or self.plan_key == self.token


def check_api_url(url: str, *, insecure_http: bool) -> str:
    """Return the address without a trailing slash. Raises UsageProblem for one a token must not be sent to."""
    cleaned = url.strip().rstrip("/")
    try:
        parts = urlsplit(cleaned)
        host, _port = parts.hostname, parts.port
        if "xn--" in (host or ""):
            import idna

            idna.decode(host or "")
    except ValueError as exc:
        raise UsageProblem("the API address is not a URL: its host or port can't be read") from exc
    if parts.scheme not in ("http", "https") or not host:
        raise UsageProblem(f"the API address must be an http or https URL, such as {DEFAULT_API_URL}")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise UsageProblem("the API address must hold no user, password, query or fragment")
    if parts.scheme == "http" and not insecure_http and not is_loopback(host):
        raise UsageProblem(
            f"the API address uses plain http to {host}, where anybody on the way can read the token; use https, "
            "or --insecure-http if you accept that"
        )
    return cleaned


def read_token(environ: Mapping[str, str], token_env: str | None) -> Secret:
    """Read the API token from `token_env` (an environment of the project file), else COMFYCONTROL_API_TOKEN.

    Raises UsageProblem with the variable to set.
    """
    variable = token_env or TOKEN_VARIABLE
    token = environ.get(variable, "").strip()
    if not token:
        raise MissingToken(f"no API token: set {variable} (tokens are made in the dashboard, under API tokens)")
    return check_token(token, variable)


def read_token_file(path: str) -> Secret:
    """Read the API token that a file holds, as systemd's credentials and mounted secrets do. Raises MissingToken."""
    from reconciler.text.cause import reason_of

    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib loads slowly
            token = file.read(_MAX_TOKEN_BYTES).decode("utf-8", "replace").strip()
    except OSError as exc:
        raise MissingToken(f"no API token: --token-file {path} can't be read: {reason_of(exc)}") from exc
    if not token:
        raise MissingToken(f"no API token: --token-file {path} is empty")
    return check_token(token, f"--token-file {path}")


def check_token(token: str, name: str) -> Secret:
    """Return the token, of which `name` says where it comes from. Raises MissingToken for what can't be one."""
    if not token:
        raise MissingToken(f"{name} is no API token: it is empty")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise MissingToken(f"{name} is no API token: it holds a space or an unprintable character")
    return Secret(token)


class WeakPlanKey(UsageProblem):
    """A plan key that can be guessed: exit 1, for it is the environment that is wrong and not the command line."""

    code = "weak-plan-key"
    exit_code = 1


class MissingToken(UsageProblem):
    """No usable token in the environment: exit 1, for it is the environment that is wrong and not the command line."""

    code = "no-token"
    exit_code = 1


def read_plan_key(environ: Mapping[str, str], token: Secret) -> Secret:
    """Read the secret that saved plans are signed under: RECONCILER_PLAN_KEY where set, else the token.

    Raises WeakPlanKey: whoever has a plan can try short keys on it.
    """
    key = Secret(environ.get(PLAN_KEY_VARIABLE, ""))
    return check_plan_key(key, PLAN_KEY_VARIABLE) if key.size else token


def check_plan_key(key: Secret, name: str) -> Secret:
    """Return the key, of which `name` says where it comes from. Raises WeakPlanKey."""
    if key.size < MIN_PLAN_KEY_BYTES:
        raise WeakPlanKey(
            f"{name} has {key.size} bytes and needs at least {MIN_PLAN_KEY_BYTES}; make one, for example "
            "with: openssl rand -hex 32"
        )
    return key


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as far as its name shows."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
