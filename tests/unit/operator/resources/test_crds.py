"""The definitions of Account and Runner: structural, explained, bounded, and what they take."""

import pytest

from reconciler.operator.resources.crds import crds
from reconciler.operator.resources.translate import translate_account, translate_runner
from tests.fakes.api_server import admit, compiled, nodes, prune, schema_of
from tests.fakes.resources import account, compile_resources, runner

ACCOUNT, RUNNER = crds()
TOKEN = {"tokenSecretRef": {"name": "t"}}
KNOWN = {
    *("type", "description", "properties", "required", "items", "additionalProperties", "default", "enum", "format"),
    *("pattern", "minLength", "maxLength", "minimum", "maximum", "maxItems", "minItems", "maxProperties", "anyOf"),
    *("x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"),
    "x-kubernetes-int-or-string",
}
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
ALL = {f"{crd['spec']['names']['kind']}{path}": node for crd in crds() for path, node in nodes(schema_of(crd))}


@pytest.mark.parametrize("node", ALL.values(), ids=ALL)
def test_every_schema_is_structural(node):
    """The rules of structural schemas: a type everywhere, no word that is forbidden, no field kept that is unknown."""
    assert set(node) <= KNOWN
    if node.get("x-kubernetes-int-or-string"):
        assert "type" not in node
        assert node["anyOf"] == INT_OR_STRING
    else:
        assert node["type"] in ("object", "array", "string", "integer", "number", "boolean")
        assert "anyOf" not in node
    assert not ("properties" in node and "additionalProperties" in node)
    assert node.get("additionalProperties", {}) is not False
    assert ("items" in node) == (node.get("type") == "array")
    assert set(node.get("required", ())) <= set(node.get("properties", {}))
    assert node.get("format") in (None, "date", "date-time", "int64")


@pytest.mark.parametrize("path", [each for each in ALL if not each.endswith(("]", ".metadata"))])
def test_every_field_is_explained(path):
    """`kubectl explain` has a description for every field, in the words of resources."""
    described = ALL[path]["description"]
    assert described.endswith((".", '"off".'))
    assert not any(
        word in described for word in ("${env", "${file", "manifest", "--", "unmanaged_scope", "project file")
    )


@pytest.mark.parametrize("node", ALL.values(), ids=ALL)
def test_every_list_says_how_it_merges(node):
    """Server-side apply knows each list as a set of scalars, as a map by keys that are there, or as one value."""
    if node.get("type") != "array":
        return
    kind, items = node["x-kubernetes-list-type"], node["items"]
    if kind == "map":
        keys = node["x-kubernetes-list-map-keys"]
        assert set(keys) <= set(items["required"])
        assert {items["properties"][key]["type"] for key in keys} == {"string"}
    else:
        assert kind == "atomic" or (kind == "set" and items["type"] == "string")


@pytest.mark.parametrize("node", ALL.values(), ids=ALL)
def test_every_default_is_valid(node):
    """A default is what the schema itself takes, and nothing of it is pruned."""
    if "default" in node:
        assert prune(node, node["default"]) == node["default"]
        kinds = {"string": str, "array": list, "boolean": bool, "integer": int}
        assert type(node["default"]) is kinds[node["type"]]
        assert node["default"] in node.get("enum", [node["default"]])


@pytest.mark.parametrize("node", ALL.values(), ids=ALL)
def test_every_pattern_and_rule_compiles(node):
    """RE2 takes every pattern, which has neither look-ahead nor back reference; CEL takes every rule."""
    if "pattern" in node:
        pattern = node["pattern"].replace('"', '\\"')
        assert compiled(f'self.matches(r"{pattern}")').eval(data={"self": "x"}).plain_value() in (True, False)
    for rule in node.get("x-kubernetes-validations", ()):
        assert compiled(rule["rule"])
        assert rule["message"]


