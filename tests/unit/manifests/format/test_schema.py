"""The models of manifests and project files: what they take, their JSON Schema, and that both agree."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.format.build_schema import build_manifest_schema, build_project_schema
from reconciler.manifests.format.parse import MAX_AT_ONCE
from reconciler.manifests.format.problems import MAX_PROBLEMS
from reconciler.manifests.format.schema import manifest_schema, project_schema
from reconciler.manifests.yaml.read import read_documents
from reconciler.model.fields.table import FIELD_NAMES
from reconciler.planning.findings.registry import CODES
from tests.fakes.checks import check_manifest, check_project

MANIFEST = """\
# yaml-language-server: $schema=./runner-manifest.schema.json
version: 1
defaults:
  tags: [production]
profiles:
  a100: {tags: [gpu-a100], headers: {X-Pool: a100}}
runners:
  prod-a100-1:
    id: 550e8400-e29b-41d4-a716-446655440000
    profiles: [a100]
    name: Production GPU Runner
    former_name: GPU Runner
    endpoint: https://comfy-1.${var:domain}
    tags: [image-generation]
    headers:
      Authorization: Bearer ${env:RECONCILER_PROD_TOKEN}
      X-Pool: null
    status: active
    unmanaged: [status]
    wildcard: true
    accept: [{code: stranded-tags, reason: moved to the new pool, until: 2026-12-31}]
    inherit: false
"""
PROJECT = """\
version: 1
manifests: [runners]
vars: {domain: example.com}
env_allow: ["CI_RUNNER_*"]
file_allow: [/run/secrets]
public_headers: [X-Pool]
unmanaged: report
unmanaged_scope: ["prod-*"]
defaults: {}
profiles: {}
guard:
  max_disables: 1
  max_changes: 50%
  max_creates: 5
  endpoint_hosts: ["*.example.com"]
  two_phase: true
  severity: {stranded-tags: error, coverage: off, placeholder-secret: "off"}
coverage:
  - {tags: [production, image-generation], min_active: 2}
environments:
  staging:    {manifests: [runners/staging], token_env: COMFYCONTROL_STAGING_TOKEN, vars: {domain: staging.example.com}}
  production: {manifests: [runners/production], guard: {max_disables: 0}}
"""
KINDS = {"manifest": (check_manifest, manifest_schema), "project": (check_project, project_schema)}


def problems_of(text, check):
    """What is wrong with a file, as messages."""
    problems = []
    for document in read_documents(text, "f.yaml", problems):
        check(document, "f.yaml", problems)
    return [problem.message for problem in problems]


class Editor(yaml.SafeLoader):
    """YAML as an editor's language server reads it: dates are text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to say it
        first: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def as_json(text):
    """A YAML document as an editor sees it."""
    return yaml.load(text, Editor)  # noqa: S506 - a safe loader


def refusals(text, schema):
    """What the JSON Schema has against a document."""
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(as_json(text))]


