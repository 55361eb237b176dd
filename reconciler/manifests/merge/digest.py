"""One figure for what all manifests come to, to tell whether they moved."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.runner import DesiredRunner


def digest_of(runners: Iterable[DesiredRunner], shown: Mapping[str, Mapping[str, str]]) -> str:
    """SHA-256, lower-case hex, over the effective runners in the order of their keys.

    `shown` has the header values of each key as references. Manifests that differ in nothing but a literal secret have
    one digest: a plain hash of a secret could be guessed. Files and places don't count.
    """
    rows = [
        (
            runner.key,
            runner.id,
            runner.name,
            runner.former_name,
            runner.endpoint,
            runner.tags,
            None if runner.headers is None else sorted(shown[runner.key].items()),
            runner.status,
            sorted(runner.unmanaged) if runner.unmanaged else (),
            runner.wildcard,
            [(each.code, each.reason, str(each.until)) for each in runner.accept] if runner.accept else (),
        )
        for runner in runners
    ]
    rows.sort()
    return hashlib.sha256(json.dumps(rows, separators=(",", ":"), check_circular=False).encode()).hexdigest()