def cost(node, times=1):
    """The most that the rules of a schema may cost, as an API server estimates it: a character has up to four bytes."""
    for rule in node.get("x-kubernetes-validations", ()):
        text = 4 * node.get("maxLength", 1)
        items = node.get("maxItems", 1)
        each = 4 * node.get("items", {}).get("properties", {}).get("name", {}).get("maxLength", 1)
        matched = text / 10 * len(rule["rule"]) / 4 if "matches" in rule["rule"] else text / 10
        walked = items * items * (3 * each / 10 + 10) if "all(" in rule["rule"] else 1
        yield times * (matched + walked + 10)
    for each in node.get("properties", {}).values():
        yield from cost(each, times)
    if "items" in node:
        yield from cost(node["items"], times * node.get("maxItems", 1_000_000))
    if isinstance(node.get("additionalProperties"), dict):
        yield from cost(node["additionalProperties"], times * node.get("maxProperties", 1_000_000))


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_no_rule_costs_more_than_an_api_server_allows(crd):
    """A rule may cost 10 million units, all of a definition 100 million: what a rule walks through is bounded."""
    costs = list(cost(schema_of(crd)))
    assert max(costs) < 10_000_000 * 0.65
    assert sum(costs) < 100_000_000 * 0.6


def test_definitions_have_what_kubectl_shows():
    """Namespaced, one stored version with a status of its own, short names, a category and columns."""
    for crd, short in ((ACCOUNT, "cca"), (RUNNER, "ccr")):
        spec, (version,) = crd["spec"], crd["spec"]["versions"]
        assert (spec["scope"], spec["names"]["shortNames"], spec["names"]["categories"]) == (
            "Namespaced",
            [short],
            ["comfycontrol"],
        )
        assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
        assert version["subresources"] == {"status": {}}
        paths = {path.lstrip(".") for path, _ in nodes(version["schema"]["openAPIV3Schema"])}
        for column in version["additionalPrinterColumns"]:
            plain = column["jsonPath"].lstrip(".").partition("[")[0]
            assert plain in paths or plain == "metadata.creationTimestamp"
            assert column["type"] in ("string", "integer", "date")


def test_defaults_are_those_of_the_engine():
    """What the API server fills in is what the engine would take anyway."""
    stored, wrong = admit(ACCOUNT, {"metadata": {"name": "a"}, "spec": TOKEN})
    assert not wrong
    assert stored["spec"] == {
        "tokenSecretRef": {"name": "t", "key": "token"},
        "interval": 60,
        "mode": "report",
        "suspend": False,
        "runnerNamespaces": ["*"],
    }
    with_defaults, _ = compile_resources(of=account(**stored["spec"]))
    without, _ = compile_resources(of=account(**TOKEN))
    assert with_defaults.watching == without.watching
    assert admit(RUNNER, {"metadata": {"name": "a"}, "spec": {}})[0]["spec"] == {"account": "default"}


