"""Findings about header values: where a plan would send them, and whether they are real ones.

They are raised for what the plan writes (creates and updates), so that a fleet at rest stays silent. Headers that the
project file calls public carry no secret and count nowhere here. Messages name headers, never values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.secret import Secret
from reconciler.planning.findings.rule import Raised
from reconciler.planning.normalise import endpoint, host, is_public

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.runner import DesiredRunner, LiveRunner, RunnerBody
    from reconciler.model.secret import HeaderValue
    from reconciler.planning.findings.rule import Proposal


def redirects(proposal: Proposal) -> Iterator[Raised]:
    """The endpoint's host changes, and a value that the old host got goes on to the new one, as far as is known."""
    for action in proposal.actions:
        if action.desired is not None and action.live is not None:
            yield from _redirect(action.desired, action.live, action.requests[-1].body)


def plaintext_secrets(proposal: Proposal) -> Iterator[Raised]:
    """Header values go to a public host over http."""
    for action in proposal.actions:
        if action.desired is not None:
            yield from _plaintext(action.desired, action.requests[-1].body)


def placeholders(proposal: Proposal) -> Iterator[Raised]:
    """A header value of the manifest is empty or one like `changeme`."""
    for action in proposal.actions:
        desired = action.desired
        if desired is not None and desired.owns("headers") and desired.headers:
            yield from _placeholders(desired, desired.headers)


def _redirect(desired: DesiredRunner, live: LiveRunner, body: RunnerBody) -> Iterator[Raised]:
    before, after = host(live.endpoint), host(body.endpoint)
    headers = body.headers or {}
    if before == after or not live.headers:
        return
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
        return
    yield Raised(
        f"the endpoint moves from {before or live.endpoint} to {after or body.endpoint} while {_list(kept)} "
        f"{'stays' if len(kept) == 1 else 'stay'}: the new host gets the credentials of the old one; check the "
        "host, and give it credentials of its own",
        desired.key,
        desired.place("endpoint"),
    )


def _plaintext(desired: DesiredRunner, body: RunnerBody) -> Iterator[Raised]:
    names = [name for name, _value in _private(body.headers or {})]
    name = host(body.endpoint)
    if not names or name is None or not endpoint(body.endpoint).startswith("http://") or not is_public(name):
        return
    yield Raised(
        f"{_list(names)} {'goes' if len(names) == 1 else 'go'} to the public host {name} over plain http, where "
        "anybody on the way can read along; use https",
        desired.key,
        desired.place("endpoint"),
    )


def _placeholders(desired: DesiredRunner, headers: Mapping[str, HeaderValue]) -> Iterator[Raised]:
    names = [name for name, value in _private(headers) if isinstance(value, Secret) and value.is_placeholder]
    if not names:
        return
    yield Raised(
        f"{_list(names)} {'is' if len(names) == 1 else 'are'} empty or a placeholder such as changeme; set the "
        "real value",
        desired.key,
        desired.place("headers"),
    )


def _private(headers: Mapping[str, HeaderValue]) -> list[tuple[str, HeaderValue]]:
    return [(name, value) for name, value in headers.items() if not isinstance(value, str)]


def _list(names: Sequence[str]) -> str:
    return f"the header{'s' if len(names) > 1 else ''} {', '.join(names)}"
