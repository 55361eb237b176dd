"""The project file as pydantic models: the one description of what it may hold, its JSON Schema, its typed values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from reconciler.manifests.format import field_types
from reconciler.manifests.format.manifest import Flag, Inherited, Key, Profiles, Version, at_most_ten
from reconciler.manifests.format.model import NO_CREDENTIALS, Declared, Model, optional, required
from reconciler.manifests.format.texts import by_demand, key, literal, word
from reconciler.manifests.format.values import COUNT, IN_A_ROW, INTERVAL, LIMIT, SECONDS, Keyword, problem
from reconciler.model import enums
from reconciler.model.fields.spec import MAX_TAGS
from reconciler.model.finding import STRANDED
from reconciler.model.policy import Limit
from reconciler.model.watching import Mode
from reconciler.planning.findings.registry import CODES

if TYPE_CHECKING:
    from reconciler.manifests.format.values import Info

_NOT_HERE: Final = {"runners": "runners belong in a manifest, not in the project file", **NO_CREDENTIALS}
_PERCENT: Final = "a count, or a percentage of the matched live runners, never less than one"


def _filled(node: Any, info: Info) -> Any:
    """No empty list: it would say the opposite of what leaving the key out says."""
    if node == [] and not info.context.again:
        raise problem("must not be empty; take the key out instead")
    return node


Filled = Annotated[str, literal(field_types.check_filled, minLength=1)]
_SeverityWord = Declared[Annotated[enums.Severity, word(enums.Severity)]]
_SeverityByDemand = Declared[Annotated[Any, by_demand(enums.Severity)]]
Bound = Annotated[Limit, LIMIT]
Count = Annotated[int, COUNT]

_BY_CODE: Any = {
    code.replace("-", "_"): (
        _SeverityByDemand if code == STRANDED else _SeverityWord,
        Field(default=None, alias=code, description=f"{default} unless set."),
    )
    for code, default in CODES.items()
}


class Severity(create_model("_Codes", __base__=Model, **_BY_CODE)):  # type: ignore[misc]  # made of the codes
    """How bad findings are, by their codes: error, warning, info or off."""

    elsewhere: ClassVar[Mapping[str, str]] = {}


class Guard(Model):
    """What a plan may do at most. Nothing is limited unless it is set here."""

    max_disables: Declared[Bound] = optional(f"Runners that stop being active: {_PERCENT}.", 1)
    max_changes: Declared[Bound] = optional(f"Updates and disables, not creates: {_PERCENT}.", "50%")
    max_creates: Declared[Bound] = optional(f"Creates: {_PERCENT}.", 5)
    endpoint_hosts: Declared[list[Annotated[str, literal(field_types.check_host_glob, pattern="^[^/@ ]+$")]]] = (
        optional("Patterns of the hosts that endpoints may have.", ["*.example.com"])
    )
    two_phase: Declared[Flag] = optional(
        "Whether an update may take two writes, so that no tag set goes unserved. Default true."
    )
    severity: Declared[Severity] = optional("Severities by finding code.")


class Promise(Model):
    """A tag set that stays served."""

    elsewhere: ClassVar[Mapping[str, str]] = {}

    tags: Annotated[
        list[Annotated[str, literal(field_types.check_tag, minLength=1, pattern=r"\S")]],
        AfterValidator(at_most_ten),
        Keyword("maxItems", MAX_TAGS),
    ] = required("Tags that one runner must carry together.", ["production"])
    min_active: Count = required("At least so many active runners serve them.", 2)


class Health(Model):
    """How the endpoints of runners are asked, and how many answers decide."""

    elsewhere: ClassVar[Mapping[str, str]] = {}

    path: Declared[
        Annotated[str, literal(field_types.check_url_path, pattern=f"^{field_types.URL_PATH}$", maxLength=200)]
    ] = optional("Appended to an endpoint; /system_stats.", "/system_stats")
    interval: Declared[Annotated[float, SECONDS]] = optional(
        "Seconds between two questions to a runner at least; 30.", 30
    )
    timeout: Declared[Annotated[float, SECONDS]] = optional("Seconds for one whole answer; 5.", 5)
    unhealthy_after: Declared[Annotated[int, IN_A_ROW]] = optional("Bad answers in a row that disable; 3.", 3)
    healthy_after: Declared[Annotated[int, IN_A_ROW]] = optional("Good answers in a row that activate; 2.", 2)


class Demand(Model):
    """What is read of the account's workflows, so that findings say who asks for what they are about."""

    elsewhere: ClassVar[Mapping[str, str]] = {}

    recent: Declared[Count] = optional(
        "So many of the newest, besides those under way; 0, the default, reads none.", 500
    )


