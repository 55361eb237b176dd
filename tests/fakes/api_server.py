"""What an API server makes of a custom resource: pruned, defaulted, validated, and its rules in CEL evaluated.

After apiextensions v1, as far as our definitions use it.
"""

from functools import cache

from cel_expr_python import cel
from cel_expr_python.ext.ext_strings import ExtStrings
from jsonschema import Draft7Validator, FormatChecker

_ENV = cel.NewEnv(variables={"self": cel.Type.DYN}, extensions=[ExtStrings()])


def schema_of(crd):
    """The schema of a definition's only version."""
    (version,) = crd["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


def admit(crd, resource):
    """The resource as it is stored, and why it is refused (nothing: it is not)."""
    return admit_by(schema_of(crd), resource)


def admit_by(schema, resource):
    """The same by a schema alone."""
    stored = default(schema, prune(schema, resource, top=True))
    wrong = [f"{'.'.join(map(str, error.path))}: {error.message}" for error in _checker(id(schema), schema)(stored)]
    return stored, wrong or [*lists(schema, stored), *break_rules(schema, stored)]


def prune(schema, value, *, top=False):
    """Leave out what the schema does not know."""
    if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
        inner, rest = schema.get("properties", {}), schema.get("additionalProperties")
        kept = {
            name: prune(inner.get(name, rest), each)
            for name, each in value.items()
            if name in inner or rest is not None
        }
        return kept | ({"metadata": value.get("metadata", {})} if top else {})
    if isinstance(value, list) and "items" in schema:
        return [prune(schema["items"], each) for each in value]
    return value


def default(schema, value):
    """Fill in what is not there and has a default."""
    if isinstance(value, dict):
        inner, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
        missing = {name: each["default"] for name, each in inner.items() if "default" in each and name not in value}
        return {name: default(inner.get(name, rest), each) for name, each in (value | missing).items()}
    if isinstance(value, list):
        return [default(schema.get("items", {}), each) for each in value]
    return value


def lists(schema, value):
    """What is twice in a list that is a set, or a map by its keys."""
    for inner, each in _below(schema, value):
        kind = inner.get("x-kubernetes-list-type")
        if kind in ("set", "map"):
            keys = inner.get("x-kubernetes-list-map-keys")
            held = [tuple(item.get(key) for key in keys) if keys else item for item in each]
            if len(set(held)) < len(held):
                yield "Duplicate value"


def break_rules(schema, value):
    """The messages of the rules that the value breaks."""
    for inner, each in _below(schema, value):
        for rule in inner.get("x-kubernetes-validations", ()):
            if evaluate(rule["rule"], each) is not True:
                yield rule["message"]


def evaluate(rule, value):
    """What a rule comes to for a value."""
    return compiled(rule).eval(data={"self": _escaped(value)}).plain_value()


@cache
def compiled(rule):
    """A rule, checked for its syntax and its types."""
    return _ENV.compile(rule)


def nodes(schema, path=""):
    """Every schema in a schema, with its path."""
    yield path, schema
    for name, each in schema.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            yield from nodes(schema[word], f"{path}[{word}]")


def _below(schema, value):
    """Every part of a value, with its schema."""
    yield schema, value
    if isinstance(value, dict):
        inner, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
        for name, each in value.items():
            yield from _below(inner.get(name, rest), each)
    if isinstance(value, list):
        for each in value:
            yield from _below(schema.get("items", {}), each)


_CHECKERS = {}


def _checker(key, schema):
    """What finds the errors of a value; made once for a schema, which is kept so that its id stays its own."""
    if key not in _CHECKERS:
        _CHECKERS[key] = schema, Draft7Validator(_plain(schema), format_checker=FormatChecker())
    return _CHECKERS[key][1].iter_errors


def _plain(schema):
    """The schema without what JSON Schema has no word for."""
    if isinstance(schema, dict):
        return {name: _plain(each) for name, each in schema.items() if not str(name).startswith("x-kubernetes")}
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def _escaped(value):
    """A value with its keys as CEL has them in Kubernetes: `stranded-tags` is `stranded__dash__tags`."""
    if isinstance(value, dict):
        return {name.replace("-", "__dash__"): _escaped(each) for name, each in value.items()}
    return [_escaped(each) for each in value] if isinstance(value, list) else value
