"""A manifest's document as pydantic models: the one description of what it may hold.

They validate it, expand its variables, are the typed layers that merging lays over one another, and give its JSON
Schema. To add a key: a line in the model, and in `merge.layers.Merged` when runners inherit it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, WrapValidator

from reconciler.manifests.format import field_types
from reconciler.manifests.format.model import NO_CREDENTIALS, Declared, Model, optional, required
from reconciler.manifests.format.texts import DAY, HEADER_VALUE, key, no_twins, text, word
from reconciler.manifests.format.values import FLAG, VERSION, Keyword, problem
from reconciler.model.enums import AUTO, RunnerStatus
from reconciler.model.fields.spec import MAX_NAME, MAX_TAGS
from reconciler.model.fields.table import FIELD_NAMES
from reconciler.planning.findings.registry import CODES

if TYPE_CHECKING:
    from pydantic import ValidatorFunctionWrapHandler

    from reconciler.manifests.format.values import Info


def at_most_ten(tags: list[str], info: Info) -> list[str]:
    """Return the tags, each once. How many they are is not known while one of them refers to variables."""
    once = list(dict.fromkeys(tags)) if len(tags) > 1 else tags
    if len(once) > MAX_TAGS and not (info.context.variables is None and any("${" in tag for tag in once)):
        raise problem(f"{len(once)} tags, the API takes at most {MAX_TAGS}")
    return once


def _later(node: Any, read: ValidatorFunctionWrapHandler, info: Info) -> Any:
    """Read what runners inherit, without expanding it: a variable may be set only where it is used."""
    variables, info.context.variables = info.context.variables, None
    try:
        return read(node)
    finally:
        info.context.variables = variables


Key = Annotated[str, key(field_types.check_key, field_types.KEY)]
"""A runner's key, and the name of a profile or an environment."""
Flag = Annotated[bool, FLAG]
Version = Annotated[int, VERSION]
Name = Annotated[str, text(field_types.check_name, minLength=1, maxLength=MAX_NAME, pattern=r"\S")]
Tags = Annotated[
    list[Annotated[str, text(field_types.check_tag, minLength=1, pattern=r"\S")]],
    AfterValidator(at_most_ten),
    Keyword("maxItems", MAX_TAGS),
]
Headers = Annotated[
    dict[
        Annotated[str, key(field_types.check_header_name, field_types.HEADER_NAME)],
        Annotated[str | None, HEADER_VALUE],
    ],
    AfterValidator(no_twins),
]
Endpoint = Annotated[str, text(field_types.check_endpoint, pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^@/?#\\s]+([/?#]\\S*)?$")]


class Acceptance(Model):
    """A finding that is taken on, until a day."""

    elsewhere: ClassVar[Mapping[str, str]] = {}

    code: Annotated[str, word(tuple(CODES), expands=True)] = required("The finding's code.", "stranded-tags")
    reason: Annotated[str, text(field_types.check_reason, minLength=1, pattern=r"\S")] = required(
        "Why it is taken on.", "moved to the new pool"
    )
    until: Annotated[dt.date, DAY] = required("The last day on which it counts (UTC).", "2026-12-31")


class Layer(Model):
    """What runners inherit."""

    elsewhere: ClassVar = {
        **dict.fromkeys(
            ("id", "name", "former_name", "profiles", "unmanaged", "inherit"),
            "belongs to one runner, and can't be inherited; move it there",
        ),
        **NO_CREDENTIALS,
    }

    endpoint: Declared[Endpoint] = optional(
        "The http or https URL of a ComfyUI instance, without user and password.",
        "http://192.168.1.100:8188",
        "https://comfy-1.${var:domain}",
    )
    tags: Declared[Tags] = optional(
        f"Case-sensitive, at most {MAX_TAGS} after merging; the union of all layers. A runner without tags takes any "
        "workflow. [] clears.",
        ["production", "gpu-a100"],
    )
    headers: Declared[Headers] = optional(
        "Sent with every request to the instance. Merged by name in any case; null drops an inherited one; {} clears. "
        "Values may hold ${env:NAME}, ${file:PATH} and ${var:NAME}, and are secret everywhere.",
        {"Authorization": "Bearer ${env:RECONCILER_PROD_TOKEN}"},
    )
    status: Declared[Annotated[str, word((*RunnerStatus, AUTO), expands=True)]] = optional(
        "active, or disabled: a disabled runner gets no workflows. auto: active while its endpoint answers as a "
        "ComfyUI, decided by watch and with --probe; else the live status is kept."
    )
    wildcard: Declared[Flag] = optional("Says that having no tags, and so taking any workflow, is meant.")
    accept: Declared[list[Acceptance]] = optional(
        "Findings that are taken on.",
        [{"code": "stranded-tags", "reason": "moved to the new pool", "until": "2026-12-31"}],
    )


class _Identity(Model):
    """What only one runner can have."""

    id: Declared[Annotated[str, text(field_types.check_id, pattern=f"^{field_types.UUID}$")]] = optional(
        "The UUID of the live runner that this entry is; without it, matched by name.",
        "550e8400-e29b-41d4-a716-446655440000",
    )
    profiles: Declared[list[Annotated[str, text(field_types.check_key, pattern=f"^{field_types.KEY}$")]]] = optional(
        "Names of profiles to inherit, later ones over earlier ones."
    )
    name: Declared[Name] = optional(f"1 to {MAX_NAME} characters; the key when absent.")
    former_name: Declared[Name] = optional("Adopts the live runner of that name, and renames it.")


class Runner(Layer, _Identity):
    """One runner."""

    elsewhere: ClassVar = NO_CREDENTIALS

    unmanaged: Declared[list[Annotated[str, word(FIELD_NAMES, expands=True)]]] = optional(
        "Fields to release: their live values stay.", ["status"]
    )
    inherit: Declared[Flag] = optional("false leaves all defaults out; profiles still count.")


Inherited = Annotated[Layer, WrapValidator(_later)]
Profiles = Annotated[dict[Key, Layer], WrapValidator(_later)]

_PROJECT_ONLY: Final = "belongs in the project file (reconciler.yaml), not in a manifest"


class Manifest(Model):
    """A document of a runner manifest."""

    elsewhere: ClassVar = {
        **dict.fromkeys(
            (
                "manifests",
                "vars",
                "env_allow",
                "file_allow",
                "public_headers",
                "unmanaged",
                "unmanaged_scope",
                "guard",
                "coverage",
                "health",
                "watch",
                "environments",
            ),
            _PROJECT_ONLY,
        ),
        **NO_CREDENTIALS,
    }

    version: Version = required("The format's version.", 1)
    defaults: Declared[Inherited] = optional("What every runner of this document inherits.")
    profiles: Declared[Profiles] = optional("Named bundles, for every document of this file.")
    runners: Declared[dict[Key, Runner]] = optional(
        "The runners. Each key is that runner's address in plans, unique over all files."
    )
