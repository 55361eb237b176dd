"""Whatever a manifest and a project file hold, they compile or every problem has a place."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError, UsageProblem
from reconciler.manifests.explain import effective, explain_runner
from tests.fakes.manifest_tree import Tree

TEXTS = st.sampled_from(
    [
        "", "a", "active", "http://h", "${var:x}", "${var:v}", "${env:RECONCILER_S}", "${env:HOME}", "${file:s}", "$${",
        "${", "p", "q", "coverage", "2026-01-01", "tags", "50%",
    ]
)  # fmt: skip
SCALARS = TEXTS | st.none() | st.booleans() | st.integers(-1, 3)
ANY = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3), max_leaves=4
)


def either(usual):
    """Mostly what belongs there, sometimes anything."""
    return st.integers(0, 19).flatmap(lambda roll: usual if roll else ANY)


TAGS = either(st.lists(TEXTS, max_size=3))
HEADERS = either(st.dictionaries(st.sampled_from(["X-A", "x-a", "X-B"]), TEXTS | st.none(), max_size=2))
ACCEPT = either(st.lists(st.fixed_dictionaries({"code": TEXTS, "reason": TEXTS, "until": TEXTS}), max_size=1))
LAYER = {"endpoint": TEXTS, "tags": TAGS, "headers": HEADERS, "status": TEXTS, "wildcard": SCALARS, "accept": ACCEPT}
LAYERS = either(st.fixed_dictionaries({}, optional=LAYER))
PROFILES = either(st.dictionaries(st.sampled_from("pq"), LAYERS, max_size=2))
RUNNERS = either(
    st.fixed_dictionaries(
        {"endpoint": st.just("http://r")},
        optional={name: kind for name, kind in LAYER.items() if name != "endpoint"}
        | {
            "id": TEXTS,
            "name": TEXTS,
            "former_name": TEXTS,
            "profiles": either(st.lists(st.sampled_from("pqr"), max_size=3)),
            "unmanaged": either(st.lists(st.sampled_from(["tags", "name"]))),
            "inherit": st.booleans(),
        },
    )
)
MANIFESTS = either(
    st.fixed_dictionaries(
        {"version": st.just(1), "runners": either(st.dictionaries(st.sampled_from(["r", "s"]), RUNNERS, max_size=2))},
        optional={"defaults": LAYERS, "profiles": PROFILES},
    )
)
LEVEL = {
    "vars": either(st.fixed_dictionaries({"v": TEXTS})),
    "defaults": LAYERS,
    "profiles": PROFILES,
    "guard": ANY,
    "coverage": ANY,
    "unmanaged": st.sampled_from(["disable", "report"]),
    "unmanaged_scope": TAGS,
    "public_headers": TAGS,
    "env_allow": TAGS,
}
PROJECTS = either(
    st.fixed_dictionaries(
        {"version": st.just(1)},
        optional=LEVEL
        | {"environments": either(st.fixed_dictionaries({"e": st.fixed_dictionaries({}, optional=LEVEL)}))},
    )
)


@st.composite
def cases(draw):
    """A manifest, a project file and an environment; in a function, or Hypothesis would spell all of the above out."""
    return draw(MANIFESTS), draw(PROJECTS), draw(st.sampled_from([None, "e"]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.booleans())
def test_compiles_or_says_where_not(tmp_path_factory, case, offline):
    """No other exception than ours, and what compiles can be shown and explained."""
    manifest, project, environment = case
    tree = Tree(tmp_path_factory.getbasetemp() / "fuzz")
    tree.environ["RECONCILER_S"] = "s3cr3t-value"
    tree.write(runners__a=json.dumps(manifest), reconciler=json.dumps(project))
    error = desired = None
    try:
        desired = tree.compile(environment=environment, offline=offline, allow_empty=True)
    except ManifestError as exc:
        error = exc
    except UsageProblem:
        return
    if error is not None:
        assert error.problems
        assert all(problem.at.line > 0 and problem.at.file for problem in error.problems)
        assert "s3cr3t" not in str(error)
        return
    assert "s3cr3t" not in str(effective(desired)) or "X-" in json.dumps(project)
    event("compiled")
    for runner in desired.runners:
        explain_runner(tree.project(environment), key=runner.key)
