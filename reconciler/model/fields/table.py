"""The field table: every field of a runner that can be written, in the order in which fields are shown.

A field is added here, to `RunnerSpec`, and to what manifests may declare. Everything else loops over FIELDS: bodies,
comparison, JSON documents, fingerprints, digests, staleness and the check before a write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.fields.kinds import Endpoint, HeaderMap, Scalar, Status, Tags
from reconciler.model.fields.spec import RunnerBody, RunnerSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.fields.kinds import Field, Keep, Show

HEADERS: Final = HeaderMap("headers")
FIELDS: Final[tuple[Field[Any], ...]] = (
    Scalar("name"),
    Endpoint("endpoint"),
    HEADERS,
    Tags("tags"),
    Status("status"),
)
"""Every field that can be written."""

FIELD_NAMES: Final = tuple(field.name for field in FIELDS)
FIELD: Final = {field.name: field for field in FIELDS}


def body_document(body: RunnerBody, show: Show) -> dict[str, Any]:
    """Return the JSON of a body, header values as `show` has them; a field that is not sent is not in it."""
    return spec_document(body.spec, show, omitted=body.omitted)


def spec_document(spec: RunnerSpec, show: Show, omitted: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the JSON of all fields but those omitted."""
    return {field.name: field.document(field.of(spec), show) for field in FIELDS if field.name not in omitted}


def read_body(document: Mapping[str, Any], keep: Keep) -> RunnerBody:
    """Read the body of a JSON document of the right shape; what is not in it is omitted."""
    held = {field.name: document.get(field.name) for field in FIELDS}
    sent = {name: FIELD[name].read(value, keep) for name, value in held.items() if value is not None}
    return RunnerBody(RunnerSpec(**sent), frozenset(held.keys() - sent.keys()))
