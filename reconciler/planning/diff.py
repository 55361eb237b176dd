"""What a body changes on a live runner; and how two plan documents differ.

Runners are compared by sets and equality, field by field: deepdiff takes about half a millisecond a pair, which is
seconds for ten thousand changed runners. It earns its place on nested documents, in `document_moves`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.model.plan import Change, public_value
from reconciler.model.runner import ACTIVE
from reconciler.model.secret import Unresolved
from reconciler.planning.normalise import same_endpoint, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.runner import LiveRunner, RunnerBody
    from reconciler.model.secret import HeaderValue


class Difference(NamedTuple):
    """The fields that a body changes, in the order of FIELDS, and whether a header value could not be compared.

    Values that could not be compared are named beside other changes; alone they are no change.
    """

    changes: tuple[Change, ...]
    unknown: bool


_SAME: Final = Difference((), unknown=False)


def compare(body: RunnerBody, live: LiveRunner) -> Difference:
    """What a PUT of `body` would change on `live`. A field that the body leaves out is not changed."""
    changes: list[Change] = []
    if body.name != live.name:
        changes.append(Change(field="name", before=live.name, after=body.name))
    if not same_endpoint(body.endpoint, live.endpoint):
        changes.append(Change(field="endpoint", before=live.endpoint, after=body.endpoint))
    headers = _header_change(body.headers, live.headers)
    if headers is not None:
        changes.append(headers)
    tags = _tag_change(body.tags, live.tags)
    if tags is not None:
        changes.append(tags)
    if body.status is not None and body.status != live.status:
        changes.append(Change(field="status", before=live.status, after=body.status))
    if not changes:
        return _SAME
    if headers is None or not headers.unknown:
        return Difference(tuple(changes), unknown=False)
    known = len(changes) > 1 or bool(headers.added or headers.removed or headers.changed)
    return Difference(tuple(changes) if known else (), unknown=True)


def creation_changes(body: RunnerBody, status: str = ACTIVE) -> tuple[Change, ...]:
    """The changes of a create: everything it sends, and the status it ends with."""
    headers, tags = body.headers or {}, body.tags or ()
    public = {name: (None, public_value(value)) for name, value in headers.items() if isinstance(value, str)}
    return (
        Change(field="name", after=body.name),
        Change(field="endpoint", after=body.endpoint),
        *((Change(field="headers", added=tuple(headers), public=public or None),) if headers else ()),
        *((Change(field="tags", before=(), after=tags, added=_once(tags)),) if tags else ()),
        Change(field="status", after=status),
    )


def _tag_change(after: tuple[str, ...] | None, before: tuple[str, ...]) -> Change | None:
    if after is None or after is before or after == before:
        return None
    new, old = frozenset(after), frozenset(before)
    if new == old:
        return None
    return Change(
        field="tags",
        before=before,
        after=after,
        added=_once(tag for tag in after if tag not in old),
        removed=_once(tag for tag in before if tag not in new),
    )


def _header_change(after: Mapping[str, HeaderValue] | None, before: Mapping[str, HeaderValue]) -> Change | None:
    """None when the headers are known to be the same; a change of only `unknown` when they may be.

    A name spelled in another case is the same name. Where live has two spellings of one, the one spelled as in `after`
    is compared and the others are removed.
    """
    if after is None or after is before:
        return None
    added: list[str] = []
    changed: list[str] = []
    unknown: list[str] = []
    public: dict[str, tuple[str | None, str | None]] = {}
    kept: set[str] = set()
    folded: dict[str, list[str]] | None = None
    for name, value in after.items():
        spelling: str | None = name
        if name not in before:
            folded = spellings(before) if folded is None else folded
            spelling = next(iter(folded.get(name.lower(), ())), None)
        if spelling is None:
            added.append(name)
            _publish(public, name, None, value)
            continue
        kept.add(spelling)
        current = before[spelling]
        if isinstance(value, Unresolved) or isinstance(current, Unresolved):
            unknown.append(name)
        elif value != current:
            changed.append(name)
            _publish(public, name, current, value)
    removed = [name for name in before if name not in kept] if len(kept) < len(before) else []
    for name in removed:
        _publish(public, name, before[name], None)
    if not (added or removed or changed or unknown):
        return None
    return Change(
        field="headers",
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(changed),
        unknown=tuple(unknown),
        public=public or None,
    )


def _publish(
    public: dict[str, tuple[str | None, str | None]], name: str, before: HeaderValue | None, after: HeaderValue | None
) -> None:
    if isinstance(before, str) or isinstance(after, str):
        public[name] = (public_value(before), public_value(after))


def _once(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def document_moves(before: object, after: object) -> list[str]:
    """One line for each difference of two documents (JSON), such as `requests[0].body.tags: added "x"`, by path.

    For documents that hold redacted values only: the lines quote them. What was added to or removed from a list is
    told without its place in it.
    """
    if before == after:
        return []
    from deepdiff import DeepDiff

    found: list[tuple[list[str], str]] = []
    # A threshold of 0: by default two mappings with few keys in common count as one value that was replaced.
    differences = DeepDiff(before, after, view="tree", ignore_numeric_type_changes=True, threshold_to_diff_deeper=0)
    for kind, levels in differences.items():
        for level in levels:
            steps: list[str | int] = level.path(output_format="list")
            if kind.endswith("_added"):
                said = f"added {_json(level.t2)}"
            elif kind.endswith("_removed"):
                said = f"removed {_json(level.t1)}"
            else:
                said = f"{_json(level.t1)} is now {_json(level.t2)}"
            place = _path(steps[:-1] if kind.startswith("iterable_item_") else steps)
            found.append(([str(step) for step in steps], f"{place}: {said}" if place else said))
    return [line for _steps, line in sorted(found)]


def _path(steps: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
