"""A fleet under way, by brute force: every tag set, every moment. It shares nothing with the code that plans.

A state is None (serves nothing), an empty set (a wildcard) or the tags carried. A write takes a runner to a state; it
may be sent once its waits are met, and from then on it may land at any time, or never.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations

NOBODYS_TAG = "carried by no runner"


@dataclass(frozen=True)
class Write:
    """One write: the runner, which of its writes it is (from 0), the state it brings, and what it waits for.

    Each of `waits` is a set of runners and how many of them must have their first write verified.
    """

    runner: str
    number: int
    state: frozenset | None
    waits: tuple[tuple[frozenset, int], ...] = ()


def serves(state, tags) -> bool:
    """Whether a runner in a state takes a workflow with these tags."""
    return state is not None and (not state or all(tag in state for tag in tags))


def servers(states, tags) -> int:
    """How many of the states take it."""
    return sum(serves(state, tags) for state in states)


def all_sets(tags):
    """Every subset of some tags, and one that only a wildcard serves."""
    ordered = sorted(tags)
    subsets = chain.from_iterable(combinations(ordered, size) for size in range(len(ordered) + 1))
    return [frozenset(subset) for subset in subsets] + [frozenset({NOBODYS_TAG})]


def required(before, after, tags, promises):
    """What must hold throughout: (set, number) for all that is served, and all that is promised, before and after."""
    needs = [(each, 1) for each in all_sets(tags) if servers(before, each) and servers(after, each)]
    needs += [(each, k) for each, k in promises if servers(before, each) >= k and servers(after, each) >= k]
    return needs


class Simulation:
    """All that can happen to a fleet. `before` maps runners to states; those without a write stay as they are."""

    def __init__(self, before, writes):
        self.before = dict(before)
        self.writes = list(writes)

    def moments(self):
        """Every reachable set of verified writes, each with the writes that may be in flight at that time."""
        start = frozenset()
        seen, pending = {start}, [start]
        while pending:
            verified = pending.pop()
            in_flight = [write for write in self.writes if write not in verified and self._may_go(write, verified)]
            yield verified, in_flight
            for write in in_flight:
                following = verified | {write}
                if following not in seen:
                    seen.add(following)
                    pending.append(following)

    def fewest(self, verified, in_flight, tags) -> int:
        """The fewest servers of a set over all choices of which writes in flight have landed.

        A runner has one write in flight at most, so the worst choice is made runner by runner.
        """
        now = self.settled(verified)
        landing = {write.runner: write.state for write in in_flight}
        return sum(serves(state, tags) and serves(landing.get(name, state), tags) for name, state in now.items())

    def settled(self, verified):
        """The states once these writes have landed, and no other."""
        now = dict(self.before)
        for write in sorted(verified, key=lambda write: write.number):
            now[write.runner] = write.state
        return now

    def gaps(self, needs):
        """The needs that some moment breaks, whatever has landed or failed by then."""
        broken = {}
        for verified, in_flight in self.moments():
            for tags, least in needs:
                if (tags, least) not in broken and self.fewest(verified, in_flight, tags) < least:
                    broken[tags, least] = (verified, in_flight)
        return broken

    def stuck(self):
        """The moments at which not all is written and nothing may be sent."""
        return [
            verified for verified, in_flight in self.moments() if not in_flight and len(verified) < len(self.writes)
        ]

    def _may_go(self, write, verified) -> bool:
        first = {each.runner for each in verified if each.number == 0}
        own = write.number == 0 or any(
            each.runner == write.runner and each.number == write.number - 1 for each in verified
        )
        return own and all(len(first & runners) >= count for runners, count in write.waits)


def fewest_twice(before, after, needs, *, most_tags=10):
    """The fewest runners that must go over the union of their tags, by trying all; None when no way keeps the needs."""
    changed = sorted(name for name in before if before[name] != after[name])
    wide = {
        name: before[name] | after[name]
        for name in changed
        if before[name] and after[name] and len(before[name] | after[name]) <= most_tags
    }
    for count in range(len(wide) + 1):
        for chosen in combinations(sorted(wide), count):
            if has_way(before, after, needs, chosen):
                return count
    return None


def has_way(before, after, needs, twice) -> bool:
    """Whether any order of writes keeps the needs when these runners go over the union of their tags."""
    changed = [name for name in before if before[name] != after[name]]
    steps = {
        name: [before[name], *([before[name] | after[name]] if name in twice else []), after[name]] for name in changed
    }
    return _way(before, steps, needs)


def _way(before, steps, needs) -> bool:
    """Whether writes one after the other, each runner through its steps, can keep all needs."""
    names = sorted(steps)
    goal = tuple(len(steps[name]) - 1 for name in names)
    fixed = [state for name, state in before.items() if name not in steps]
    start = (0,) * len(names)
    seen, pending = {start}, [start]
    while pending:
        at = pending.pop()
        if at == goal:
            return True
        for which in range(len(names)):
            following = (*at[:which], at[which] + 1, *at[which + 1 :])
            if following[which] > goal[which] or following in seen:
                continue
            seen.add(following)
            states = fixed + [steps[name][place] for name, place in zip(names, following, strict=True)]
            if all(servers(states, tags) >= least for tags, least in needs):
                pending.append(following)
    return False
