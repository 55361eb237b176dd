"""The live runners, and which tag sets they serve: as a table, as JSON, as Markdown, as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.model.fields import spec_document
from reconciler.model.secret import REDACTED
from reconciler.model.spec import ACTIVE
from reconciler.render import escape, wording
from reconciler.render.formats.json import render_document
from reconciler.render.formats.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.runner import Listing, LiveRunner


class Listed(Protocol):
    """The live runners of one read, and how they stand to the manifests where there are any."""

    @property
    def listing(self) -> Listing:
        """What was read."""

    @property
    def api_url(self) -> str:
        """Where from."""

    @property
    def standing(self) -> Mapping[str, str] | None:
        """`managed`, `drifted` or `unmanaged` by runner id; None without manifests."""

    @property
    def sandbox(self) -> str | None:
        """The emulator's file when that was talked to."""


_STANDING_STYLES: Final = {"drifted": "yellow", "unmanaged": "cyan"}


def render_runners(listed: Listed, form: str, *, color: bool = False, width: int | None = None) -> str:
    """All live runners in the order of their names; header values never show, but for public ones in JSON."""
    if form == "json":
        return render_document(listing_document(listed))
    runners = sorted(listed.listing.runners, key=lambda runner: (runner.spec.name, runner.id))
    table = Table(("name", "status", "standing", "tags", "endpoint", "id"), name="Runners")
    for runner in runners:
        standing = (listed.standing or {}).get(runner.id, "")
        style = "dim" if runner.spec.status != ACTIVE else _STANDING_STYLES.get(standing)
        tags = ", ".join(escape.value(tag) for tag in runner.spec.tags) if runner.spec.tags else "(any workflow)"
        table.add((runner.spec.name, runner.spec.status, standing, tags, runner.spec.endpoint, runner.id), style=style)
    notes = [_total(listed)]
    if listed.sandbox is not None:
        notes.append(wording.sandbox(listed.sandbox, escape.value))
    return table.render(form, notes, color=color, width=width)


def listing_document(listed: Listed) -> dict[str, Any]:
    """The contract's list document; it is also what `plan --live` reads."""
    return {
        "format_version": "1.0",
        "read_at": listed.listing.read_at,
        "api_url": listed.api_url,
        "sandbox": listed.sandbox,
        "runners": [_runner(runner, listed.standing) for runner in listed.listing.runners],
    }


def render_coverage(
    served: Sequence[tuple[tuple[str, ...], Sequence[str]]],
    form: str,
    *,
    color: bool = False,
    width: int | None = None,
    sandbox: str | None = None,
) -> str:
    """Served tag sets with the names of the active runners that serve each; an empty set stands for wildcards."""
    if form == "json":
        sets = [{"tags": list(tags), "active": len(names), "runners": list(names)} for tags, names in served]
        return render_document({"format_version": "1.0", "sandbox": sandbox, "served": sets})
    table = Table(("tags", "active", "runners"), name="Served tag sets")
    for tags, names in served:
        label = " + ".join(escape.value(tag) for tag in tags) if tags else "(any: wildcard)"
        table.add((label, str(len(names)), ", ".join(escape.value(name) for name in names)))
    notes = [f"{wording.plural(len(served), 'tag set')} served by active runners."]
    if sandbox is not None:
        notes.append(wording.sandbox(sandbox, escape.value))
    return table.render(form, notes, color=color, width=width)


def _total(listed: Listed) -> str:
    runners = listed.listing.runners
    active = sum(runner.spec.status == ACTIVE for runner in runners)
    total = f"{wording.plural(len(runners), 'runner')}, {active} active"
    if listed.standing is not None:
        stands = list(listed.standing.values())
        total += "".join(f", {stands.count(kind)} {kind}" for kind in ("managed", "drifted", "unmanaged"))
    return f"{total}."


_AS_THE_API_HAS_THEM: Final = ("name", "status", "endpoint", "tags", "headers")


def _runner(runner: LiveRunner, standing: Mapping[str, str] | None) -> dict[str, Any]:
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
