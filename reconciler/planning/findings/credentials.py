"""Findings about header values: where a plan would send them, and whether they are real ones.

They are raised for what the plan writes (creates and updates), so that a fleet at rest stays silent. Headers that the
project file calls public carry no secret and count nowhere here. Messages name headers, never values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.finding import CODES, Finding
from reconciler.model.secret import Secret
from reconciler.planning.normalise import endpoint, host, is_public

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.plan import Action
    from reconciler.model.runner import DesiredRunner, LiveRunner, RunnerBody
    from reconciler.model.secret import HeaderValue


def credential_findings(actions: Iterable[Action]) -> list[Finding]:
    """credential-redirect, plaintext-secret and placeholder-secret.

    - credential-redirect: the endpoint's host changes, and a header value that the old host got goes on to the new one
      (or is not known to change).
    - plaintext-secret: header values go to a public host over http.
    - placeholder-secret: a header value of the manifest is empty or one like `changeme`.
    """
    found: list[Finding] = []
    for action in actions:
        desired = action.desired
        if desired is None:  # an unmanaged runner retired: it sends its headers nowhere any more
            continue
        body = action.requests[-1].body
        if body.headers:
            if action.live is not None:
                found += _redirect(desired, action.live, body)
            found += _plaintext(desired, body)
        if desired.owns("headers") and desired.headers:
            found += _placeholders(desired, desired.headers)
    return found


def _redirect(desired: DesiredRunner, live: LiveRunner, body: RunnerBody) -> list[Finding]:
    before, after = host(live.endpoint), host(body.endpoint)
    headers = body.headers or {}
    if before == after or not live.headers:
        return []
    old: dict[str, list[HeaderValue]] = {}
    for name, value in live.headers.items():
        old.setdefault(name.lower(), []).append(value)
    kept = [
        name
        for name, value in _private(headers)
        if any(
            not isinstance(value, Secret) or not isinstance(was, Secret) or value == was
            for was in old.get(name.lower(), ())
        )
    ]
    if not kept:
        return []
    return [
        _finding(
            "credential-redirect",
            desired,
            "endpoint",
            f"the endpoint moves from {before or live.endpoint} to {after or body.endpoint} while {_list(kept)} "
            f"{'stays' if len(kept) == 1 else 'stay'}: the new host gets the credentials of the old one; check the "
            "host, and give it credentials of its own",
        )
    ]


def _plaintext(desired: DesiredRunner, body: RunnerBody) -> list[Finding]:
    names = [name for name, _value in _private(body.headers or {})]
    name = host(body.endpoint)
    if not names or name is None or not endpoint(body.endpoint).startswith("http://") or not is_public(name):
        return []
    return [
        _finding(
            "plaintext-secret",
            desired,
            "endpoint",
            f"{_list(names)} {'goes' if len(names) == 1 else 'go'} to the public host {name} over plain http, where "
            "anybody on the way can read along; use https",
        )
    ]


def _placeholders(desired: DesiredRunner, headers: Mapping[str, HeaderValue]) -> list[Finding]:
    names = [name for name, value in _private(headers) if isinstance(value, Secret) and value.is_placeholder]
    if not names:
        return []
    return [
        _finding(
            "placeholder-secret",
            desired,
            "headers",
            f"{_list(names)} {'is' if len(names) == 1 else 'are'} empty or a placeholder such as changeme; set the "
            "real value",
        )
    ]


def _private(headers: Mapping[str, HeaderValue]) -> list[tuple[str, HeaderValue]]:
    return [(name, value) for name, value in headers.items() if not isinstance(value, str)]


def _finding(code: str, desired: DesiredRunner, field: str, message: str) -> Finding:
    return Finding(code=code, severity=CODES[code], key=desired.key, at=desired.place(field), message=message)


def _list(names: Sequence[str]) -> str:
    return f"the header{'s' if len(names) > 1 else ''} {', '.join(names)}"
