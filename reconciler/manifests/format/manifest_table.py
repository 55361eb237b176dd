"""The one table of what a manifest may hold: it drives the checks, the JSON Schema and the editors' help."""

from __future__ import annotations

from typing import Final

from reconciler.manifests.format import field_types
from reconciler.manifests.format.kinds import Choice, Day, Flag, ListOf, MapOf, Text, Version
from reconciler.manifests.format.records import Field, Record
from reconciler.model.runner import FIELDS, MAX_NAME, MAX_TAGS, STATUSES
from reconciler.planning.findings.registry import CODES

NO_CREDENTIALS: Final = dict.fromkeys(
    ("api_url", "api-url", "api_token", "token"),
    "the API's address and token never stand in a file, where a pull request could send the token to another host; set "
    "COMFYCONTROL_API_URL and COMFYCONTROL_API_TOKEN in the environment",
)

NAME: Final = Text(
    field_types.check_name, expands=True, schema={"minLength": 1, "maxLength": MAX_NAME, "pattern": r"\S"}
)
PROFILE_NAME: Final = Text(field_types.check_key, expands=True, schema={"pattern": f"^{field_types.KEY}$"})
TAGS: Final = ListOf(
    Text(field_types.check_tag, expands=True, schema={"minLength": 1, "pattern": r"\S"}), most=MAX_TAGS, noun="tags"
)
HEADERS: Final = MapOf(
    field_types.check_header_name,
    Text(field_types.check_header_value, expands=True, secret=True),
    pattern=field_types.HEADER_NAME,
    nullable=True,
    ignore_case=True,
)

_ACCEPTANCE: Final = Record(
    "acceptance",
    "A finding that is taken on, until a day.",
    {
        "code": Field(
            Choice(tuple(CODES), expands=True), "The finding's code.", required=True, examples=("stranded-tags",)
        ),
        "reason": Field(
            Text(field_types.check_reason, expands=True, schema={"minLength": 1, "pattern": r"\S"}),
            "Why it is taken on.",
            required=True,
            examples=("moved to the new pool",),
        ),
        "until": Field(Day(), "The last day on which it counts (UTC).", required=True, examples=("2026-12-31",)),
    },
)

INHERITABLE: Final = {
    "endpoint": Field(
        Text(
            field_types.check_endpoint,
            expands=True,
            schema={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^@/?#\\s]+([/?#]\\S*)?$"},
        ),
        "The http or https URL of a ComfyUI instance, without user and password.",
        examples=("http://192.168.1.100:8188", "https://comfy-1.${var:domain}"),
    ),
    "tags": Field(
        TAGS,
        f"Case-sensitive, at most {MAX_TAGS} after merging; the union of all layers. A runner without tags takes any "
        "workflow. [] clears.",
        examples=(["production", "gpu-a100"],),
    ),
    "headers": Field(
        HEADERS,
        "Sent with every request to the instance. Merged by name in any case; null drops an inherited one; {} clears. "
        "Values may hold ${env:NAME}, ${file:PATH} and ${var:NAME}, and are secret everywhere.",
        examples=({"Authorization": "Bearer ${env:RECONCILER_PROD_TOKEN}"},),
    ),
    "status": Field(Choice(STATUSES, expands=True), "active, or disabled: a disabled runner gets no workflows."),
    "wildcard": Field(Flag(), "Says that having no tags, and so taking any workflow, is meant."),
    "accept": Field(
        ListOf(_ACCEPTANCE),
        "Findings that are taken on.",
        examples=([{"code": "stranded-tags", "reason": "moved to the new pool", "until": "2026-12-31"}],),
    ),
}

_ONE_RUNNER: Final = "belongs to one runner, and can't be inherited; move it there"

LAYER: Final = Record(
    "layer",
    "What runners inherit.",
    INHERITABLE,
    elsewhere={
        **dict.fromkeys(("id", "name", "former_name", "profiles", "unmanaged", "inherit"), _ONE_RUNNER),
        **NO_CREDENTIALS,
    },
)
PROFILES: Final = MapOf(field_types.check_key, LAYER, pattern=field_types.KEY)

_RUNNER: Final = Record(
    "runner",
    "One runner.",
    {
        "id": Field(
            Text(field_types.check_id, expands=True, schema={"pattern": f"^{field_types.UUID}$"}),
            "The UUID of the live runner that this entry is; without it, matched by name.",
            examples=("550e8400-e29b-41d4-a716-446655440000",),
        ),
        "profiles": Field(ListOf(PROFILE_NAME), "Names of profiles to inherit, later ones over earlier ones."),
        "name": Field(NAME, f"1 to {MAX_NAME} characters; the key when absent."),
        "former_name": Field(NAME, "Adopts the live runner of that name, and renames it."),
        **INHERITABLE,
        "unmanaged": Field(
            ListOf(Choice(FIELDS, expands=True)), "Fields to release: their live values stay.", examples=(["status"],)
        ),
        "inherit": Field(Flag(), "false leaves all defaults out; profiles still count."),
    },
    elsewhere=NO_CREDENTIALS,
)

_PROJECT_ONLY: Final = "belongs in the project file (reconciler.yaml), not in a manifest"

MANIFEST: Final = Record(
    "manifest",
    "A document of a runner manifest.",
    {
        "version": Field(Version(), "The format's version.", required=True, examples=(1,)),
        "defaults": Field(LAYER, "What every runner of this document inherits."),
        "profiles": Field(PROFILES, "Named bundles, for every document of this file."),
        "runners": Field(
            MapOf(field_types.check_key, _RUNNER, pattern=field_types.KEY),
            "The runners. Each key is that runner's address in plans, unique over all files.",
        ),
    },
    elsewhere={
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
                "environments",
            ),
            _PROJECT_ONLY,
        ),
        **NO_CREDENTIALS,
    },
)
