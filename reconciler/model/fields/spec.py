"""The fields of a runner that can be written: one type for live runners, bodies and fingerprints."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.model.enums import RunnerStatus
from reconciler.model.fields.headers import NO_HEADERS

if TYPE_CHECKING:
    from reconciler.model.fields.headers import Headers

MAX_TAGS: Final = 10
MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSpec:
    """A runner's fields; a default is what the service gives a runner that is created without the field.

    `status` may be a value unknown to us. Header values are `Secret`, or `str` where the project file lists the header
    as public. What is true of each field (equality, changes, JSON, fingerprint) is in `reconciler.model.fields.table`.
    """

    name: str
    endpoint: str
    headers: Headers = NO_HEADERS
    tags: tuple[str, ...] = ()
    status: str = RunnerStatus.ACTIVE

    def replace(self, **owned: Any) -> RunnerSpec:
        """Return this spec with some fields replaced: `live.spec.replace(**desired.owned())` keeps all others."""
        return dataclasses.replace(self, **owned)


@dataclass(frozen=True, slots=True)
class RunnerBody:
    """What a POST or PUT sends: the fields of `spec` but for those `omitted`, which the service then decides or keeps.

    `spec` is the runner as it is after the write. A PUT holds every field, but for an unmanaged status of a value
    unknown to us. A POST has no status.
    """

    spec: RunnerSpec
    omitted: frozenset[str] = frozenset()
