"""Which live runner each manifest entry means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import ManifestError
from reconciler.model.enums import MatchedBy
from reconciler.model.position import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.runner import DesiredRunner, LiveRunner


class Pair(NamedTuple):
    """An entry and its live runner, None where one is to be created; `by` is one of the constants above."""

    desired: DesiredRunner
    live: LiveRunner | None
    by: MatchedBy


class Matching(NamedTuple):
    """The pairs in the order of the entries, and the live runners that no entry matches in the order of the list."""

    pairs: tuple[Pair, ...]
    unmanaged: tuple[LiveRunner, ...]


def match(desired: Sequence[DesiredRunner], live: Sequence[LiveRunner]) -> Matching:
    """Pair every entry with its live runner: by id, else by exact name, else by exact former name.

    Names are looked for among the live runners that no id claims; they count whether or not the manifest owns the
    name. Raises ManifestError with every entry that has no such runner, several, or one that is another entry's; and
    with those that swap names by `former_name`, for each would be matched by the name that another one has still.
    """
    problems: list[Problem] = []
    by_id = {runner.id.lower(): runner for runner in live}
    claimed = {entry.id.lower() for entry in desired if entry.id is not None}
    by_name: dict[str, list[LiveRunner]] = {}
    for runner in live:
        if runner.id.lower() not in claimed:
            by_name.setdefault(runner.spec.name, []).append(runner)
    pairs: list[Pair] = []
    for entry in desired:
        if entry.id is None:
            pairs.append(_find_by_name(entry, by_name, problems))
            continue
        found = by_id.get(entry.id.lower())
        if found is None:
            problems.append(_no_such_runner(entry, by_name.get(entry.name, ())))
        pairs.append(Pair(entry, found, MatchedBy.ID))
    _refuse_same_names(desired, problems)
    _refuse_shared(pairs, problems)
    _refuse_swapped(pairs, by_name, problems)
    if problems:
        raise ManifestError(problems)
    taken = {pair.live.id for pair in pairs if pair.live is not None}
    return Matching(tuple(pairs), tuple(runner for runner in live if runner.id not in taken))


def _find_by_name(entry: DesiredRunner, by_name: dict[str, list[LiveRunner]], problems: list[Problem]) -> Pair:
    for by, name in ((MatchedBy.NAME, entry.name), (MatchedBy.FORMER_NAME, entry.former_name)):
        found = by_name.get(name, ()) if name is not None else ()
        if len(found) > 1:
            ids = ", ".join(sorted(runner.id for runner in found))
            problems.append(
                Problem(
                    entry.place(by),
                    f"runners.{entry.key}.{by}: {len(found)} live runners are named {name!r}; "
                    f"add the id of the one that is meant: {ids}",
                )
            )
            return Pair(entry, None, by)
        if found:
            return Pair(entry, found[0], by)
    return Pair(entry, None, MatchedBy.NONE)


def _no_such_runner(entry: DesiredRunner, same_name: Sequence[LiveRunner]) -> Problem:
    remedy = "correct the id, or remove it to match by name, which creates the runner where no live one has the name"
    if same_name:
        ids = ", ".join(sorted(runner.id for runner in same_name))
        remedy = f"correct the id, or remove it to match by name; a live runner named {entry.name!r} has the id {ids}"
    message = f"runners.{entry.key}.id: this account has no runner with the id {entry.id}; {remedy}"
    return Problem(entry.place(MatchedBy.ID), message)


def _refuse_same_names(desired: Sequence[DesiredRunner], problems: list[Problem]) -> None:
    first: dict[str, DesiredRunner] = {}
    for entry in desired:
        if entry.id is not None:
            continue
        other = first.setdefault(entry.name, entry)
        if other is not entry:
            problems.append(
                Problem(
                    entry.place(MatchedBy.NAME),
                    f"runners.{entry.key}.name: the entry {other.key} at {other.place(MatchedBy.NAME)} has the name "
                    f"{entry.name!r} too; give one of them another name, or the id of its runner",
                )
            )


def _refuse_shared(pairs: Sequence[Pair], problems: list[Problem]) -> None:
    first: dict[str, Pair] = {}
    for pair in pairs:
        if pair.live is None:
            continue
        other = first.setdefault(pair.live.id, pair)
        if other is pair or pair.by == other.by == MatchedBy.NAME:  # two entries of one name are said already
            continue
        problems.append(
            Problem(
                pair.desired.place(pair.by),
                f"runners.{pair.desired.key}.{pair.by}: the entry {other.desired.key} at "
                f"{other.desired.place(other.by)} is the live runner {pair.live.spec.name!r} ({pair.live.id}) too, by "
                f"its {other.by}; remove one of the entries, or give each the id of its own runner",
            )
        )


def _refuse_swapped(
    pairs: Sequence[Pair], by_name: Mapping[str, Sequence[LiveRunner]], problems: list[Problem]
) -> None:
    """Refuse names that change places in a circle: matched by name, each runner would get another one's settings."""
    named = {pair.desired.name: pair.desired for pair in pairs if pair.by == MatchedBy.NAME and pair.live is not None}
    for entry in named.values():
        former = entry.former_name
        others = [entry]
        while former in named and named[former] not in others:
            others.append(named[former])
            former = named[former].former_name
        if len(others) == 1 or former != entry.name or entry.former_name is None:
            continue
        circle = ", ".join(other.key for other in others[1:])
        live = by_name[entry.former_name][0]
        problems.append(
            Problem(
                entry.place(MatchedBy.FORMER_NAME),
                f"runners.{entry.key}.former_name: names change places between this entry and {circle}, so that by "
                f"name each would be matched to another one's runner, and get its endpoint; add id: {live.id} to "
                f"this entry, the id of {live.spec.name!r}, or remove former_name if the names have changed already",
            )
        )