class Watch(Model):
    """How `reconciler watch` keeps the fleet in step."""

    elsewhere: ClassVar[Mapping[str, str]] = {}

    interval: Declared[Annotated[int, INTERVAL]] = optional("Seconds from one cycle's start to the next's; 60.", 60)
    mode: Declared[Annotated[Mode, word(Mode)]] = optional("report plans and reports, apply writes too; report.")
    suspend: Declared[Flag] = optional("Plan and report, but write nothing. Default false.")


class Settings(Model):
    """What the top level and every environment may declare. An environment is laid over the top level."""

    manifests: Declared[Annotated[list[Filled], BeforeValidator(_filled), Keyword("minItems", 1)]] = optional(
        "Files and folders of manifests, seen from this file; runners when absent."
    )
    vars: Declared[
        dict[
            Annotated[str, key(field_types.check_variable_name, field_types.VARIABLE_NAME)],
            Annotated[str, literal(field_types.check_variable_value, marks=True)],
        ]
    ] = optional("Values of ${var:NAME}; text, not expanded again.", {"domain": "example.com"})
    env_allow: Declared[list[Filled]] = optional(
        "Patterns of variables that ${env:NAME} may name, besides RECONCILER_*.", ["CI_RUNNER_*"]
    )
    file_allow: Declared[list[Filled]] = optional(
        "Folders that ${file:PATH} may read, besides this file's.", ["/run/secrets"]
    )
    public_headers: Declared[
        list[Annotated[str, literal(field_types.check_header_name, pattern=f"^{field_types.HEADER_NAME}$")]]
    ] = optional("Headers whose values may be shown.", ["X-Pool"])
    unmanaged: Declared[Annotated[enums.UnmanagedMode, word(enums.UnmanagedMode)]] = optional(
        "What becomes of live runners that no entry matches. disable needs unmanaged_scope."
    )
    unmanaged_scope: Declared[list[Filled]] = optional("Patterns of the names that may be disabled.", ["prod-*"])
    defaults: Declared[Inherited] = optional("What every runner of every manifest inherits.")
    profiles: Declared[Profiles] = optional("Named bundles, for every manifest.")
    guard: Declared[Guard] = optional("What a plan may do at most.")
    coverage: Declared[list[Promise]] = optional(
        "Promises about what stays served.", [{"tags": ["production", "image-generation"], "min_active": 2}]
    )
    health: Declared[Health] = optional("How runners' endpoints are asked, by watch and with --probe.")
    demand: Declared[Demand] = optional("What is read of the account's workflows.")
    managed: Declared[Flag] = optional("Whether the service's managed runners count for coverage. Default false.")
    watch: Declared[Watch] = optional("How `reconciler watch` keeps the fleet in step; its flags beat this.")


class _Token(Model):
    token_env: Declared[Annotated[str, literal(field_types.check_token_env, pattern=f"^{field_types.TOKEN_ENV}$")]] = (
        optional("The environment variable that holds this environment's API token.", "COMFYCONTROL_STAGING_TOKEN")
    )


class Environment(Settings, _Token):
    """What one environment lays over the top level: maps merge by key, lists replace."""

    elsewhere: ClassVar = _NOT_HERE


class _Versioned(Model):
    version: Version = required("The format's version.", 1)


class ProjectFile(Settings, _Versioned):
    """The project file, reconciler.yaml."""

    elsewhere: ClassVar = {
        "token_env": "belongs to one environment; move it below environments, or set COMFYCONTROL_API_TOKEN",
        **_NOT_HERE,
    }

    environments: Declared[dict[Key, Environment]] = optional("Environments by name; pick one with -e NAME.")
