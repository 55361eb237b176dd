"""The shape of a plan document, checked strictly when one comes from outside; unknown keys are ignored.

Imported only when a plan file is read: pydantic takes longer to load than most commands take to run. The JSON Schema
that these models give is shipped beside them as `plan.schema.json`, and a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, FiniteFloat, NonNegativeInt, ValidationError

from reconciler.errors import PlanFileError
from reconciler.model.enums import ChangeOrigin, Purpose
from reconciler.planfile.shapes import UNKNOWN_WORD, Body, FieldName, LiveModel, Model, one_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SHOWN: Final = 5
"""How many misshapen places an error names."""


class Place(Model):
    """Where something is in a manifest; null for what is in none."""

    file: str | None
    line: NonNegativeInt | None
    column: NonNegativeInt | None = None


class Summary(Model):
    """How many runners each action, and none, falls to."""

    create: NonNegativeInt
    update: NonNegativeInt
    disable: NonNegativeInt
    turned_off: NonNegativeInt
    unchanged: NonNegativeInt
    unmanaged: NonNegativeInt


class BudgetModel(Model):
    """Requests, and the seconds that they take at the rate limit."""

    reads: NonNegativeInt
    writes: NonNegativeInt
    checks: NonNegativeInt
    verify: NonNegativeInt = 0
    seconds: Annotated[FiniteFloat, Field(ge=0)]


class PublicValue(Model):
    """The value of a public header before and after."""

    before: str | None
    after: str | None


class ChangeModel(Model):
    """What changes in one field; header values are named, never shown, but for public ones."""

    field: FieldName
    before: str | list[str] | None = None
    after: str | list[str] | None = None
    added: list[str] = []
    removed: list[str] = []
    changed: list[str] = []
    unknown: list[str] = []
    public: dict[str, PublicValue] = {}
    origin: Annotated[str, one_of(ChangeOrigin)] | None = None


class WaitModel(Model):
    """A request waits until so many runners of a gate have taken their first write."""

    gate: NonNegativeInt
    at_least: NonNegativeInt


class RequestModel(Model):
    """One write."""

    method: Literal["POST", "PUT"]
    path: str
    body: Body
    purpose: Annotated[str, one_of(Purpose)] = Purpose.REPLACE.value
    waits: list[WaitModel] = []


class ActionModel(Place):
    """What becomes of one runner."""

    action: Literal["create", "update", "disable"]
    key: str
    id: str | None
    name: str
    matched_by: Literal["id", "name", "former_name", "none"]
    live_updated_at: str | None
    turns_off: bool = False
    unmanaged: list[str] = []
    changes: list[ChangeModel]
    requests: list[RequestModel]


class UnmanagedModel(Model):
    """A live runner that no entry matches."""

    id: str
    name: str


class FindingModel(Place):
    """What the plan would do that a reviewer should look at."""

    code: str
    severity: Literal["error", "warning", "info", "off"]
    key: str | None
    message: str
    accepted: bool
    accepted_by: str | None = None
    asked: bool | None = None


class CapacityModel(Model):
    """How many active runners serve a tag set before and after; no tags means wildcards."""

    tags: list[str]
    before: NonNegativeInt
    after: NonNegativeInt


class AskedModel(Model):
    """A tag set that workflows ask for, since when, and how many active runners serve it before and after."""

    tags: list[str]
    under_way: NonNegativeInt
    recent: NonNegativeInt
    since: str
    before: NonNegativeInt
    after: NonNegativeInt


class DemandModel(Model):
    """What a sample of workflows asks for: those under way, and so many of the newest others."""

    recent: NonNegativeInt
    asked: list[AskedModel]


class GateModel(Model):
    """A tag set that stays served while runners change over."""

    tags: list[str]
    keys: list[str]
    wildcard: bool = False


class PinModel(Model):
    """What one action was planned from and would send."""

    key: str
    live: LiveModel | None
    requests: list[dict[str, str]]


class FingerprintsModel(Model):
    """HMACs of header values, salted with the nonce, the runner's key and the header's name."""

    nonce: str
    runners: list[PinModel]


class InputsModel(Model):
    """What the plan was made from, for `apply --plan` to read again."""

    paths: list[str]
    project: str | None
    environment: str | None
    targets: list[str]
    variables: dict[str, str]
    acknowledged: list[str]
    allow_empty: bool
    policy_from: str | None = None
    probe: bool = False
    place: str | None = None
    demand: NonNegativeInt | None = None


class PlanModel(Model):
    """A plan, as `plan --format json` prints it and `plan --out` saves it."""

    format_version: Annotated[str, Field(pattern=r"^1\.[0-9]+$")]
    reconciler_version: str
    created_at: str
    api_url: str
    account: str | None = None
    environment: str | None
    sandbox: str | None = None
    live_as_of: str | None = None
    targets: list[str] = []
    manifest_digest: str
    complete: bool
    applyable: bool
    summary: Summary
    budget: BudgetModel
    capacity: list[CapacityModel] = []
    actions: list[ActionModel]
    unmanaged: list[UnmanagedModel]
    demand: DemandModel | None = None
    managed_runners: NonNegativeInt | None = None
    findings: list[FindingModel]
    gates: list[GateModel] = []
    inputs: InputsModel | None = None
    fingerprints: FingerprintsModel | None = None
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


def _wrong(kind: str) -> str:
    """What is wrong with a place, by pydantic's kind of error and in no word of pydantic's."""
    known = {"missing": "is missing", UNKNOWN_WORD: "is none of those that this release knows"}
    return known.get(kind, "is not what a plan holds there")


def parse_document(document: Any, file: str) -> PlanModel:
    """Parse a plan document, checked. Raises PlanFileError that names the misshapen places; never what they hold."""
    try:
        parsed = PlanModel.model_validate(document)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_context=False, include_input=False)
        lines = [f"{'.'.join(map(str, each['loc'])) or 'document'} {_wrong(each['type'])}" for each in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"and {len(found) - SHOWN} more")
        raise PlanFileError(f"{file} is no plan: {'; '.join(lines)}") from None
    for action in parsed.actions:
        if any(wait.gate >= len(parsed.gates) for request in action.requests for wait in request.waits):
            raise PlanFileError(f"{file} is no plan: a request of {action.key!r} waits for a gate that is not there")
    return parsed


def build_schema() -> dict[str, Any]:
    """Build the JSON Schema (2020-12) of a plan document."""
    return {"$schema": DIALECT} | PlanModel.model_json_schema()
