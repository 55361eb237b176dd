"""What a plan was made from and would send, runner by runner, with an HMAC in place of every header value.

A fingerprint is HMAC-SHA-256 of the value, salted with the plan's nonce, the runner's key and the header's name, under
a key derived from the plan key: who lacks that key can't test guesses, and equal values don't look alike.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.fields.headers import NO_HEADERS
from reconciler.model.fields.table import FIELDS, HEADERS
from reconciler.model.plan import Fingerprints, Pin
from reconciler.model.secret import Secret, Unresolved

if TYPE_CHECKING:
    from reconciler.model.fields.headers import Headers
    from reconciler.model.fields.spec import RunnerBody
    from reconciler.model.plan import Action, Plan
    from reconciler.model.secret import HeaderValue

PURPOSE: Final = "reconciler plan fingerprints 1"
UNKNOWN: Final = "unknown"
"""The mark of a value that could not be resolved; such a plan can't be applied."""


PINNED: Final = sorted(FIELDS, key=lambda field: field.is_secret)
"""The fields as a saved plan lists them: those with fingerprints last."""


def take_fingerprints(plan: Plan, key: Secret, nonce: str | None = None) -> Fingerprints:
    """Take the fingerprints of a plan; those of two plans compare only under one key and one `nonce`."""
    nonce = nonce or secrets.token_hex(16)
    derived = key.derive_key(PURPOSE)
    return Fingerprints(nonce, tuple(_pin(each, derived, nonce) for each in plan.actions))


def fingerprints_document(fingerprints: Fingerprints) -> dict[str, Any]:
    """Return the fingerprints as a saved plan holds them."""
    return {"nonce": fingerprints.nonce, "runners": [_pin_document(each) for each in fingerprints.pins]}


def _pin(action: Action, derived: bytes, nonce: str) -> Pin:
    def mark(folded: str, value: HeaderValue) -> str:
        return _mark(value, derived, f"{nonce}\0{action.key}\0{folded}")

    live = None if action.live is None else action.live.spec
    return Pin(
        action.key,
        None if live is None else {field.name: field.fingerprint(field.of(live), mark) for field in PINNED},
        tuple(HEADERS.fingerprint(_sent_headers(request.body), mark) for request in action.requests),
    )


def _sent_headers(body: RunnerBody) -> Headers:
    return NO_HEADERS if HEADERS.name in body.omitted else HEADERS.of(body.spec)


def _mark(value: HeaderValue, derived: bytes, salt: str) -> str:
    if isinstance(value, Unresolved):
        return UNKNOWN
    secret = Secret(value) if isinstance(value, str) else value
    return secret.fingerprint(derived, salt.encode(errors="surrogatepass"))


def _pin_document(pin: Pin) -> dict[str, Any]:
    return {
        "key": pin.key,
        "live": None if pin.live is None else dict(pin.live),
        "requests": [dict(each) for each in pin.requests],
    }
