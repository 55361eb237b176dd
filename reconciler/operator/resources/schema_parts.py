"""The parts of a spec's schema that no model of a manifest has in this form: headers, secrets, what a rule checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.model.fields.spec import MAX_NAME
from reconciler.operator.resources.schema_words import DESCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

MAX_HEADERS: Final = 20
MAX_HEADER_NAME: Final = 64
MAX_HEADER_VALUE: Final = 1024
"""Characters of a value that is written out; one from a secret may have more."""
_MAX_TEXT: Final = 1024
"""Characters of a name before its variables are expanded."""
MAX_URL: Final = 2048
MAX_SECRET_NAME: Final = 253
_HEADER_NAME: Final = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
PATH: Final = "^/([A-Za-z0-9._~!$&'()*+,;=:@-][A-Za-z0-9/._~!$&'()*+,;=:@-]*)?$"
"""`field_types.URLPATH` without a look-ahead, which RE2 has not."""
_URL: Final = r"^[Hh][Tt][Tt][Pp][Ss]?://[^@/?#\s]+([/?#]\S*)?$"
_EXPANDED: Final = "self.contains('${')"


def rule(rule: str, message: str) -> Schema:
    """A rule in CEL, and what is said of what breaks it."""
    return {"rule": rule, "message": message}


def mapping(description: str, properties: Mapping[str, Schema]) -> Schema:
    """A mapping of known keys."""
    return {"type": "object", "description": description, "properties": dict(properties)}


def described(name: str, schema: Schema) -> Schema:
    """A schema with the words for a key that only resources have."""
    return {**schema, "description": DESCRIPTIONS[name]}


def text(name: str, **bounds: Any) -> Schema:
    """A text."""
    return described(name, {"type": "string", **bounds})


def secret_key(name: str, default: str | None = None) -> Schema:
    """A reference to a key of a secret in the resource's namespace."""
    key = text("secretKey", minLength=1, maxLength=MAX_SECRET_NAME, pattern="^[-._a-zA-Z0-9]+$")
    names = text("secretName", minLength=1, maxLength=MAX_SECRET_NAME, pattern="^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
    return {
        **mapping(DESCRIPTIONS[name], {"name": names, "key": key if default is None else {**key, "default": default}}),
        "required": ["name"] if default else ["name", "key"],
        "x-kubernetes-map-type": "atomic",
    }


def headers() -> Schema:
    """The list of headers, a map by their names to server-side apply."""
    header = {
        "type": "object",
        "properties": {
            "name": text("headerName", minLength=1, maxLength=MAX_HEADER_NAME, pattern=_HEADER_NAME),
            "value": text("headerValue", maxLength=MAX_HEADER_VALUE)
            | {
                "x-kubernetes-validations": [
                    rule(
                        r"!self.matches('(^|[^$])[$][{](env|file|secret):')",
                        "only ${var:NAME} is expanded here; take a secret by valueFrom.secretKeyRef, or write $${ for "
                        "a literal ${",
                    )
                ]
            },
            "valueFrom": mapping(DESCRIPTIONS["valueFrom"], {"secretKeyRef": secret_key("secretKeyRef")})
            | {"required": ["secretKeyRef"]},
        },
        "required": ["name"],
        "x-kubernetes-validations": [
            rule("has(self.value) != has(self.valueFrom)", "needs exactly one of value and valueFrom")
        ],
    }
    twins = "self.all(one, self.exists_one(other, other.name.lowerAscii() == one.name.lowerAscii()))"
    return {
        "type": "array",
        "items": header,
        "maxItems": MAX_HEADERS,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "x-kubernetes-validations": [rule(twins, "two headers have one name; case does not count")],
    }


def name() -> Schema:
    """A runner's name, which may be longer while a variable in it is not expanded."""
    long = rule(f"{_EXPANDED} || self.size() <= {MAX_NAME}", f"a name may have at most {MAX_NAME} characters")
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": _MAX_TEXT,
        "pattern": r"\S",
        "x-kubernetes-validations": [long],
    }


_URL_RULE: Final = rule(f"{_EXPANDED} || self.matches(r'{_URL}')", "must be an http or https URL, without a user in it")
ENDPOINT: Final[Schema] = {"type": "string", "maxLength": MAX_URL, "x-kubernetes-validations": [_URL_RULE]}
