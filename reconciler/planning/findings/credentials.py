"""Findings about header values: where a plan would send them, and whether they are real ones.

They are raised for what the plan writes (creates and updates), so that a fleet at rest stays silent. Headers that the
project file calls public carry no secret and count nowhere here. Messages name headers, never values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from reconciler.model.fields.endpoint import endpoint, host, is_public, origin
from reconciler.model.fields.headers import NO_HEADERS, fold
from reconciler.model.finding import Raised
from reconciler.model.secret import Literal, Secret, Unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.fields.spec import RunnerSpec
    from reconciler.model.plan import Action
    from reconciler.model.runner import DesiredRunner
    from reconciler.model.secret import HeaderValue
    from reconciler.planning.findings.rule import Proposal


_HARMLESS: Final = frozenset(
    (
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-length", "content-type", "expect", "host", "origin", "pragma", "referer", "te", "upgrade"),
        *("user-agent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-requested-with"),
    )
)
"""Headers whose live values are no credentials, so that many hosts may share them (RFC 9110)."""

_REFERENCE: Final = re.compile(r"\$\{(?:env|file):[^}]*\}")
_MAX_ORIGINS: Final = 3


def redirects(proposal: Proposal) -> Iterator[Raised]:
    """Find where a value that one origin gets now goes to another one that does not get it, as far as is known.

    It is judged by value, over the whole fleet: under another header's name, with or without its scheme, on a runner
    that moves or on any other. What is not known counts as the same on a runner that moves to another origin.
    """
    sending = [action for action in proposal.actions if action.desired is not None and _sends_anew(action)]
    if not sending:
        return
    receivers = proposal.shared(_receivers)
    for action in sending:
        if action.desired is not None and (receivers.origins or action.live):
            live, sent = action.live.spec if action.live else None, action.requests[-1].body.spec
            yield from _redirect(action.desired, live, sent, receivers)


def plaintext_secrets(proposal: Proposal) -> Iterator[Raised]:
    """Header values go to a public host over http."""
    for action in proposal.actions:
        if action.desired is not None:
            yield from _plaintext(action.desired, action.requests[-1].body.spec)


def placeholders(proposal: Proposal) -> Iterator[Raised]:
    """Find where a header value of the manifest is empty or one like `changeme`."""
    for action in proposal.actions:
        desired = action.desired
        if desired is not None and desired.owns("headers") and desired.headers:
            yield from _placeholders(desired, desired.headers)


def _sends_anew(action: Action) -> bool:
    """Whether an endpoint gets what this runner does not send it now."""
    return action.live is None or any(change.field in ("endpoint", "headers") for change in action.changes)


_Credential: TypeAlias = "Secret | str"
"""A secret, or the reference to one."""


class _Receivers(NamedTuple):
    """Which origins get a credential now, and the credentials of each value that is sent now."""

    origins: Mapping[_Credential, set[str]]
    parts: Mapping[HeaderValue, frozenset[_Credential]]


def _receivers(proposal: Proposal) -> _Receivers:
    """Which origins get a credential now; one that is not known by the reference that its manifest has for it."""
    found: dict[_Credential, set[str]] = {}
    parts: dict[HeaderValue, frozenset[_Credential]] = {}
    for desired, live, _by in proposal.matching.pairs:
        if live is not None:
            _receive(live.spec.headers, live.spec, found, parts)
            wanted = (desired.headers or NO_HEADERS).items()
            unknown = {
                name: each for name, each in wanted if isinstance(each, Unresolved) and name in live.spec.headers
            }
            _receive(unknown, live.spec, found, parts)
    for live in proposal.matching.unmanaged:
        _receive(live.spec.headers, live.spec, found, parts)
    return _Receivers(found, parts)


def _receive(
    headers: Mapping[str, HeaderValue],
    live: RunnerSpec,
    found: dict[_Credential, set[str]],
    parts: dict[HeaderValue, frozenset[_Credential]],
) -> None:
    place = origin(live.endpoint)
    for name, value in _private(headers):
        if fold(name) not in _HARMLESS:
            credentials = parts.get(value)
            if credentials is None:
                credentials = parts[value] = _credentials(value)
            for each in credentials:
                found.setdefault(each, set()).add(place)


def _credentials(value: Secret | Unresolved) -> frozenset[_Credential]:
    if isinstance(value, Secret):
        return value.credentials
    return frozenset(_REFERENCE.findall(value.text))


def _redirect(
    desired: DesiredRunner, live: RunnerSpec | None, sent: RunnerSpec, receivers: _Receivers
) -> Iterator[Raised]:
    after = origin(sent.endpoint)
    moves = live is not None and origin(live.endpoint) != after
    kept, sources = [], set()
    for name, value in _private(sent.headers):
        credentials = receivers.parts.get(value)
        if credentials is None:
            credentials = _credentials(value)
        known = [receivers.origins[each] for each in credentials if each in receivers.origins]
        if not known and not moves:
            continue
        taken = {source for each in known if after not in each for source in each}
        if live is not None and moves and not any(after in each for each in known) and _may_stay(name, value, live):
            taken.add(origin(live.endpoint))
        if taken:
            kept.append(name)
            sources |= taken
    if not kept:
        return
    if live is not None and sources == {origin(live.endpoint)}:
        message = (
            f"the endpoint moves from {origin(live.endpoint)} to {after} while {_list(kept)} "
            f"{'stays' if len(kept) == 1 else 'stay'}: the new host gets the credentials of the old one; check the "
            "host, and give it credentials of its own"
        )
    else:
        message = (
            f"{_list(kept)} {'holds' if len(kept) == 1 else 'hold'} what {_some(sorted(sources))} "
            f"{'gets' if len(sources) == 1 else 'get'} now, and would give it to another host; check the host, and "
            "give it credentials of its own"
        )
    yield Raised(message, desired.key, desired.place("endpoint"))


def _may_stay(name: str, value: HeaderValue, live: RunnerSpec) -> bool:
    """Whether a runner that moves keeps a value: it is under this name already, or one of the two is not known."""
    before = _private(live.headers)
    if not isinstance(value, Secret):
        return bool(before)
    return any(not isinstance(was, Secret) or (was == value and fold(other) == fold(name)) for other, was in before)


def _some(origins: Sequence[str]) -> str:
    shown = ", ".join(origins[:_MAX_ORIGINS])
    return shown if len(origins) <= _MAX_ORIGINS else f"{shown} and {len(origins) - _MAX_ORIGINS} more"


def _plaintext(desired: DesiredRunner, sent: RunnerSpec) -> Iterator[Raised]:
    if not endpoint(sent.endpoint).startswith("http://"):
        return
    names = [name for name, _value in _private(sent.headers)]
    name = host(sent.endpoint)
    if not names or name is None or not is_public(name):
        return
    yield Raised(
        f"{_list(names)} {'goes' if len(names) == 1 else 'go'} to the public host {name} over plain http, where "
        "anybody on the way can read along; use https",
        desired.key,
        desired.place("endpoint"),
    )


def literal_secrets(entries: Sequence[DesiredRunner]) -> Iterator[Raised]:
    """Find where a header value that looks like a credential is written out in the manifest."""
    checked: dict[tuple[str, Secret], bool] = {}
    for entry in entries:
        if entry.headers is None or "headers" in entry.unmanaged:
            continue
        names = []
        for name, value in entry.headers.items():
            if isinstance(value, Literal):
                found = checked.get((name, value))
                if found is None:
                    found = checked[name, value] = value.looks_like_credential(name)
                if found:
                    names.append(name)
        if names:
            yield Raised(
                f"{_list(names)} {'is' if len(names) == 1 else 'are'} written out in the manifest and "
                f"{'looks' if len(names) == 1 else 'look'} like a credential, for everybody who reads the repository "
                "and its history; replace it by a new one, and refer to that by ${env:NAME} or ${file:PATH}",
                entry.key,
                entry.place("headers"),
            )


def _placeholders(desired: DesiredRunner, headers: Mapping[str, HeaderValue]) -> Iterator[Raised]:
    names = [name for name, value in _private(headers) if isinstance(value, Secret) and value.is_placeholder]
    if not names:
        return
    yield Raised(
        f"{_list(names)} {'is' if len(names) == 1 else 'are'} empty, a placeholder such as changeme, or not clean "
        "(blanks or quotes around it, an invisible character, a $NAME or {{ name }} not expanded); set the real value",
        desired.key,
        desired.place("headers"),
    )


def _private(headers: Mapping[str, HeaderValue]) -> list[tuple[str, Secret | Unresolved]]:
    return [(name, value) for name, value in headers.items() if not isinstance(value, str)]


def _list(names: Sequence[str]) -> str:
    return f"the header{'s' if len(names) > 1 else ''} {', '.join(names)}"
