"""The live runners, and which tag sets they serve: as a table, as JSON, as Markdown, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.enums import RunnerStatus, SetStanding, Standing
from reconciler.model.fields.table import spec_document
from reconciler.model.health import Health, Probed
from reconciler.model.secret import REDACTED
from reconciler.planfile.document import demand_document
from reconciler.render import escape, wording
from reconciler.render.blocks import Table
from reconciler.render.formats.text_table import table_lines
from reconciler.render.keys import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.results import Listed, Served, SetDemand
    from reconciler.model.runner import LiveRunner
    from reconciler.render.formats.layout import Layout


_STANDING_STYLES: Final[dict[str, str]] = {Standing.DRIFTED: "yellow", Standing.UNMANAGED: "cyan"}

_WORST_FIRST: Final = (Standing.DRIFTED, Standing.UNMANAGED, Standing.MANAGED, "")
_AROUND: Final = 6
"""Lines of a screen beside the rows: the sandbox, the columns' names, a blank line, the counts, the prompt after it."""
_INDENT: Final = 4
_WIDTH: Final = 80
"""Columns of a screen that does not say."""


def table(listed: Listed) -> Table:
    """Return all live runners in the order of their names, without headers."""
    asked = () if listed.health is None else ("health",)
    shown = Table("Runners", ("name", "status", *asked, "standing", "tags", "endpoint", "id"))
    for runner in sorted(listed.listing.runners, key=lambda each: (each.spec.name, each.id)):
        standing = (listed.standing or {}).get(runner.id, "")
        style = "dim" if runner.spec.status != RunnerStatus.ACTIVE else _STANDING_STYLES.get(standing)
        tags = _tags(runner.spec.tags)
        found = () if listed.health is None else (_health(listed, runner),)
        spec = runner.spec
        shown.add(spec.name, spec.status, *found, standing, tags, spec.endpoint, runner.id, style=style)
    shown.head, shown.notes = _sandbox(listed.sandbox), (_total(listed), *_unserved(listed))
    return shown


