"""Problems in the words of the resource that they are about."""

import re

import pytest

from reconciler.manifests.format.model import is_model
from reconciler.manifests.format.project import ProjectFile
from reconciler.manifests.secrets.allowed import KnownNames, ProcessSecrets
from reconciler.model.position import Position, Problem
from reconciler.operator.resources.resource import Ref
from reconciler.operator.resources.words import refs_of, words_of
from tests.fakes.resources import Vault, account, problems_with, runner

ACCOUNT_PROBLEMS = [
    ({"interval": 0}, "spec.interval: must be 1 to 86400 seconds"),
    ({"mode": "both"}, "spec.mode: must be one of report, apply; not 'both'"),
    ({"guard": {"maxDisables": "5"}}, "spec.guard.maxDisables: '5' is neither a count nor a percentage such as 50%"),
    ({"guard": {"maxDisable": 1}}, "spec.guard.maxDisable: unknown key; did you mean maxDisables?"),
    ({"guard": 1}, "spec.guard: must be a mapping; this is a number"),
    ({"coverage": [{"tags": ["a"]}]}, "spec.coverage[0]: minActive is missing; add it, such as `minActive: 2`"),
    (
        {"unmanaged": "disable"},
        "spec.unmanaged: disable needs unmanagedScope, globs of the names that may be disabled",
    ),
    ({"health": {"unhealthyAfter": 0}}, "spec.health.unhealthyAfter: must be 1 to 100"),
    ({"defaults": {"state": "on"}}, "spec.defaults.state: must be one of active, disabled, auto; not 'on'"),
    ({"profiles": {"a.b": {"tags": [""]}}}, "spec.profiles.a.b.tags[0]: a tag must not be empty"),
    (
        {"profiles": {"a": {"name": "x"}}},
        "spec.profiles.a.name: unknown key; known are accept, endpoint, headers, state, tags, wildcard",
    ),
    ({"vars": {"a_b": 1}}, "spec.vars.a_b: YAML 1.1 reads 1 as a number; put it in quotes"),
    ({"manifests": ["x"]}, None),
    ({"envAllow": ["x"]}, None),
    ({"environments": {}}, None),
    ({"version": 1}, None),
]


@pytest.mark.parametrize(("spec", "message"), ACCOUNT_PROBLEMS)
def test_a_problem_of_an_account_is_in_its_words(spec, message):
    """A problem names the path in the spec and the keys of the resource; what no Account has is an unknown key."""
    (wrong,) = problems_with(of=account(**spec))
    if message is None:
        assert words_of(wrong).startswith(f"spec.{next(iter(spec))}: unknown key; ")
    else:
        assert words_of(wrong) == message
    assert refs_of(wrong) == (None,)


RUNNER_PROBLEMS = [
    ({"endpoint": None}, "spec: endpoint is required, here or in what the runner inherits"),
    ({"formerName": " "}, "spec.formerName: a name must not be empty"),
    ({"state": "on"}, "spec.state: must be one of active, disabled, auto; not 'on'"),
    ({"tags": ["a", 5]}, "spec.tags[1]: YAML 1.1 reads 5 as a number; put it in quotes"),
    ({"tags": ["${vr:x}"]}, "spec.tags[0]: this ${…} is no reference; use ${var:NAME}, or $${ for a literal ${"),
    ({"name": "${var:x}"}, "spec.name: no variable x; none is set: declare it under vars in the Account"),
    ({"profiles": ["p"]}, "spec.profiles[0]: no profile 'p'; declare it under profiles in the Account"),
    (
        {"accept": [{"code": "stranded-tags"}]},
        "spec.accept[0]: reason is missing; add it, such as `reason: moved to the new pool`",
    ),
    (
        {"headers": [{"name": "A", "value": "(sensitive)"}]},
        (
            "spec.headers.A: (sensitive) is what is shown in place of a value; "
            "write the value, or refer to a secret by valueFrom"
        ),
    ),
]


@pytest.mark.parametrize(("spec", "message"), RUNNER_PROBLEMS)
def test_a_problem_of_a_runner_is_in_its_words(spec, message):
    """A problem names the path in the spec, without a file, a line or a column."""
    wrong = problems_with(runner("gpu.one", "team", **spec))[0]
    assert words_of(wrong) == message
    assert refs_of(wrong) == (Ref("team", "gpu.one"),)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (
            {"id": "550e8400-e29b-41d4-a716-446655440000"},
            "spec.id: the id 550e8400-e29b-41d4-a716-446655440000 is already that of",
        ),
        ({"name": "GPU"}, "spec.name: the name 'GPU' without an id is already that of"),
    ],
)
def test_what_is_there_twice_is_about_both(field, message):
    """Two Runners of two namespaces that can't both be: the problem is about either, and names the other."""
    (wrong,) = problems_with(runner("a", "one", **field), runner("a", "two", **field))
    assert refs_of(wrong) == (Ref("two", "a"), Ref("one", "a"))
    said = words_of(wrong).replace("spec: ", f"spec.{next(iter(field))}: ")
    assert said == f"{message} the Runner one/a; two entries can't be one runner"


def test_too_many_inherited_tags_name_the_account():
    """Where something is inherited from is a resource too."""
    tags = [str(each) + "t" for each in range(10)]
    (wrong,) = problems_with(runner(tags=["more"]), of=account(defaults={"tags": tags}))
    assert (
        words_of(wrong) == "spec.tags: 11 tags, 10 of them inherited, the last in the Account; the API takes at most 10"
    )


def test_no_place_in_a_file_is_left_in_any_words():
    """A problem that is not about a path, such as one of syntax, keeps its text."""
    assert words_of(Problem(Position("runners/a/b.yaml", 1, 4), "no colon here")) == "no colon here"


def test_every_key_of_several_words_is_respelled():
    """No message leaves a key as project files spell it."""

    def keys(model):
        for key, field in model.keys().items():
            yield key
            for kind in re.findall(r"\w+", str(field.annotation)):
                found = getattr(__import__(model.__module__, fromlist=[kind]), kind, None)
                if is_model(found) and found is not model:
                    yield from keys(found)

    no_key_of_resources = {"env_allow", "file_allow", "token_env"}
    for key in {each for each in keys(ProjectFile) if "_" in each} - no_key_of_resources:
        assert "_" not in words_of(Problem(Position("reconciler.yaml", 1, 1), f"see {key} there"))


def test_elsewhere_the_reference_is_none():
    """To secrets that are not a cluster's, `${secret:…}` is no reference, also where none is read."""
    for secrets in (ProcessSecrets({}), KnownNames(ProcessSecrets({})), None):
        (wrong,) = problems_with(
            runner(headers=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}]), vault=secrets
        )
        assert "this ${…} is no reference" in wrong.message
    assert not problems_with(
        runner(headers=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}]),
        vault=Vault(fleet__n__k="v"),
    )
