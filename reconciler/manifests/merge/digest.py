"""One figure for what all manifests come to, to tell whether they moved."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from reconciler.model.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.runner import DesiredRunner


def digest_of(runners: Iterable[DesiredRunner], shown: Mapping[str, Mapping[str, str]]) -> str:
    """SHA-256, lower-case hex, over the effective runners in the order of their keys.

    `shown` has the header values of each key as references. Manifests that differ in nothing but a literal secret have
    one digest: a plain hash of a secret could be guessed. Files and places don't count.
    """
    rows = [_row(runner, shown) for runner in runners]
    rows.sort()
    return hashlib.sha256(json.dumps(rows, separators=(",", ":"), check_circular=False).encode()).hexdigest()


def _row(runner: DesiredRunner, shown: Mapping[str, Mapping[str, str]]) -> tuple[Any, ...]:
    """The order of the first version is kept, so that digests are; fields that came later follow."""
    references = shown.get(runner.key, {})
    values = {field.name: getattr(runner, field.name) for field in FIELDS}
    digests = {
        field.name: None if values[field.name] is None else field.digest(values[field.name], references)
        for field in FIELDS
    }
    return (
        runner.key,
        runner.id,
        digests.pop("name"),
        runner.former_name,
        *(digests.pop(name) for name in ("endpoint", "tags", "headers", "status")),
        *digests.values(),
        sorted(runner.unmanaged) if runner.unmanaged else (),
        runner.wildcard,
        [(each.code, each.reason, str(each.until)) for each in runner.accept] if runner.accept else (),
    )
