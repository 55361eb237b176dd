from __future__ import annotations

import pytest

from reconciler.errors import ManifestError, UsageProblem
from reconciler.manifests.project import BrokenProject
from reconciler.model.health import HealthPolicy
from reconciler.model.policy import Guard, Limit, Promise
from reconciler.model.position import Position
from reconciler.model.watching import Mode, Watching
from tests.fakes.manifest_tree import Tree

FULL = """\
    version: 1
    manifests: [runners, more]
    vars: {domain: example.com, zone: a}
    env_allow: ["CI_*"]
    file_allow: [/run/secrets]
    public_headers: [X-Pool]
    unmanaged: ignore
    unmanaged_scope: ["prod-*"]
    guard:
      max_disables: 1
      max_changes: 50%
      max_creates: 5
      endpoint_hosts: ["*.example.com"]
      two_phase: false
      severity: {stranded-tags: error, coverage: off}
    coverage:
      - {tags: [production, production, sdxl], min_active: 2}
    health: {path: /up, interval: 10, unhealthy_after: 5}
    watch: {interval: 30, suspend: true}
    profiles:
      a: {tags: [top-a]}
      b: {tags: [top-b]}
    defaults: {tags: [top]}
    environments:
      staging:
        manifests: [staging]
        token_env: COMFYCONTROL_STAGING_TOKEN
        vars: {domain: staging.example.com}
        env_allow: []
        public_headers: [X-Zone]
        profiles: {a: {tags: [staging-a]}}
        defaults: {tags: [staging]}
        guard: {max_disables: 0, two_phase: true, severity: {coverage: info}}
        coverage: []
        health: {timeout: 0.5, unhealthy_after: 1}
        watch: {mode: apply, suspend: false}
      production: {token_env: COMFYCONTROL_PROD_TOKEN}
    """


@pytest.fixture
def tree(tmp_path):
    """A working folder."""
    return Tree(tmp_path)


def test_defaults_without_a_file(tree):
    """Without a project file: runners/, no variable but those given, nothing limited, unmanaged runners reported."""
    project = tree.project(variables={"a": "1"})
    assert (project.file, project.folder, project.manifests) == (None, tree.root, ("runners",))
    assert (project.environment, project.environments, project.needs_environment) == (None, (), False)
    assert (project.vars, project.guard, project.promises) == ({"a": "1"}, Guard(), ())
    assert (project.unmanaged, project.unmanaged_scope) == ("report", ())
    assert (project.token_env, project.token_variables, project.public_headers) == (None, frozenset(), frozenset())


def test_top_level(tree):
    """Every key of the top level, and that an environment has to be picked."""
    project = tree.write(reconciler=FULL).project()
    assert project.needs_environment
    assert project.environments == ("staging", "production")
    assert project.file == "reconciler.yaml"
    assert project.manifests == ("runners", "more")
    assert project.vars == {"domain": "example.com", "zone": "a"}
    assert project.env_allow == ("CI_*",)
    assert project.secret_roots == (tree.root, tree.root / "/run/secrets")
    assert project.public_headers == {"x-pool"}
    assert (project.unmanaged, project.unmanaged_scope) == ("ignore", ("prod-*",))
    assert project.token_env is None
    assert project.guard == Guard(
        max_disables=Limit(1),
        max_changes=Limit(50, percent=True),
        max_creates=Limit(5),
        endpoint_hosts=("*.example.com",),
        two_phase=False,
        severity={"stranded-tags": "error", "coverage": "off"},
    )
    assert project.promises == (Promise(("production", "sdxl"), 2, Position("reconciler.yaml", 17, 5)),)
    assert {name: path for name, (path, _) in project.profiles.items()} == {"a": "profiles.a", "b": "profiles.b"}


def test_environment_over_top_level(tree):
    """vars, profiles, guard and guard.severity merge by key; lists and scalars replace, also by an empty list."""
    project = tree.write(reconciler=FULL).project("staging", {"zone": "c"})
    assert not project.needs_environment
    assert project.manifests == ("staging",)
    assert project.token_env == "COMFYCONTROL_STAGING_TOKEN"
    assert project.vars == {"domain": "staging.example.com", "zone": "c"}
    assert project.env_allow == ()
    assert project.file_allow == ("/run/secrets",)
    assert project.public_headers == {"x-zone"}
    assert project.promises == ()
    assert project.guard == Guard(
        max_disables=Limit(0),
        max_changes=Limit(50, percent=True),
        max_creates=Limit(5),
        endpoint_hosts=("*.example.com",),
        two_phase=True,
        severity={"stranded-tags": "error", "coverage": "info"},
    )
    assert {name: path for name, (path, _) in project.profiles.items()} == {
        "a": "environments.staging.profiles.a",
        "b": "profiles.b",
    }
    assert [path for path, _ in project.defaults] == ["defaults", "environments.staging.defaults"]


