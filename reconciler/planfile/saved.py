"""A saved plan: the plan document, what it was made from, the fingerprints it binds, and a signature over all of it.

The signature is HMAC-SHA-256 over the canonical JSON of everything else, under a key derived from the plan key (the API
token, unless RECONCILER_PLAN_KEY is set). It shows that a file was edited or made under another key.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import PlanFileError
from reconciler.model.plan import PlanInputs
from reconciler.planfile.decode import fingerprints_from, plan_from
from reconciler.planfile.document import FORMAT_VERSION, plan_document
from reconciler.planfile.fingerprints import (
    fingerprints_document,
    take_fingerprints,
)
from reconciler.planfile.strict_json import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Fingerprints, Plan
    from reconciler.model.secret import Secret
    from reconciler.planfile.models import InputsModel

PURPOSE: Final = "reconciler plan signature 1"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read from a file. `fingerprints` is None for a plan document that was printed and not saved.

    `verified` says that its signature was checked, and so that it was not edited.
    """

    plan: Plan
    inputs: PlanInputs
    fingerprints: Fingerprints | None
    verified: bool


def write_plan(plan: Plan, inputs: PlanInputs, key: Secret) -> str:
    """Return the text of a saved plan, signed under `key`."""
    document = plan_document(plan)
    document["inputs"] = {
        "paths": list(inputs.paths),
        "project": inputs.project,
        "environment": inputs.environment,
        "targets": list(inputs.targets),
        "variables": dict(inputs.variables),
        "acknowledged": list(inputs.acknowledged),
        "allow_empty": inputs.allow_empty,
        "policy_from": inputs.policy_from,
        "place": inputs.place,
        **({} if inputs.demand is None else {"demand": inputs.demand}),
        **({"probe": True} if inputs.probe else {}),
    }
    document["fingerprints"] = fingerprints_document(take_fingerprints(plan, key))
    document["signature"] = _signature(document, key)
    return json.dumps(document, ensure_ascii=True) + "\n"


def read_plan(content: str | bytes, key: Secret | None, *, file: str = "the plan file") -> SavedPlan:
    """Read a plan from the content of a file. With a `key` it must be signed under it; without one it is only read.

    Raises PlanFileError for a damaged or edited file, one of another major format, and one signed under another key.
    """
    document = read_object(content, file)
    _check_version(document, file)
    if key is not None:
        _check_signature(document, key, file)
    from reconciler.planfile.models import parse_document

    parsed = parse_document(document, file)
    return SavedPlan(
        plan_from(parsed),
        PlanInputs() if parsed.inputs is None else _inputs(parsed.inputs),
        None if parsed.fingerprints is None else fingerprints_from(parsed.fingerprints),
        verified=key is not None,
    )


def _signature(document: Mapping[str, Any], key: Secret) -> str:
    signed = {name: value for name, value in document.items() if name != "signature"}
    canonical = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.digest(key.derive_key(PURPOSE), canonical.encode(), "sha256").hex()


def _check_version(document: Mapping[str, Any], file: str) -> None:
    version = document.get("format_version")
    major = FORMAT_VERSION.partition(".")[0]
    if not isinstance(version, str):
        raise PlanFileError(f"{file} is no plan: it names no format_version")
    if version.partition(".")[0] != major:
        raise PlanFileError(
            f"{file} has plan format {version[:20]!r}, and this version reads {major}.x: make the plan again with it, "
            "or use the version that made it"
        )


def _check_signature(document: Mapping[str, Any], key: Secret, file: str) -> None:
    given = document.get("signature")
    if not isinstance(given, str) or "fingerprints" not in document or "inputs" not in document:
        raise PlanFileError(f"{file} is no saved plan: it is not signed; make one with `plan --out FILE`")
    if not hmac.compare_digest(_signature(document, key).encode(), given.encode(errors="surrogatepass")):
        raise PlanFileError(
            f"{file} was edited, or was made under another API token: plan again; where plan and apply use different "
            "tokens, set RECONCILER_PLAN_KEY to one value for both"
        )


def _inputs(document: InputsModel) -> PlanInputs:
    return PlanInputs(
        paths=tuple(document.paths),
        project=document.project,
        environment=document.environment,
        targets=tuple(document.targets),
        variables=dict(document.variables),
        acknowledged=tuple(document.acknowledged),
        allow_empty=document.allow_empty,
        policy_from=document.policy_from,
        probe=document.probe,
        place=document.place,
        demand=document.demand,
    )
