"""Movers that can't be ordered one by one, cut out of all the others.

A mover that loses a set has to wait for one that gains it. Movers that wait for each other in a circle form a stage;
all other movers have a place of their own. Stages come in an order in which each waits only for earlier ones. This cut
costs nothing: take any order of all movers that is safe, keep each stage's own order and put the stages one after the
other. While a stage is under way, the losers of later stages still serve their sets and the gainers of earlier ones
serve theirs already, so that a set never has fewer servers than in the order taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True, slots=True)
class Need:
    """At least `least` of these movers serve a set: losers until their write, gainers from their write on.

    `source` is the number of the requirement that it comes from; one that is `firm` is given up last.
    """

    source: int
    least: int
    losers: frozenset[int]
    gainers: frozenset[int]
    firm: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """Movers that depend on each other in a circle, and their needs; one mover without any can go at once."""

    movers: tuple[int, ...]
    needs: tuple[Need, ...]


def cut_into_stages(movers: Sequence[int], needs: Sequence[Need]) -> list[Stage]:
    """Return all movers in stages, in an order in which no stage waits for a later one."""
    stages: list[Stage] = []
    pending = [(tuple(movers), tuple(need for need in needs if need.losers and need.gainers))]
    while pending:
        group, within = pending.pop()
        if not within:
            stages.extend(Stage((mover,), ()) for mover in group)
            continue
        parts = _circles(group, within)
        if len(parts) == 1:
            stages.append(Stage(group, within))
            continue
        pending.extend((tuple(sorted(part)), _inside(part, inner)) for part, inner in reversed(parts))
    return stages


def _inside(part: Collection[int], needs: Sequence[Need]) -> tuple[Need, ...]:
    """The needs as they are while only this part moves: everybody else serves, because later or earlier."""
    inside = []
    for need in needs:
        losers, gainers = need.losers.intersection(part), need.gainers.intersection(part)
        outside = len(need.losers) - len(losers) + len(need.gainers) - len(gainers)
        if need.least > outside:
            inside.append(Need(need.source, need.least - outside, losers, gainers, need.firm))
    return tuple(inside)


def _circles(movers: Sequence[int], needs: Sequence[Need]) -> list[tuple[set[int], list[Need]]]:
    """The strongly connected parts of `loser -> need -> gainer`, what is depended on first (Kosaraju's algorithm)."""
    # Movers are numbered by place, needs after them: one node a need keeps this linear when many share one.
    number = {mover: at for at, mover in enumerate(movers)}
    first_need = len(movers)
    edges: list[list[int]] = [[] for _ in movers]
    for at, need in enumerate(needs):
        edges.append([number[mover] for mover in sorted(need.gainers)])
        for mover in sorted(need.losers):
            edges[number[mover]].append(first_need + at)
    parts = []
    for part in _strongly_connected(edges):
        inside = {movers[node] for node in part if node < first_need}
        if inside:
            parts.append((inside, [needs[node - first_need] for node in sorted(part) if node >= first_need]))
    return parts


def _strongly_connected(edges: list[list[int]]) -> list[list[int]]:
    """What is depended on comes first."""
    back: list[list[int]] = [[] for _ in edges]
    for node, targets in enumerate(edges):
        for target in targets:
            back[target].append(node)
    parts: list[list[int]] = []
    placed = [False] * len(edges)
    for start in reversed(_by_end(edges)):
        if placed[start]:
            continue
        placed[start] = True
        part = [start]
        for node in part:
            for other in back[node]:
                if not placed[other]:
                    placed[other] = True
                    part.append(other)
        parts.append(part)
    return parts[::-1]


def _by_end(edges: list[list[int]]) -> list[int]:
    """All nodes in the order in which a depth-first walk leaves them."""
    left: list[int] = []
    seen = [False] * len(edges)
    for start in range(len(edges)):
        if seen[start]:
            continue
        work = [(start, iter(edges[start]))]
        while work:
            node, rest = work[-1]
            seen[node] = True
            following = next((other for other in rest if not seen[other]), None)
            if following is None:
                left.append(node)
                work.pop()
            else:
                work.append((following, iter(edges[following])))
    return left