def test_an_environment_may_add_nothing(tree):
    """What an environment doesn't declare is the top level's."""
    top, production = tree.write(reconciler=FULL).project(), tree.project("production")
    assert (top.guard, top.vars, top.manifests) == (production.guard, production.vars, production.manifests)


def test_token_variables_are_those_of_every_environment(tree):
    """A manifest of one environment can't read another's token either."""
    project = tree.write(reconciler=FULL).project("production")
    assert project.token_variables == {"COMFYCONTROL_STAGING_TOKEN", "COMFYCONTROL_PROD_TOKEN"}


def test_variables_given_beat_all(tree):
    """--var beats the environment, which beats the top level."""
    tree.write(reconciler=FULL)
    assert tree.project("staging").vars["domain"] == "staging.example.com"
    assert tree.project("staging", {"domain": "x"}).vars["domain"] == "x"


@pytest.mark.parametrize("name", ["", "a-b", "1", "a b", "é"])
def test_variable_names(tree, name):
    """A name that no reference could have is a usage error."""
    with pytest.raises(UsageProblem, match="--var"):
        tree.project(variables={name: "x"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FULL, "no environment 'stagin' in reconciler.yaml, which declares staging, production; did you mean staging?"),
        ("version: 1", "no environment 'stagin': reconciler.yaml declares none"),
        (None, "no environment 'stagin': there is no project file that could declare it"),
    ],
)
def test_an_unknown_environment(tree, text, message):
    """An environment that is not declared is a usage error that lists those that are."""
    if text:
        tree.write(reconciler=text)
    with pytest.raises(UsageProblem) as caught:
        tree.project("stagin")
    assert str(caught.value) == message


def test_a_named_project_file(tree):
    """--project's folder is where its paths start; other files of the working folder don't count."""
    tree.write(reconciler="version: 9", sub__ours="version: 1\nmanifests: [../r]", r__a="version: 1\nrunners: {}")
    project = tree.project(path="sub/ours.yaml")
    assert (project.file, project.folder) == ("sub/ours.yaml", tree.root / "sub")
    (tree.root / "r/a.yaml").write_text("version: 1\nrunners: {k: {endpoint: 'http://h'}}")
    from reconciler.manifests.merge.compile import compile_manifests

    assert compile_manifests(project, secrets=None).files == ("r/a.yaml",)


@pytest.mark.parametrize("path", ["absent.yaml", "folder"])
def test_a_named_project_file_must_exist(tree, path):
    """--project is never silently ignored."""
    (tree.root / "folder").mkdir()
    with pytest.raises(ManifestError, match=f"{path}:1:1: there is no such project file"):
        tree.project(path=path)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["reconciler.yaml:1:1: the project file is empty; it starts with `version: 1`"]),
        ("version: 1\n---\nversion: 1", ["reconciler.yaml:3:1: a project file is one YAML document; remove this one"]),
        (
            "version: 1\nunmanaged: disable",
            ["reconciler.yaml:2:1: unmanaged: disable needs unmanaged_scope, globs of the names that may be disabled"],
        ),
        (
            "version: 1\nunmanaged: disable\nunmanaged_scope: prod-*",
            ["reconciler.yaml:3:18: unmanaged_scope: must be a list; this is text"],
        ),
        (
            "version: 1\nunmanaged: disable\nunmanaged_scope: []",
            ["reconciler.yaml:2:1: unmanaged: disable needs unmanaged_scope, globs of the names that may be disabled"],
        ),
        (
            "version: 1\nprofiles: {a: {tags: ['${x']}}\nenvironments: {e: {defaults: {headers: {X: '${y}'}}}}",
            [
                "reconciler.yaml:2:23: profiles.a.tags[0]: a ${ without its }; write $${ for a literal ${",
                (
                    "reconciler.yaml:3:44: environments.e.defaults.headers.X: this ${…} is no reference; use "
                    "${env:NAME}, ${file:PATH} or ${var:NAME}, or $${ for a literal ${"
                ),
            ],
        ),
    ],
)
def test_problems(tree, text, lines):
    """Every problem of the file at its place; what could be read comes along, to find more problems with."""
    tree.write(reconciler=text)
    with pytest.raises(BrokenProject) as caught:
        tree.project()
    assert str(caught.value).splitlines() == lines
    assert caught.value.project.file == "reconciler.yaml"


def test_disable_needs_a_scope_in_the_environment_picked(tree):
    """Scope and policy may stand on different levels; each environment is judged as it comes out."""
    tree.write(
        reconciler="""\
        version: 1
        unmanaged: disable
        environments:
          good: {unmanaged_scope: ["x-*"]}
          bad: {}
        """
    )
    assert tree.project().needs_environment
    assert tree.project("good").unmanaged_scope == ("x-*",)
    with pytest.raises(BrokenProject, match=r"reconciler.yaml:2:1: unmanaged: disable needs unmanaged_scope"):
        tree.project("bad")


