"""The live runners, and which tag sets they serve: as a table, as JSON, as Markdown, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.enums import RunnerStatus, Standing
from reconciler.model.fields import spec_document
from reconciler.model.secret import REDACTED
from reconciler.render import escape, wording
from reconciler.render.blocks import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.results import Listed, Served
    from reconciler.model.runner import LiveRunner


_STANDING_STYLES: Final[dict[str, str]] = {Standing.DRIFTED: "yellow", Standing.UNMANAGED: "cyan"}


def table(listed: Listed) -> Table:
    """All live runners in the order of their names, without headers."""
    shown = Table("Runners", ("name", "status", "standing", "tags", "endpoint", "id"))
    for runner in sorted(listed.listing.runners, key=lambda each: (each.spec.name, each.id)):
        standing = (listed.standing or {}).get(runner.id, "")
        style = "dim" if runner.spec.status != RunnerStatus.ACTIVE else _STANDING_STYLES.get(standing)
        tags = ", ".join(escape.value(tag) for tag in runner.spec.tags) if runner.spec.tags else "(any workflow)"
        shown.add(runner.spec.name, runner.spec.status, standing, tags, runner.spec.endpoint, runner.id, style=style)
    shown.notes = (_total(listed), *_sandbox(listed.sandbox))
    return shown


def document(listed: Listed) -> dict[str, Any]:
    """The contract's list document, header values hidden but for public ones; it is also what `plan --live` reads."""
    return {
        "format_version": "1.0",
        "read_at": listed.listing.read_at,
        "api_url": listed.api_url,
        "sandbox": listed.sandbox,
        "runners": [_runner(runner, listed.standing) for runner in listed.listing.runners],
    }


def served_table(served: Served) -> Table:
    """Served tag sets with the names of the active runners that serve each."""
    shown = Table("Served tag sets", ("tags", "active", "runners"))
    for tags, names in served.sets:
        label = " + ".join(escape.value(tag) for tag in tags) if tags else "(any: wildcard)"
        shown.add(label, str(len(names)), ", ".join(escape.value(name) for name in names))
    counted = f"{wording.plural(len(served.sets), 'tag set')} served by active runners."
    shown.notes = (counted, *_sandbox(served.sandbox))
    return shown


def served_document(served: Served) -> dict[str, Any]:
    """The same as data; the empty set is what wildcards serve."""
    sets = [{"tags": list(tags), "active": len(names), "runners": list(names)} for tags, names in served.sets]
    return {"format_version": "1.0", "sandbox": served.sandbox, "served": sets}


def _sandbox(file: str | None) -> Iterator[str]:
    if file is not None:
        yield wording.sandbox(file, escape.value)


def _total(listed: Listed) -> str:
    runners = listed.listing.runners
    active = sum(runner.spec.status == RunnerStatus.ACTIVE for runner in runners)
    total = f"{wording.plural(len(runners), 'runner')}, {active} active"
    if listed.standing is not None:
        stands = list(listed.standing.values())
        total += "".join(f", {stands.count(kind)} {kind}" for kind in Standing)
    return f"{total}."


_AS_THE_API_HAS_THEM: Final = ("name", "status", "endpoint", "tags", "headers")


def _runner(runner: LiveRunner, standing: Mapping[str, Standing] | None) -> dict[str, Any]:
    fields = spec_document(runner.spec, lambda _name, value: value if isinstance(value, str) else REDACTED)
    document: dict[str, Any] = {
        "id": runner.id,
        "user_id": runner.user_id,
        **dict.fromkeys(_AS_THE_API_HAS_THEM),
        **fields,
        "created_at": runner.created_at,
        "updated_at": runner.updated_at,
    }
    return document if standing is None else document | {"standing": standing.get(runner.id)}
