"""The one table of what a project file may hold: it drives the checks, the JSON Schema and the editors' help."""

from __future__ import annotations

from typing import Final

from reconciler.manifests.format import field_types
from reconciler.manifests.format.kinds import Choice, Count, Flag, ListOf, MapOf, Text, Version
from reconciler.manifests.format.manifest_table import LAYER, NO_CREDENTIALS, PROFILES
from reconciler.manifests.format.records import Field, Record
from reconciler.model.finding import SEVERITIES
from reconciler.model.policy import DISABLE, IGNORE, REPORT
from reconciler.model.runner import MAX_TAGS
from reconciler.planning.findings.registry import CODES

_FILLED: Final = Text(field_types.check_filled, schema={"minLength": 1})
_PERCENT: Final = "a count, or a percentage of the matched live runners, never less than one"

_SEVERITY: Final = Record(
    "severity",
    "How bad findings are, by their codes: error, warning, info or off.",
    {code: Field(Choice(SEVERITIES), f"{default} unless set.") for code, default in CODES.items()},
)

_GUARD: Final = Record(
    "guard",
    "What a plan may do at most. Nothing is limited unless it is set here.",
    {
        "max_disables": Field(Count(percent=True), f"Runners that stop being active: {_PERCENT}.", examples=(1,)),
        "max_changes": Field(Count(percent=True), f"Updates and disables, not creates: {_PERCENT}.", examples=("50%",)),
        "max_creates": Field(Count(percent=True), f"Creates: {_PERCENT}.", examples=(5,)),
        "endpoint_hosts": Field(
            ListOf(Text(field_types.check_host_glob, schema={"pattern": "^[^/@ ]+$"})),
            "Patterns of the hosts that endpoints may have.",
            examples=(["*.example.com"],),
        ),
        "two_phase": Field(
            Flag(), "Whether an update may take two writes, so that no tag set goes unserved. Default true."
        ),
        "severity": Field(_SEVERITY, "Severities by finding code."),
    },
    elsewhere=NO_CREDENTIALS,
)

_PROMISE: Final = Record(
    "promise",
    "A tag set that stays served.",
    {
        "tags": Field(
            ListOf(Text(field_types.check_tag, schema={"minLength": 1, "pattern": r"\S"}), most=MAX_TAGS, noun="tags"),
            "Tags that one runner must carry together.",
            required=True,
            examples=(["production"],),
        ),
        "min_active": Field(Count(), "At least so many active runners serve them.", required=True, examples=(2,)),
    },
)

_ENVIRONMENT_FIELDS: Final = {
    "manifests": Field(
        ListOf(_FILLED, filled=True), "Files and folders of manifests, seen from this file; runners when absent."
    ),
    "vars": Field(
        MapOf(
            field_types.check_variable_name,
            Text(field_types.check_variable_value, literal=True),
            pattern=field_types.VARIABLE_NAME,
        ),
        "What ${var:NAME} stands for; text, not expanded again.",
        examples=({"domain": "example.com"},),
    ),
    "env_allow": Field(
        ListOf(_FILLED),
        "Patterns of variables that ${env:NAME} may name, besides RECONCILER_*.",
        examples=(["CI_RUNNER_*"],),
    ),
    "file_allow": Field(
        ListOf(_FILLED), "Folders that ${file:PATH} may read, besides this file's.", examples=(["/run/secrets"],)
    ),
    "public_headers": Field(
        ListOf(Text(field_types.check_header_name, schema={"pattern": f"^{field_types.HEADER_NAME}$"})),
        "Headers whose values may be shown.",
        examples=(["X-Pool"],),
    ),
    "unmanaged": Field(
        Choice((REPORT, IGNORE, DISABLE)),
        "What becomes of live runners that no entry matches. disable needs unmanaged_scope.",
    ),
    "unmanaged_scope": Field(ListOf(_FILLED), "Patterns of the names that may be disabled.", examples=(["prod-*"],)),
    "defaults": Field(LAYER, "What every runner of every manifest inherits."),
    "profiles": Field(PROFILES, "Named bundles, for every manifest."),
    "guard": Field(_GUARD, "What a plan may do at most."),
    "coverage": Field(
        ListOf(_PROMISE),
        "Promises about what stays served.",
        examples=([{"tags": ["production", "image-generation"], "min_active": 2}],),
    ),
}

_NOT_HERE: Final = {"runners": "runners stand in a manifest, not in the project file", **NO_CREDENTIALS}

_ENVIRONMENT: Final = Record(
    "environment",
    "What one environment lays over the top level: maps merge by key, lists replace.",
    {
        "token_env": Field(
            Text(field_types.check_token_env, schema={"pattern": f"^{field_types.TOKEN_ENV}$"}),
            "The environment variable that holds this environment's API token.",
            examples=("COMFYCONTROL_STAGING_TOKEN",),
        ),
        **_ENVIRONMENT_FIELDS,
    },
    elsewhere=_NOT_HERE,
)

PROJECT: Final = Record(
    "project",
    "The project file, reconciler.yaml.",
    {
        "version": Field(Version(), "The format's version.", required=True, examples=(1,)),
        **_ENVIRONMENT_FIELDS,
        "environments": Field(
            MapOf(field_types.check_key, _ENVIRONMENT, pattern=field_types.KEY),
            "Environments by name; pick one with -e NAME.",
        ),
    },
    elsewhere={
        "token_env": "belongs to one environment; move it below environments, or set COMFYCONTROL_API_TOKEN",
        **_NOT_HERE,
    },
)
