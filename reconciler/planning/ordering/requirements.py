"""What must stay served while runners change over, and which runners stop or begin to serve it.

A tag set that is served both before and after must be served at every moment, and a promise that holds both before and
after must hold throughout. The largest such sets suffice, as a server of a set serves its subsets. A set that
one runner serves both before and after needs no care: a write replaces tags at once, and two writes go over the union.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.planning.serving.states import ANY, common, dominates
from reconciler.planning.serving.tagsets import TagIndex, maximal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from reconciler.model.policy import Promise
    from reconciler.planning.serving.states import Serving, Tags


@dataclass(frozen=True, slots=True)
class Requirement:
    """At least `least` runners serve `tags` at every moment.

    `losers` and `gainers` are the positions, as bits, of the changed runners that serve it only before or only after;
    `stable` is the number of runners that serve it both before and after.
    """

    tags: Tags
    least: int
    losers: int
    gainers: int
    stable: int
    promise: Promise | None = None


class TooManySets(Exception):
    """More tag sets change hands than can be weighed one by one."""


class Changeover:
    """The runners whose serving changes, at fixed positions.

    First come those that only gain, then those that both gain and lose (movers), then those that only lose; each
    part in the order of keys.
    """

    def __init__(self, fleet: Iterable[Serving]) -> None:
        wideners: list[Serving] = []
        movers: list[Serving] = []
        narrowers: list[Serving] = []
        unchanged: list[Serving] = []
        for serving in sorted(fleet, key=lambda serving: (serving.key or "", serving.label)):
            if serving.before == serving.after:
                unchanged.append(serving)
            elif dominates(serving.after, serving.before):
                wideners.append(serving)
            elif dominates(serving.before, serving.after):
                narrowers.append(serving)
            else:
                movers.append(serving)
        self.runners = (*wideners, *movers, *narrowers)
        self.movers = range(len(wideners), len(wideners) + len(movers))
        self._before = TagIndex([serving.before for serving in self.runners])
        self._after = TagIndex([serving.after for serving in self.runners])
        self._unchanged = TagIndex([serving.before for serving in unchanged])
        self._befores = dict.fromkeys(serving.before for serving in (*self.runners, *unchanged))
        self._afters = dict.fromkeys(serving.after for serving in (*self.runners, *unchanged))
        kept = dict.fromkeys(common(serving.before, serving.after) for serving in (*self.runners, *unchanged))
        self._kept = TagIndex(list(kept))

    def requirements(self, promises: Sequence[Promise], most: int) -> list[Requirement]:
        """Return what must stay served and what some runner loses: the largest sets, then the promises.

        Raises TooManySets as soon as more than `most` sets are found.
        """
        sets: set[Tags] = set()
        for tags in self._endangered():
            sets.add(tags)
            if len(sets) > most:
                raise TooManySets
        found = [self.requirement(tags, 1) for tags in maximal(sets)]
        found.sort(key=lambda each: sorted(each.tags))
        distinct = {(frozenset(promise.tags), promise.min_active): promise for promise in reversed(promises)}
        for (tags, least), promise in sorted(distinct.items(), key=lambda item: (sorted(item[0][0]), item[0][1])):
            each = self.requirement(tags, least, promise)
            holds = min(each.losers.bit_count(), each.gainers.bit_count()) + each.stable >= least
            if holds and each.stable < least:
                found.append(each)
        return found

    def requirement(self, tags: Tags, least: int, promise: Promise | None = None) -> Requirement:
        """At least `least` for `tags`, with who loses and who gains it."""
        before, after = self._before.containing(tags), self._after.containing(tags)
        stable = (before & after).bit_count() + self._unchanged.containing(tags).bit_count()
        return Requirement(tags, least, before & ~after, after & ~before, stable, promise)

    def states(self, unions: Iterable[Tags]) -> TagIndex:
        """Return all states that there are before, after and (`unions`) between two writes, each once."""
        return TagIndex(list(dict.fromkeys((*self._befores, *self._afters, *unions))))

    def parts(self, tags: Tags, states: TagIndex) -> Iterator[Tags]:
        """Return what to keep of a set that can't be kept: its largest parts that no runner serves throughout.

        Only those that are served in some state in which the set is not: all others share its servers.
        """
        return (part for part in states.smaller_parts(tags) if not self._kept.serves(part))

    def not_kept(self, asked: Collection[Tags]) -> list[Tags]:
        """Those of the asked sets that no runner serves throughout."""
        return [tags for tags in asked if not self._kept.serves(tags)]

    def _endangered(self) -> Iterable[Tags]:
        wild_before, wild_after = frozenset() in self._befores, frozenset() in self._afters
        if wild_before and wild_after:
            candidates: Iterable[Tags] = [ANY]
        elif wild_before:
            candidates = maximal(filter(None, self._afters))
        elif wild_after:
            candidates = maximal(filter(None, self._befores))
        else:
            candidates = self._shared()
        return (tags for tags in candidates if not self._kept.serves(tags))

    def _shared(self) -> Iterator[Tags]:
        """Without wildcards: the largest parts of what a runner loses that some runner begins to serve.

        Runners that only lose, or don't change, need not be asked: what one of them serves afterwards it serves now.
        """
        afters = TagIndex(list(dict.fromkeys(serving.after for serving in self.runners[: self.movers.stop])))
        losing = dict.fromkeys(serving.before for serving in self.runners[self.movers.start :])
        return (part for state in losing if state for part in afters.largest_parts(state))