@pytest.mark.parametrize(
    ("guard", "limit"),
    [("{}", Limit(1)), ("{max_disables: 0}", Limit(0)), ("{max_disables: 10%}", Limit(10, percent=True))],
)
def test_disable_allows_one_unless_set(tree, guard, limit):
    """`unmanaged: disable` brings a limit of its own: one disable, unless the guard says another."""
    tree.write(reconciler=f"version: 1\nunmanaged: disable\nunmanaged_scope: ['*']\nguard: {guard}")
    assert tree.project().guard.max_disables == limit


def test_a_malformed_file_is_read_as_far_as_it_goes(tree):
    """Values of a wrong type are problems, never a crash."""
    tree.write(
        reconciler="""\
        version: 1
        manifests: runners
        vars: [a]
        env_allow: {a: b}
        public_headers: [1]
        unmanaged: [x]
        profiles: {a: 1}
        defaults: 3
        guard: {max_disables: x%, max_changes: true, endpoint_hosts: a, severity: {coverage: 1}, two_phase: maybe}
        coverage: [1, {tags: x, min_active: many}]
        environments: {e: null, f: [1]}
        """
    )
    for environment in (None, "e", "f"):
        with pytest.raises(BrokenProject):
            tree.project(environment)
    tree.write(reconciler="version: 1\nguard: [1]\ncoverage: 1\nenvironments: [a]\n")
    with pytest.raises(BrokenProject):
        tree.project()


def test_unreadable(tree):
    """A project file that can't be read is an error, not a missing one."""
    from tests.fakes.manifest_tree import load_project

    class Broken:
        def find(self, path, _problems):
            return [path] if path == "reconciler.yaml" else None

        def read(self, _path):
            raise PermissionError(13, "Permission denied")

    with pytest.raises(ManifestError, match=r"reconciler.yaml:1:1: can't be read: Permission denied"):
        load_project(None, cwd=tree.root, files=Broken())


def test_health_merges_by_key(tree):
    """`health` of an environment is laid over the top level's key by key, over what it is without it."""
    tree.write(reconciler=FULL)
    assert tree.project().health == HealthPolicy(path="/up", interval_s=10, unhealthy_after=5)
    staging = HealthPolicy(path="/up", interval_s=10, timeout_s=0.5, unhealthy_after=1)
    assert tree.project(environment="staging").health == staging
    tree.write(reconciler="version: 1\n")
    assert tree.project().health == HealthPolicy("/system_stats", 30, 5, 3, 2)


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        ("path: /a/b-c_d~1", None),
        ("path: /", None),
        ("path: ''", "no path"),
        ("path: system_stats", "no path"),
        ("path: //evil.example.com", "no path"),
        ("path: /a?b", "no path"),
        ("path: /a b", "no path"),
        ("path: /a/../b", "dot segments"),
        ("path: '/${var:x}'", "not expanded"),
        ("interval: 0.1", None),
        ("interval: 0.09", "0.1 to 86400"),
        ("interval: 86400", None),
        ("interval: 86401", "0.1 to 86400"),
        ("timeout: .inf", "0.1 to 86400"),
        ("timeout: .nan", "0.1 to 86400"),
        ("timeout: '5'", "number of seconds"),
        ("unhealthy_after: 1", None),
        ("unhealthy_after: 0", "1 to 100"),
        ("healthy_after: 100", None),
        ("healthy_after: 101", "1 to 100"),
        ("healthy_after: 1.5", "whole number"),
    ],
)
def test_health_has_bounds(tree, declared, wrong):
    """Each key says what it takes."""
    tree.write(reconciler=f"version: 1\nhealth: {{{declared}}}\n")
    if wrong is None:
        tree.project()
    else:
        with pytest.raises(BrokenProject, match=wrong):
            tree.project()


def test_watch_merges_by_key(tree):
    """`watch` of an environment is laid over the top level's key by key; without it, every minute and a report."""
    tree.write(reconciler=FULL)
    assert tree.project().watching == Watching(interval_s=30, mode=Mode.REPORT, suspend=True)
    assert tree.project(environment="staging").watching == Watching(interval_s=30, mode=Mode.APPLY, suspend=False)
    tree.write(reconciler="version: 1\n")
    assert tree.project().watching == Watching(interval_s=60, mode=Mode.REPORT, suspend=False)


@pytest.mark.parametrize(
    ("interval", "good"), [("0", False), ("1", True), ("86400", True), ("86401", False), ("x", False)]
)
def test_an_interval_has_bounds(tree, interval, good):
    """One second to a day."""
    tree.write(reconciler=f"version: 1\nwatch: {{interval: {interval}}}\n")
    if good:
        assert tree.project().watching.interval_s == int(interval)
    else:
        with pytest.raises(BrokenProject, match="seconds"):
            tree.project()
