"""What a plan was made from and would send, runner by runner, with an HMAC in place of every header value.

A fingerprint is HMAC-SHA-256 of the value, salted with the plan's nonce, the runner's key and the header's name, under
a key derived from the plan key: who lacks that key can't test guesses, and equal values don't look alike.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.secret import Secret, Unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Action, Plan
    from reconciler.model.runner import LiveRunner
    from reconciler.model.secret import HeaderValue
    from reconciler.planfile.models import FingerprintsModel, LiveModel

PURPOSE: Final = "reconciler plan fingerprints 1"
UNKNOWN: Final = "unknown"
"""Stands for a value that could not be resolved; such a plan can't be applied."""


@dataclass(frozen=True, slots=True)
class LivePin:
    """A live runner as it was read; `headers` maps lower-case names to fingerprints."""

    name: str
    endpoint: str
    tags: tuple[str, ...]
    status: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pin:
    """One action: the live runner it was planned from, and for each request the fingerprints of its header values."""

    key: str
    live: LivePin | None
    requests: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """One plan's pins, in the order of its actions, all salted with `nonce`."""

    nonce: str
    pins: tuple[Pin, ...]


def take_fingerprints(plan: Plan, key: Secret, nonce: str | None = None) -> Fingerprints:
    """The fingerprints of a plan that was just made; those of two plans compare only under one key and one `nonce`."""
    nonce = nonce or secrets.token_hex(16)
    derived = key.derive_key(PURPOSE)
    return Fingerprints(nonce, tuple(_pin(each, derived, nonce) for each in plan.actions))


def fingerprints_document(fingerprints: Fingerprints) -> dict[str, Any]:
    """The fingerprints as a saved plan holds them."""
    return {"nonce": fingerprints.nonce, "runners": [_pin_document(each) for each in fingerprints.pins]}


def fingerprints_from(document: FingerprintsModel) -> Fingerprints:
    """The fingerprints of a parsed document."""
    return Fingerprints(
        document.nonce, tuple(Pin(each.key, _live(each.live), tuple(each.requests)) for each in document.runners)
    )


def _pin(action: Action, derived: bytes, nonce: str) -> Pin:
    def marks(headers: Mapping[str, HeaderValue] | None) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in (headers or {}).items():
            lowered = name.lower()
            # A service that knows one name in two spellings has both values in the mark.
            found[lowered] = found.get(lowered, "") + _mark(value, derived, f"{nonce}\0{action.key}\0{lowered}")
        return found

    live = None if action.live is None else _live_pin(action.live, marks(action.live.headers))
    return Pin(action.key, live, tuple(marks(request.body.headers) for request in action.requests))


def _live_pin(live: LiveRunner, marks: Mapping[str, str]) -> LivePin:
    return LivePin(live.name, live.endpoint, live.tags, live.status, marks)


def _mark(value: HeaderValue, derived: bytes, salt: str) -> str:
    if isinstance(value, Unresolved):
        return UNKNOWN
    secret = Secret(value) if isinstance(value, str) else value
    return secret.fingerprint(derived, salt.encode(errors="surrogatepass"))


def _pin_document(pin: Pin) -> dict[str, Any]:
    live = pin.live
    return {
        "key": pin.key,
        "live": None
        if live is None
        else {
            "name": live.name,
            "endpoint": live.endpoint,
            "tags": list(live.tags),
            "status": live.status,
            "headers": dict(live.headers),
        },
        "requests": [dict(each) for each in pin.requests],
    }


def _live(document: LiveModel | None) -> LivePin | None:
    if document is None:
        return None
    return LivePin(document.name, document.endpoint, tuple(document.tags), document.status, document.headers)
