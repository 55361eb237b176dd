"""What a body changes on a live runner; and how two plan documents differ.

Runners are compared by sets and equality, field by field: deepdiff takes about half a millisecond a pair, which is
seconds for ten thousand changed runners. It earns its place on nested documents, in `document_moves`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.model.fields.change import HeadersChange
from reconciler.model.fields.table import FIELDS
from reconciler.model.secret import Unresolved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.fields.change import Change
    from reconciler.model.fields.spec import RunnerBody, RunnerSpec
    from reconciler.model.runner import DesiredRunner


class Difference(NamedTuple):
    """The changes that a body makes, in the order of FIELDS, and whether a header value could not be compared.

    Values that could not be compared are named beside other changes; alone they are no change.
    """

    changes: tuple[Change, ...]
    unknown: bool


def rests(desired: DesiredRunner, live: RunnerSpec) -> bool:
    """Whether all that a manifest declares is live already, in the same spelling: most of a fleet, seen at once.

    False says nothing: `compare` knows what is the same in another spelling, and what is not known.
    """
    for field in FIELDS:
        wanted = getattr(desired, field.name)
        if wanted is not None and wanted != field.of(live):
            return False
    return desired.headers is None or Unresolved not in map(type, desired.headers.values())


_SAME: Final = Difference((), unknown=False)


def compare(body: RunnerBody, live: RunnerSpec) -> Difference:
    """Return what a PUT of `body` would change on `live`. A field that the body leaves out is not changed."""
    changes: list[Change] = []
    unknown = known = False
    spec, omitted = body.spec, body.omitted
    for field in FIELDS:
        after, before = field.of(spec), field.of(live)
        if after is before or (not field.is_secret and after == before) or field.name in omitted:
            continue
        change = field.change(after, before)
        if change is not None:
            changes.append(change)
            if isinstance(change, HeadersChange):
                unknown |= bool(change.unknown)
                known |= change.is_known
            else:
                known = True
    return Difference(tuple(changes) if known else (), unknown) if changes else _SAME


def creation_changes(spec: RunnerSpec) -> tuple[Change, ...]:
    """Return the changes of a create that ends with `spec`."""
    changes: list[Change] = []  # a plain loop: ten thousand creates are to be quick
    for field in FIELDS:
        if (change := field.creation(field.of(spec))) is not None:
            changes.append(change)  # noqa: PERF401 - a comprehension costs a frame a runner
    return tuple(changes)


def document_moves(before: object, after: object, *, place: Callable[[Sequence[str | int]], str]) -> list[str]:
    """Return one line for each difference of two documents (JSON), such as `tags to be sent: added "x"`, by path.

    For documents that hold redacted values only: the lines quote them. `place` says a path in words; what was added to
    or removed from a list is shown without its place in it.
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
            where = place(steps[:-1] if kind.startswith("iterable_item_") else steps)
            found.append(([str(step) for step in steps], f"{where}: {said}" if where else said))
    return [line for _steps, line in sorted(found)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