GOOD_RUNNERS = [
    {"name": "a" * 100},
    {"name": "a" * 101 + "${var:x}"},
    {"tags": [str(each) for each in range(10)]},
    {"tags": []},
    {"headers": []},
    {"endpoint": "HTTPS://comfy-1.example.com:8188/x?y=z"},
    {"endpoint": "${var:scheme}://x"},
    {"headers": [{"name": "A", "value": ""}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
    {"headers": [{"name": "A", "value": "$${env:X} ${var:y} $$${file:z}"}]},
    {"accept": [{"code": "coverage", "reason": "r", "until": "2030-12-31"}]},
    {"state": "auto", "unmanaged": ["name", "state"], "wildcard": True, "inherit": False, "profiles": ["a.b"]},
]
BAD_RUNNERS = [
    ({"name": "a" * 101}, "a name may have at most 100 characters"),
    ({"formerName": "a" * 101}, "a name may have at most 100 characters"),
    ({"name": " "}, "does not match"),
    ({"name": ""}, "'' should be non-empty"),
    ({"tags": [str(each) for each in range(11)]}, "is too long"),
    ({"tags": ["a", "a"]}, "Duplicate value"),
    ({"tags": [""]}, "should be non-empty"),
    ({"endpoint": "ftp://x"}, "must be an http or https URL, without a user in it"),
    ({"endpoint": "https://user:pw@x"}, "must be an http or https URL, without a user in it"),
    ({"endpoint": "https://x y"}, "must be an http or https URL, without a user in it"),
    ({"headers": [{"name": "A"}]}, "needs exactly one of value and valueFrom"),
    (
        {"headers": [{"name": "A", "value": "", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        "needs exactly one of value and valueFrom",
    ),
    ({"headers": [{"name": "A", "valueFrom": {}}]}, "'secretKeyRef' is a required property"),
    ({"headers": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]}, "'key' is a required property"),
    ({"headers": [{"name": "A", "value": "x"}, {"name": "A", "value": "y"}]}, "Duplicate value"),
    (
        {"headers": [{"name": "A", "value": "x"}, {"name": "a", "value": "y"}]},
        "two headers have one name; case does not count",
    ),
    *(
        ({"headers": [{"name": "A", "value": f"{before}${{{kind}:x}}"}]}, "only ${var:NAME} is expanded here")
        for kind in ("env", "file", "secret")
        for before in ("", "Bearer ", "$${x}")
    ),
    ({"headers": [{"name": "A B", "value": "x"}]}, "does not match"),
    ({"state": "on"}, "is not one of"),
    ({"unmanaged": ["status"]}, "is not one of"),
    ({"id": "x"}, "does not match"),
    ({"accept": [{"code": "coverage", "reason": "r"}]}, "'until' is a required property"),
    ({"accept": [{"code": "nothing", "reason": "r", "until": "2030-01-01"}]}, "is not one of"),
]


@pytest.mark.parametrize("spec", GOOD_RUNNERS)
def test_a_runner_is_taken(spec):
    """What the engine reads the API server takes."""
    assert admit(RUNNER, {"metadata": {"name": "a"}, "spec": spec})[1] == []


@pytest.mark.parametrize(("spec", "message"), BAD_RUNNERS)
def test_a_runner_is_refused(spec, message):
    """What a rule can see is refused by the API server, with a message that says why."""
    wrong = admit(RUNNER, {"metadata": {"name": "a"}, "spec": spec})[1]
    assert message in wrong[0]


@pytest.mark.parametrize(("length", "spec", "taken"), [(100, {}, True), (101, {}, False), (101, {"name": "a"}, True)])
def test_a_resource_s_name_is_a_runner_s_name(length, spec, taken):
    """A runner without a name of its own has that of its resource, which must not be too long for it."""
    wrong = admit(RUNNER, {"metadata": {"name": "a" * length}, "spec": spec})[1]
    assert (wrong == []) is taken


GOOD_ACCOUNTS = [
    {"unmanaged": "disable", "unmanagedScope": ["x-*"]},
    {"unmanaged": "report"},
    {"interval": 1, "mode": "apply", "suspend": True, "rateLimit": "40/10", "apiUrl": "https://api.example.com"},
    {"apiUrl": "http://127.0.0.1:8080/base"},
    {"guard": {"maxDisables": 0, "maxChanges": "50%", "maxCreates": 5, "severity": {"stranded-tags": "off"}}},
    {"guard": {"strandedTags": {"asked": "error"}, "severity": {"coverage": "info"}}},
    {"coverage": [{"tags": ["a"], "minActive": 0}], "demand": {"recent": 5}, "managed": True, "vars": {"a": "b"}},
    {"health": {"path": "/", "interval": 0.5, "timeout": 5, "unhealthyAfter": 1, "healthyAfter": 100}},
    {"health": {"path": "/system_stats/x"}},
    {"profiles": {"a": {"headers": [{"name": "A", "value": "b"}], "state": "active"}}, "defaults": {"tags": ["x"]}},
]
BAD_ACCOUNTS = [
    ({"tokenSecretRef": None}, "is not of type 'object'"),
    ({"unmanaged": "disable"}, "needs unmanagedScope"),
    ({"unmanaged": "disable", "unmanagedScope": []}, "needs unmanagedScope"),
    ({"unmanaged": "delete"}, "is not one of"),
    ({"mode": "both"}, "is not one of"),
    ({"interval": 0}, "less than the minimum"),
    ({"interval": 86401}, "greater than the maximum"),
    ({"interval": "60"}, "is not of type 'integer'"),
    ({"rateLimit": "40"}, "does not match"),
    ({"apiUrl": "api.example.com"}, "does not match"),
    ({"guard": {"maxDisables": "5"}}, "does not match"),
    ({"guard": {"maxDisables": -1}}, "less than the minimum"),
    ({"guard": {"maxDisables": True}}, "is not valid under any of the given schemas"),
    ({"guard": {"severity": {"coverage": False}}}, "is not"),
    (
        {"guard": {"strandedTags": {"asked": "error"}, "severity": {"stranded-tags": "off"}}},
        "keep one of them",
    ),
    ({"coverage": [{"tags": ["a"]}]}, "'minActive' is a required property"),
    ({"health": {"path": "//x"}}, "does not match"),
    ({"health": {"path": "x"}}, "does not match"),
    (
        {"profiles": {"a": {"headers": [{"name": "A", "value": "1"}, {"name": "a", "value": "2"}]}}},
        "two headers have one name; case does not count",
    ),
    ({"defaults": {"headers": [{"name": "A", "value": "${env:X}"}]}}, "only ${var:NAME} is expanded here"),
]


@pytest.mark.parametrize("spec", GOOD_ACCOUNTS)
def test_an_account_is_taken(spec):
    """What the engine reads the API server takes."""
    assert admit(ACCOUNT, {"metadata": {"name": "a"}, "spec": TOKEN | spec})[1] == []


@pytest.mark.parametrize(("spec", "message"), BAD_ACCOUNTS)
def test_an_account_is_refused(spec, message):
    """What a rule can see is refused by the API server, with a message that says why."""
    wrong = admit(ACCOUNT, {"metadata": {"name": "a"}, "spec": TOKEN | spec})[1]
    assert message in wrong[0]


@pytest.mark.parametrize(("crd", "specs"), [(RUNNER, GOOD_RUNNERS), (ACCOUNT, GOOD_ACCOUNTS)])
def test_nothing_that_is_known_is_pruned(crd, specs):
    """Every key that the translation knows is in the schema, and every key of the schema is known to it."""
    for spec in specs:
        assert prune(schema_of(crd)["properties"]["spec"], spec) == spec
    keys = schema_of(crd)["properties"]["spec"]["properties"]
    spec = dict.fromkeys(keys)
    made = translate_runner(spec, "n", "a") if crd is RUNNER else translate_account(spec, "n")
    assert not [each for each in made.problems if "unknown key" in each]


def test_unknown_fields_are_pruned():
    """Nothing that the schema does not know is kept, at any depth."""
    spec = {"endpoint": "http://x", "status": "active", "headers": [{"name": "A", "value": "b", "optional": True}]}
    stored, _ = admit(RUNNER, {"metadata": {"name": "a"}, "spec": spec})
    assert stored["spec"] == {"endpoint": "http://x", "headers": [{"name": "A", "value": "b"}], "account": "default"}


def test_what_is_taken_compiles():
    """What the API server takes as a Runner the engine compiles, with an Account that has what it refers to."""
    of = account(profiles={"a.b": {}}, vars={"x": "", "y": "y", "scheme": "http"})
    for spec in GOOD_RUNNERS:
        if "a" * 101 not in spec.get("name", "") and not any("valueFrom" in each for each in spec.get("headers", ())):
            assert compile_resources(runner("a", **spec), of=of)[1].runners
