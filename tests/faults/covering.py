"""Chooses few of all combinations of fault, operation and request: each pair of them is met, not each triple."""

from __future__ import annotations

import functools
import random
from collections import Counter

_DRAWS = 1000


def kinds_of(seen):
    """What each request of a run is for: the first list, a check before a write, a create, an update, the last list."""
    kinds, written = [], False
    for each in seen:
        if each.writes:
            written = True
            kinds.append({"POST": "create", "PUT": "update"}[each.method])
        elif each.path == "/v1/runner":
            kinds.append("list after writes" if written else "list")
        else:
            kinds.append("check" if each.path.startswith("/v1/runner/") else each.path)
    return tuple(kinds)


@functools.cache
def cover(faults, operations):
    """By fault and operation, the number of the request that meets the fault. `operations`: each name and its kinds.

    Every fault meets every operation, and every kind of request that any of them sends. Of the drawn choices that do
    so, the one is taken that uses most requests that no earlier fault has met.
    """
    dice = random.Random(0)  # noqa: S311 - the same choice in every process
    kinds = dict(operations)
    wanted = set().union(*kinds.values())
    used = Counter()
    chosen = {}
    for fault in faults:
        draws = [{name: dice.randint(1, len(each)) for name, each in kinds.items()} for _ in range(_DRAWS)]
        covering = [draw for draw in draws if {kinds[name][number - 1] for name, number in draw.items()} == wanted]
        best = min(covering, key=lambda draw: sum(used[place] > 0 for place in draw.items()))
        used.update(best.items())
        chosen |= {(fault, name): number for name, number in best.items()}
    return chosen
