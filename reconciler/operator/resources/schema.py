"""Structural OpenAPI v3 schemas of specs, from the models of manifests and project files.

What Kubernetes can check, it checks: types, words, bounds, and by CEL what depends on another field or on a `${var:…}`
that is expanded later. The rest is checked where manifests are read. Lists that a rule walks through are bounded, since
the API server bounds what a rule may cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from reconciler.manifests.format.manifest import Runner
from reconciler.manifests.format.model import is_model, plain
from reconciler.manifests.format.project import Guard, Settings, Watch
from reconciler.manifests.format.values import LIMIT, Keyword, Value
from reconciler.model.enums import Interest, Severity
from reconciler.operator.resources.names import (
    NOT_IN_ACCOUNTS,
    STATE,
    STATUS,
    STRANDED,
    TOKEN_KEY,
    WATCH,
    in_spec,
)
from reconciler.operator.resources.resource import DEFAULT_ACCOUNT
from reconciler.operator.resources.schema_parts import (
    ENDPOINT,
    MAX_SECRET_NAME,
    MAX_URL,
    PATH,
    Schema,
    described,
    headers,
    mapping,
    name,
    rule,
    secret_key,
    text,
)
from reconciler.operator.resources.schema_words import ABOUT, DESCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

MAX_PROFILES: Final = 64
_SETS: Final = frozenset({"tags", "unmanaged", "publicHeaders", "unmanagedScope", "endpointHosts"})
"""Lists whose items are each there once and in no order; every other list is one value."""


def runner_spec() -> Schema:
    """The spec of a Runner."""
    account = text("spec.account", maxLength=MAX_SECRET_NAME, minLength=1, default=DEFAULT_ACCOUNT)
    return mapping(DESCRIPTIONS["runner"], {"account": account, **_properties(Runner)})


def account_spec() -> Schema:
    """The spec of an Account."""
    watch = _properties(Watch)
    defaults = {"interval": 60, "mode": "report", "suspend": False}
    spec = mapping(
        DESCRIPTIONS["account"],
        {
            "tokenSecretRef": secret_key("tokenSecretRef", default=TOKEN_KEY),
            "apiUrl": text("apiUrl", pattern=r"^https?://[^@/?#\s]+(/[^?#\s]*)?$", maxLength=MAX_URL),
            "rateLimit": text("rateLimit", pattern="^[1-9][0-9]{0,6}/[0-9]{1,6}([.][0-9]{1,3})?$"),
            "runnerNamespaces": {
                **described("runnerNamespaces", {"type": "array", "items": {"type": "string", "minLength": 1}}),
                "default": ["*"],
                "x-kubernetes-list-type": "set",
            },
            **{key: {**watch[key], "default": defaults[key]} for key in WATCH},
            **_properties(Settings),
        },
    )
    disable = "!has(self.unmanaged) || self.unmanaged != 'disable' || "
    scoped = "(has(self.unmanagedScope) && self.unmanagedScope.size() > 0)"
    return {
        **spec,
        "required": ["tokenSecretRef"],
        "x-kubernetes-validations": [
            rule(disable + scoped, "unmanaged: disable needs unmanagedScope, globs of the names that may be disabled")
        ],
    }


def _properties(model: type[Any]) -> dict[str, Schema]:
    """The schemas of a model's keys, as a resource has them."""
    made = {
        in_spec(key): {**_schema(in_spec(key), field), "description": _about(model, key, field)}
        for key, field in model.keys().items()
        if key not in NOT_IN_ACCOUNTS
    }
    if model is Guard:
        words = [str(each) for each in Severity]
        by_demand = {each: described(each, {"type": "string", "enum": words}) for each in map(str, Interest)}
        made[STRANDED] = mapping(DESCRIPTIONS[STRANDED], by_demand)
        made["severity"]["properties"]["stranded-tags"] = {
            "type": "string",
            "description": made["severity"]["properties"]["stranded-tags"]["description"],
            "enum": words,
        }
    return made


def _about(model: type[Any], key: str, field: FieldInfo) -> str:
    """What is said of a key: words of its own where the model's are about manifests."""
    owners = (f"{owner.__name__}.{key}" for owner in model.__mro__)
    return next((ABOUT[owner] for owner in owners if owner in ABOUT), field.description or "")


def _schema(name: str, field: FieldInfo) -> Schema:
    """The schema of one key's value."""
    if name in _SPECIAL:
        return dict(_SPECIAL[name])
    return _of_type(name, field.annotation, field.metadata)


def _of_type(name: str, annotation: Any, metadata: Any = ()) -> Schema:
    kind, found = plain(annotation), [*metadata, *_metadata(annotation)]
    if is_model(kind):
        required = [in_spec(key) for key, field in kind.keys().items() if field.is_required()]
        made = {"type": "object", "properties": _properties(kind), **({"required": required} if required else {})}
        return {**made, **_RULES.get(kind, {})}
    if get_origin(kind) is list:
        items = _of_type("", get_args(kind)[0])
        bounds = {each.name: each.value for each in found if isinstance(each, Keyword)}
        return {
            "type": "array",
            "items": items,
            **bounds,
            "x-kubernetes-list-type": "set" if name in _SETS else "atomic",
        }
    if get_origin(kind) is dict:
        values = _of_type("", get_args(kind)[1])
        bound = {"maxProperties": MAX_PROFILES} if values["type"] == "object" else {}
        return {"type": "object", "additionalProperties": values, **bound}
    (value,) = (each for each in found if isinstance(each, Value))
    return _of_value(value)


def _metadata(annotation: Any) -> Iterator[Any]:
    """All that annotates a type, at any depth of `Annotated` and of `| None`."""
    yield from getattr(annotation, "__metadata__", ())
    if hasattr(annotation, "__metadata__"):
        yield from _metadata(annotation.__origin__)
    elif get_origin(annotation) not in (list, dict):
        for each in get_args(annotation):
            yield from _metadata(each)


def _of_value(value: Value) -> Schema:
    """A value's JSON Schema without alternatives: a text with a `${var:…}` in it is only taken where a rule does."""
    if value is LIMIT:
        return {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "minimum": 0,
            "maxLength": 16,
            "pattern": value.schema["anyOf"][1]["pattern"],
        }
    made = dict(value.schema)
    made.update(made.pop("anyOf", [{}])[0])
    if "enum" in made:
        made = {"type": "string", "enum": [STATE if each == STATUS else each for each in made["enum"] if each]}
    return made


_SPECIAL: Final[Mapping[str, Schema]] = {
    "name": name(),
    "formerName": name(),
    "endpoint": ENDPOINT,
    "headers": headers(),
    "path": {"type": "string", "maxLength": 200, "pattern": PATH},
}
"""Keys whose schema is another one than that of manifests."""
_RULES: Final[Mapping[type[Any], Schema]] = {
    Guard: {
        "x-kubernetes-validations": [
            rule(
                f"!has(self.{STRANDED}) || !has(self.severity) || !has(self.severity.stranded__dash__tags)",
                f"{STRANDED} and severity both say how bad stranded tags are; keep one of them",
            )
        ]
    }
}
