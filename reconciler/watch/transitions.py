"""What changed between two statuses and is worth a notification: each is sent once, when it begins or ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.watch.status import Status

_NAMES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Transition:
    """One transition: a stable `event`, a sentence, and the keys it is about."""

    event: str
    text: str
    keys: tuple[str, ...] = ()


def transitions(before: Status, after: Status) -> tuple[Transition, ...]:
    """Return the transitions from one cycle's status to the next one's, in a stable order.

    Events: suspended, resumed, drift-begins, drift-ends, apply-failed, guard-refuses, contested, unhealthy,
    healthy-again.
    """
    return tuple(_found(before, after))


def _found(before: Status, after: Status) -> Iterator[Transition]:
    if after.suspended and not before.suspended:
        yield Transition("suspended", "suspended: it plans and reports, and writes nothing")
    if before.suspended and not after.suspended:
        yield Transition("resumed", "resumed: it is no longer suspended")
    drifted = _written(after)
    if drifted and not _written(before):
        yield Transition(
            "drift-begins", f"drift begins: {_names(drifted)} {_differ(drifted)} from the manifests", drifted
        )
    if before.drifted and not after.drifted:
        yield Transition("drift-ends", "drift ends: every runner matches the manifests")
    if "writes" in after.troubles and "writes" not in before.troubles:
        yield Transition("apply-failed", f"apply failed: {after.troubles['writes']}")
    if "refused" in after.troubles and "refused" not in before.troubles:
        yield Transition("guard-refuses", f"a guard refuses: {after.troubles['refused']}")
    contested = _new(after.contested, before.contested)
    if contested:
        text = f"contested: another writer keeps changing {_names(contested)}; not written any more on this commit"
        yield Transition("contested", text, contested)
    sick = _new(after.unhealthy(), before.unhealthy())
    if sick:
        whys = tuple(f"{key} ({after.health[key].reason})" for key in sick)
        yield Transition("unhealthy", f"unhealthy: {_names(whys)}", sick)
    well = tuple(sorted(before.unhealthy() & frozenset(after.health) - after.unhealthy()))
    if well:
        yield Transition("healthy-again", f"healthy again: {_names(well)}", well)


def _written(status: Status) -> tuple[str, ...]:
    """The runners that drifted and are still written: of a contested one there is a notification already."""
    return tuple(sorted(each.key for each in status.drifted if each.key not in status.contested))


def _new(after: Iterable[str], before: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(frozenset(after) - frozenset(before)))


def _differ(keys: tuple[str, ...]) -> str:
    return "differs" if len(keys) == 1 else "differ"


def _names(keys: tuple[str, ...]) -> str:
    more = len(keys) - _NAMES_SHOWN
    shown = ", ".join(keys[:_NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
