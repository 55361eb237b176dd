"""What runners serve: a workflow runs on an active runner that carries all its tags, or on an active one without tags.

Source: the service's page on runners and tags. A runner's state is one of three:

- `None`: it serves nothing, because it does not exist or is not active.
- an empty set: a wildcard, it takes any workflow.
- a set of tags: it serves that set and each of its subsets, the empty one (a workflow without tags) included.

`ANY` is the tag set that only a wildcard serves: it holds a tag that no runner can carry.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Tags: TypeAlias = frozenset[str]
State: TypeAlias = Tags | None


class _Reserved(str):
    """A tag that is equal to itself only, whatever text a runner's tags hold."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


ANY: Final = frozenset({_Reserved("any")})
_ACTIVE: Final = frozenset({_Reserved("active")})

NAMES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Serving:
    """What one runner serves before and after a plan; `key` is its entry's or action's, `label` is for people."""

    key: str | None
    label: str
    before: State
    after: State


def dominates(one: State, other: State) -> bool:
    """Whether a runner in state `one` serves all that it serves in state `other`."""
    if other is None:
        return True
    if one is None:
        return False
    return not one or (bool(other) and other <= one)


def common(before: State, after: State) -> State:
    """Return what is served in both states, as the state of a runner that serves just that."""
    if before is None or after is None:
        return None
    if not before or not after:
        return before or after
    return before & after or _ACTIVE


def in_order(fleet: Iterable[Serving]) -> list[Serving]:
    """Return the fleet sorted by label and key, so that no result depends on the order in which it was read."""
    return sorted(fleet, key=lambda serving: (serving.label, serving.key or ""))


def spell(tags: Iterable[str]) -> str:
    """Return a tag set for people: `gpu+sdxl`."""
    return "+".join(sorted(tags))


def describe(tags: Tags) -> str:
    """Return a set that is to be served, for people."""
    if tags is ANY:
        return "any workflow whatever its tags"
    return spell(tags) if tags else "a workflow without tags"


def name_some(labels: Sequence[str]) -> str:
    """Return a few names: `a, b, c and 4 more`. Names that several runners share are shown once, with their number."""
    counted = [name if count == 1 else f"{name} ({count} of them)" for name, count in Counter(labels).items()]
    shown = ", ".join(counted[:NAMES_SHOWN])
    left = len(counted) - NAMES_SHOWN
    return f"{shown} and {left} more" if left > 0 else shown