def text_lines(listed: Listed, layout: Layout) -> Iterator[str]:
    """Yield the table; where the screen can't hold it, runners that are alike together."""
    rows = len(listed.listing.runners)
    if layout.expand or layout.height is None or rows + _AROUND <= layout.height:
        yield from table_lines(table(listed), layout)
        return
    shown = table(listed)
    for line in shown.head:
        yield from layout.wrap(line, style="cyan")
    groups = _alike(listed)
    room = max(1, (layout.height - _AROUND - len(groups)) // len(groups))
    columns = max(1, (layout.width or _WIDTH) - _INDENT)
    for (standing, status, tags), names in groups:
        facts = ", ".join(filter(None, (status, standing, tags)))
        style = "dim" if status != RunnerStatus.ACTIVE else _STANDING_STYLES.get(standing) or "bold"
        counted = wording.plural(len(names), "runner")
        yield from layout.wrap(escape.text(f"{counted}: {facts}"), hanging="    ", style=style)
        yield from layout.wrap(_names(names, room, columns), indent=" " * _INDENT)
    yield ""
    for line in shown.notes:
        yield from layout.wrap(line, style="dim")
    yield from layout.wrap("Runners alike are shown together; --expand shows each in a row.", style="dim")


def _names(names: Sequence[str], lines: int, columns: int) -> str:
    """The names in so many lines: folded, and cut where that is not enough."""
    folded = ", ".join(fold(names))
    if escape.columns(folded) <= (lines - 1) * columns:  # words leave room at the ends of lines
        return folded
    longest = max(escape.columns(escape.value(name)) for name in names) + len(", ")
    return wording.names(names, escape.value, max(1, (lines - 1) * max(1, columns // longest)))


def _alike(listed: Listed) -> list[tuple[tuple[str, str, str], list[str]]]:
    """The names by standing, status and tags; what needs a look first."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for runner in sorted(listed.listing.runners, key=lambda each: (each.spec.name, each.id)):
        standing = (listed.standing or {}).get(runner.id, "")
        tags = _tags(tuple(sorted(runner.spec.tags)))
        health = _health(listed, runner)
        facts = standing, runner.spec.status, f"{health}; {tags}" if health else tags
        found.setdefault(facts, []).append(runner.spec.name)
    return sorted(found.items(), key=lambda each: (_WORST_FIRST.index(each[0][0]), -len(each[1]), each[0]))


def _health(listed: Listed, runner: LiveRunner) -> str:
    """What its endpoint has shown, and why; nothing where none was asked."""
    if listed.health is None or runner.id not in listed.health:
        return ""
    probed = listed.health[runner.id]
    return f"{probed.health}: {probed.reason}" if probed.reason else probed.health.value


def _tags(tags: Sequence[str]) -> str:
    return ", ".join(escape.value(tag) for tag in tags) if tags else "(any workflow)"


def document(listed: Listed) -> dict[str, Any]:
    """Return the list document, header values hidden but for public ones; it is also what `plan --live` reads."""
    demand = listed.listing.demand
    asked = {} if demand is None else {"demand": demand_document(demand)}
    return {
        "format_version": "1.0",
        "read_at": listed.listing.read_at,
        "api_url": listed.api_url,
        "sandbox": listed.sandbox,
        **({"filtered": True} if listed.filtered else {}),
        "runners": [_runner(runner, listed) for runner in listed.listing.runners],
        **asked,
    }


def served_table(served: Served) -> Table:
    """Served tag sets with the names of the active runners that serve each; with demand, all sets by who asks."""
    if served.recent is not None:
        return _demand_table(served)
    shown = Table("Served tag sets", ("tags", "active", *_healthy_column(served), "runners"))
    for tags, names in served.sets:
        label = " + ".join(escape.value(tag) for tag in tags) if tags else "(any: wildcard)"
        counts = str(len(names)), *map(str, _healthy_count(served, tags).values())
        shown.add(label, *counts, ", ".join(escape.value(name) for name in names))
    counted = f"{wording.plural(len(served.sets), 'tag set')} served by active runners."
    shown.head, shown.notes = _sandbox(served.sandbox), (counted,)
    return shown


def served_document(served: Served) -> dict[str, Any]:
    """Return the document of the list, with what is served; the empty set is what wildcards serve."""
    sets = [
        {"tags": list(tags), "active": len(names), **_healthy_count(served, tags), "runners": list(names)}
        for tags, names in served.sets
    ]
    listed = {} if served.listed is None else document(served.listed)
    found: dict[str, Any] = {**listed, "format_version": "1.0", "sandbox": served.sandbox, "served": sets}
    if served.recent is not None:
        demand = [_set_document(each) | _healthy_count(served, each.tags) for each in served.demand]
        found["demand"] = {"recent": served.recent, "sets": demand}
    return found


def _healthy_column(served: Served) -> tuple[str, ...]:
    return () if served.healthy is None else ("healthy",)


def _healthy_count(served: Served, tags: tuple[str, ...]) -> dict[str, int]:
    """How many healthy runners serve a set, under the column's name; nothing where no endpoint was asked."""
    return {} if served.healthy is None else {"healthy": served.healthy.get(tags, 0)}


_FIRST: Final = (SetStanding.ASKED, SetStanding.BOTH, SetStanding.SERVED, SetStanding.NEITHER)
"""What no runner serves comes first."""
_SET_STYLES: Final = {SetStanding.ASKED: "red", SetStanding.NEITHER: "dim"}


def _demand_table(served: Served) -> Table:
    last = f"of last {served.recent}" if served.recent else "of late"
    facts = "standing", "active", *_healthy_column(served), "under way", last, "since"
    shown = Table("Tag sets served and asked for", ("tags", *facts, "runners"))
    for each in sorted(served.demand, key=lambda each: _FIRST.index(each.standing)):
        label = " + ".join(escape.value(tag) for tag in each.tags) if each.tags else "(without tags)"
        asked = each.asked
        counts = (str(asked.under_way), str(asked.recent), asked.since) if asked else ("0", "0", "")
        names = ", ".join(escape.value(name) for name in each.runners)
        style = _SET_STYLES.get(each.standing)
        active = str(len(each.runners)), *map(str, _healthy_count(served, each.tags).values())
        shown.add(label, each.standing, *active, *counts, names, style=style)
    standings = [each.standing for each in served.demand]
    counted = ", ".join(f"{standings.count(kind)} {kind}" for kind in SetStanding)
    counted = f"{wording.plural(len(standings), 'tag set')}: {counted}."
    shown.head, shown.notes = _sandbox(served.sandbox), (counted,)
    return shown


def _set_document(each: SetDemand) -> dict[str, Any]:
    asked = each.asked
    return {
        "tags": list(each.tags),
        "standing": each.standing,
        "active": len(each.runners),
        "runners": list(each.runners),
        "under_way": asked.under_way if asked else 0,
        "recent": asked.recent if asked else 0,
        "since": asked.since if asked else None,
    }


def _unserved(listed: Listed) -> Iterator[str]:
    """What workflows ask for, where that was read, and how much of it no runner serves."""
    demand = listed.listing.demand
    if demand is not None:
        waiting = [each for each in demand.asked if each.under_way and not each.before]
        sets = wording.plural(len(demand.asked), "tag set")
        count = sum(each.under_way for each in waiting)
        yield f"Workflows ask for {sets}; {wording.plural(count, 'workflow')} under way for what no runner serves."


def _sandbox(file: str | None) -> tuple[str, ...]:
    return () if file is None else (wording.sandbox(file, escape.value),)


def _total(listed: Listed) -> str:
    runners = listed.listing.runners
    active = sum(runner.spec.status == RunnerStatus.ACTIVE for runner in runners)
    total = f"{wording.plural(len(runners), 'runner')}, {active} active"
    if listed.standing is not None:
        standings = list(listed.standing.values())
        total += "".join(f", {standings.count(kind)} {kind}" for kind in Standing)
    return f"{total}."


_AS_THE_API_HAS_THEM: Final = ("name", "status", "endpoint", "tags", "headers")


def _runner(runner: LiveRunner, listed: Listed) -> dict[str, Any]:
    fields = spec_document(runner.spec, lambda _name, value: value if isinstance(value, str) else REDACTED)
    document: dict[str, Any] = {
        "id": runner.id,
        "user_id": runner.user_id,
        **dict.fromkeys(_AS_THE_API_HAS_THEM),
        **fields,
        "created_at": runner.created_at,
        "updated_at": runner.updated_at,
    }
    if listed.health is not None:
        probed = listed.health.get(runner.id, Probed(Health.UNKNOWN))
        document |= {"health": probed.health, "health_reason": probed.reason or None}
    return document if listed.standing is None else document | {"standing": listed.standing.get(runner.id)}
