"""Computes one figure for what all manifests come to: it shows whether they have changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.fields.table import FIELD, FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.runner import DesiredRunner

_FIRST: Final = ("name", "endpoint", "tags", "headers", "status")
_ORDER: Final = (*(FIELD[name] for name in _FIRST), *(field for field in FIELDS if field.name not in _FIRST))
"""The order of the first version is kept, so that digests are; fields that came later follow."""


def digest_of(runners: Iterable[DesiredRunner], shown: Mapping[str, Mapping[str, str]]) -> str:
    """SHA-256, lower-case hex, over the effective runners in the order of their keys.

    `shown` has the header values of each key as references. Manifests that differ in nothing but a literal secret have
    one digest: a plain hash of a secret could be guessed. Files and places don't count.
    """
    rows = [_row(runner, shown) for runner in runners]
    rows.sort()
    return hashlib.sha256(json.dumps(rows, separators=(",", ":"), check_circular=False).encode()).hexdigest()


def _row(runner: DesiredRunner, shown: Mapping[str, Mapping[str, str]]) -> tuple[Any, ...]:
    references = shown.get(runner.key, {})
    name, *others = (
        None if (value := getattr(runner, field.name)) is None else field.digest(value, references) for field in _ORDER
    )
    return (
        runner.key,
        runner.id,
        name,
        runner.former_name,
        *others,
        sorted(runner.unmanaged) if runner.unmanaged else (),
        runner.wildcard,
        [(each.code, each.reason, str(each.until)) for each in runner.accept] if runner.accept else (),
    )
