"""Sends transitions to RECONCILER_NOTIFY_URL as JSON, from a thread of its own: no cycle waits for it or fails by it.

The address can be a secret, as that of a chat's webhook is: it is never shown, and the text of no failure either, which
could quote it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from reconciler.api.http import open_transport
from reconciler.errors import UsageProblem
from reconciler.render.escape import text as show
from reconciler.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.watch.status import Status
    from reconciler.watch.transitions import Transition

VARIABLE: Final = "RECONCILER_NOTIFY_URL"
TIMEOUT_S: Final = 10.0
"""Bounds one whole request."""
FLUSH_S: Final = 3.0
"""How long the end of a watch waits for what is still to be sent."""
_WAITING: Final = 100
_ATTEMPTS: Final = 3
_PAUSE_S: Final = 2.0
_LOG: Final = logging.getLogger("reconciler.watch")


class Notifier(Protocol):
    """What the loop needs: it gets every transition once."""

    def send(self, transition: Transition, status: Status) -> None:
        """Take it; never waits and never fails."""

    def close(self) -> None:
        """Send what is left, within a bound."""


class Silence:
    """Implements Notifier where there is no address."""

    def send(self, transition: Transition, status: Status) -> None:
        """Notify no one."""

    def close(self) -> None:
        """Nothing is left."""


class Webhook:
    """Implements Notifier: POSTs JSON, one after the other. What fails is tried again twice, then logged and left."""

    def __init__(self, url: str, *, scrub: Callable[[str], str], wait: Callable[[float], None] = time.sleep) -> None:
        self._url = url
        self._scrub = scrub
        self._wait = wait
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue(_WAITING)
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="reconciler-notify")
        self._thread.start()

    def __repr__(self) -> str:
        return "Webhook((sensitive))"

    def send(self, transition: Transition, status: Status) -> None:
        """Queue it; where the receiver is so slow that the queue is full, it is dropped and logged."""
        try:
            self._queue.put_nowait(make_message(transition, status, self._scrub))
        except queue.Full:
            _LOG.warning("a notification was dropped: the receiver is too slow")

    def close(self) -> None:
        """Send what is left, for FLUSH_S at most; then it is given up."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(FLUSH_S)
        self._given_up.set()

    def _work(self) -> None:
        while (message := self._queue.get()) is not None and not self._given_up.is_set():
            body = json.dumps(message).encode()
            for attempt in range(1, _ATTEMPTS + 1):
                if self._given_up.is_set():
                    return
                why = post(self._url, body)
                if why is None:
                    break
                _LOG.warning("a notification was not delivered (attempt %d of %d): %s", attempt, _ATTEMPTS, why)
                if attempt < _ATTEMPTS:
                    self._wait(_PAUSE_S * attempt)


def make_message(transition: Transition, status: Status, scrub: Callable[[str], str]) -> dict[str, Any]:
    """Make the JSON of one transition: `text` for people, and the same as data."""
    where = f"reconciler ({status.environment or 'watch'})"
    return {
        "text": defuse(show(scrub(f"{where}: {transition.text}"))),
        "event": transition.event,
        "keys": list(transition.keys),
        "environment": status.environment,
        "api_url": status.api_url,
        "revision": status.revision,
        "at": status.cycle.started_at if status.cycle else None,
    }


def defuse(text: str) -> str:
    """Return the text without what a chat acts on: `<!channel>`, `<@U1>`, `@here`, links in brackets."""
    return text.replace("<", "\u2039").replace(">", "\u203a").replace("@", "@\u2060")


def post(url: str, body: bytes) -> str | None:
    """POST a body once; None when it was taken, else why not, in words of ours."""
    transport = None
    try:
        transport = open_transport(url)
        import httpx

        with (
            transport.deadline.within(TIMEOUT_S),
            httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=TIMEOUT_S) as client,
            client.stream("POST", url, content=body, headers={"Content-Type": "application/json"}) as answer,
        ):
            return None if answer.is_success else f"it answers {answer.status_code}"
    except Exception as exc:  # noqa: BLE001 - whatever it is, no cycle may fail by it, and its text may hold the address
        return f"no answer ({type(exc).__name__})"
    finally:
        if transport is not None:
            transport.close()


def check_notify_url(url: str, *, insecure_http: bool) -> str:
    """Return the address, if it may be used. Raises UsageProblem, which does not show it."""
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname, parts.port
    except ValueError as exc:
        raise UsageProblem(f"{VARIABLE} is not a URL: its host or port can't be read") from exc
    if parts.scheme not in ("http", "https") or not host or not url.strip().isprintable():
        raise UsageProblem(f"{VARIABLE} must be an http or https URL")
    if parts.scheme == "http" and not insecure_http and not is_loopback(host):
        raise UsageProblem(
            f"{VARIABLE} uses plain http to a host that is not this machine, where anybody on the way can read it; use "
            "https, or --insecure-http if you accept that"
        )
    return url.strip()