@pytest.mark.parametrize(("text", "kind"), [(MANIFEST, "manifest"), (PROJECT, "project")], ids=["manifest", "project"])
def test_everything_that_the_reference_shows_is_taken(text, kind):
    """Each key with the value that the manifest reference gives it, by the checks and by the JSON Schema."""
    check, schema = KINDS[kind]
    assert problems_of(text, check) == []
    assert refusals(text, schema()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_are_valid_strict_and_described(kind):
    """JSON Schema 2020-12 with an id, no unknown keys in any object of fixed keys, a description for each key."""
    schema = KINDS[kind][1]()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["$id"]
    assert schema["examples"]
    for record in (schema, *schema["$defs"].values()):
        assert record["additionalProperties"] is False
        assert all(field["description"].endswith(".") for field in record["properties"].values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_schemas_examples_are_good(kind):
    """An example that is refused would teach a mistake; as a whole and for every key."""
    check, make = KINDS[kind]
    schema = make()
    for example in schema["examples"]:
        assert problems_of(yaml.safe_dump(example), check) == []
    for record in (schema, *schema["$defs"].values()):
        for field in record["properties"].values():
            for example in field.get("examples", ()):
                validator = jsonschema.Draft202012Validator({**field, "$defs": schema["$defs"]})
                assert list(validator.iter_errors(example)) == []


def test_a_schema_is_a_fresh_copy():
    """Whoever changes one changes nobody else's."""
    manifest_schema()["$defs"]["runner"]["properties"].clear()
    assert manifest_schema()["$defs"]["runner"]["properties"]


def test_the_codes_and_fields_are_those_of_the_model():
    """A new finding code or field is known here without a second list."""
    assert set(project_schema()["$defs"]["severity"]["properties"]) == set(CODES)
    released = manifest_schema()["$defs"]["runner"]["properties"]["unmanaged"]["items"]
    assert released["anyOf"][0] == {"enum": list(FIELD_NAMES)}


@pytest.mark.parametrize(
    ("shipped", "build"), [(manifest_schema, build_manifest_schema), (project_schema, build_project_schema)], ids=KINDS
)
def test_the_shipped_schemas_are_what_the_models_give(shipped, build):
    """The files are written anew when a model, or what it names, changes."""
    assert json.dumps(shipped()) == json.dumps(build()), "run: python -m reconciler.manifests.format.build_schema"


def test_the_schemas_need_neither_yaml_nor_pydantic():
    """`schema` starts without what only reading needs."""
    script = (
        "import sys\nfrom reconciler.manifests.format import schema\n"
        "schema.manifest_schema()\nprint({'yaml', 'pydantic'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


GOOD = {
    "a runner without an own field": "runners: {a: {}}",
    "a key of 100 characters": f"runners: {{{'k' * 100}: {{}}}}",
    "a name of 100 characters": f"runners: {{a: {{name: {'ü' * 100}}}}}",
    "ten tags": "runners: {a: {tags: [a, b, c, d, e, f, g, h, i, j]}}",
    "tags twice": "defaults: {tags: [a, b, c, d, e, f, g, h, i, a, b]}",
    "eleven tags that may turn out to be ten": "defaults: {tags: [a, b, c, d, e, f, g, h, i, j, '${var:k}']}",
    "cleared": "runners: {a: {tags: [], headers: {}}}",
    "an empty header value": "runners: {a: {headers: {X: ''}}}",
    "names that differ only in case in two maps": "defaults: {headers: {X-A: a}}\nrunners: {a: {headers: {x-a: b}}}",
    "a header called token": "runners: {a: {headers: {token: a, api_url: b}}}",
    "markers wherever text may be expanded": (
        "runners: {a: {id: '${var:i}', name: '${var:n}', former_name: '${var:f}', endpoint: '${var:e}', "
        "tags: ['${var:t}'], status: '${var:s}', accept: [{code: coverage, reason: '${var:r}', until: '2026-12-31'}]}}"
    ),
    "an escaped marker": "runners: {a: {name: '$${HOME}'}}",
    "a boolean by another word": "runners: {a: {wildcard: yes, inherit: Off}}",
    "the day in quotes": "runners: {a: {accept: [{code: coverage, reason: x, until: '2026-12-31'}]}}",
    "the version in hexadecimal": "version: 0x1",
    "an id in capitals and of any version": "runners: {a: {id: 01890A5D-AC96-774B-BCCE-B302099A8057}}",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_is_allowed_is_taken(text):
    """The outermost values that are still allowed."""
    assert problems_of(text if text.startswith("version") else f"version: 1\n{text}\n", check_manifest) == []


GOOD_PROJECTS = {
    "no limit at all": "guard: {}",
    "limits of nothing": "guard: {max_disables: 0, max_changes: 0%, max_creates: 100%}",
    "a fraction of a per cent": "guard: {max_changes: 12.5%}",
    "severities off": "guard: {severity: {coverage: off, stranded-tags: 'off', wildcard-runner: OFF}}",
    "hosts": "guard: {endpoint_hosts: [a.example, '*.b.example', '10.0.0.?', '[::1]']}",
    "a promise for workflows without tags": "coverage: [{tags: [], min_active: 0}]",
    "an environment of nothing": "environments: {staging: {}}",
    "an environment of everything": (
        "environments: {staging: {manifests: [a], vars: {a: b}, env_allow: [A_*], file_allow: [/x], "
        "public_headers: [X], unmanaged: disable, unmanaged_scope: ['*'], defaults: {status: active}, "
        "profiles: {p: {}}, guard: {}, coverage: []}}"
    ),
}


@pytest.mark.parametrize("text", GOOD_PROJECTS.values(), ids=GOOD_PROJECTS)
def test_what_is_allowed_in_a_project_file_is_taken(text):
    """The outermost values that are still allowed, by the checks and by the JSON Schema."""
    assert problems_of(f"version: 1\n{text}\n", check_project) == []
    assert refusals(f"version: 1\n{text}\n", project_schema()) == []


def test_an_anchor_s_problem_is_told_once():
    """However many runners share it."""
    text = "version: 1\ndefaults: &d {headers: {X: 1}}\nrunners:\n" + "".join(f"  r{n}: *d\n" for n in range(50))
    assert problems_of(text, check_manifest) == [
        "defaults.headers.X: YAML 1.1 reads this as a number; put it in quotes"
    ]


def test_suggestions_stop_when_there_are_many_problems():
    """Seeking the nearest word takes longer than all else; the key is still reported."""
    text = "version: 1\n" + "".join(f"runner{n}: x\n" for n in range(300))
    messages = problems_of(text, check_manifest)
    assert len(messages) == 300
    assert messages[0].endswith("did you mean runners?")
    assert messages[-1].endswith("known are version, defaults, profiles, runners")


def test_problems_are_listed_up_to_a_bound():
    """A document of nothing but unknown keys does not fill the memory with messages."""
    text = "version: 1\n" + "".join(f"k{n}: x\n" for n in range(MAX_PROBLEMS + 5))
    messages = problems_of(text, check_manifest)
    assert len(messages) == MAX_PROBLEMS + 1
    assert messages[-1] == "more than 10,000 problems; the others are not listed"


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n" + "".join(f"k{n}: x\n" for n in range(MAX_AT_ONCE + 1)),
        "version: 1\nrunners:\n" + "".join(f"  k{n}: {{tags: [1, 2]}}\n" for n in range(MAX_AT_ONCE // 2 + 1)),
        "version: 1\ndefaults:\n  accept:\n" + "  - {}\n" * (MAX_AT_ONCE // 3 + 1),
        "version: 1\nrunners:\n"
        + "".join(f"  k{n}: {{}}\n" for n in range(MAX_AT_ONCE))
        + "".join(f"  l{n}: {{name: 1, id: 1}}\n" for n in range(MAX_AT_ONCE)),
    ],
    ids=["keys", "values", "what is missing", "after what is right"],
)
def test_a_flood_of_problems_is_told_in_part(text):
    """A document with more problems than could be listed gets the first of them, and is known to have more."""
    messages = problems_of(text, check_manifest)
    assert 100 < len(messages) <= MAX_PROBLEMS + 1
    assert messages[-1].startswith("more than ")


VALUES = st.sampled_from(
    [
        *(
            "1",
            "2",
            "'1'",
            "-1",
            "1.5",
            "50%",
            "101%",
            "true",
            "off",
            "'off'",
            "~",
            "''",
            "' '",
            "a",
            "active",
            "report",
        ),
        *("error", "2026-12-31", "2026-02-30", "[]", "{}", "[a]", "[1]", "[status]", "[coverage]", "{a: b}", "{a: ~}"),
        *("{a: {}}", "{version: 1}", "http://a:8188", "http://u:p@a", "'http://a b'", "'${var:x}'", "COMFYCONTROL_X"),
        *(
            "550e8400-e29b-41d4-a716-446655440000",
            "{coverage: off}",
            "{tags: [a], min_active: 1}",
            "{max_changes: 50%}",
        ),
        "[{code: coverage, reason: x, until: 2026-12-31}]",
        "[{tags: [a], min_active: 1}]",
    ]
)


def keys_of(schema):
    """Every key that a schema knows, and one that it doesn't."""
    return sorted({"zzz"}.union(*(record["properties"] for record in (schema, *schema["$defs"].values()))))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_what_the_json_schema_refuses_is_refused(kind, data):
    """An editor never marks what the checks would take."""
    check, make = KINDS[kind]
    schema = make()
    keys = st.sampled_from(keys_of(schema))
    inner = data.draw(st.dictionaries(keys, VALUES, max_size=4))
    body = "{" + ", ".join(f"{key}: {value}" for key, value in inner.items()) + "}"
    frame = data.draw(
        st.sampled_from(
            ["runners: {{a: {}}}", "defaults: {}", "profiles: {{a: {}}}", "environments: {{a: {}}}", "guard: {}"]
        )
    )
    outer = data.draw(st.dictionaries(keys, VALUES, max_size=3))
    lines = ["version: 1", frame.format(body)]
    lines += [f"{key}: {value}" for key, value in outer.items() if key not in (frame.partition(":")[0], "version")]
    text = "\n".join(lines)
    if refusals(text, schema):
        assert problems_of(text, check)
