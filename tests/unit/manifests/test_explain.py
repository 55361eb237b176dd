from __future__ import annotations

import pytest

from reconciler.errors import ManifestError, UsageProblem
from reconciler.manifests.explain import effective, explain_runner
from tests.fakes.manifest_tree import Tree

ID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
def tree(tmp_path):
    """A working folder."""
    tree = Tree(tmp_path)
    tree.write(
        reconciler="""\
        version: 1
        vars: {zone: eu}
        public_headers: [X-Pool]
        defaults: {tags: [base]}
        profiles: {z: {tags: ["z-${var:zone}"]}}
        environments:
          e: {defaults: {tags: [env, base], headers: {X-Env: secret}}}
        """,
        runners__a=f"""\
        version: 1
        defaults: {{status: active, headers: {{X-Drop: x}}}}
        profiles:
          a100: {{tags: [gpu], headers: {{X-Pool: a100}}}}
          none: {{tags: [], headers: {{}}}}
        runners:
          full:
            id: {ID}
            profiles: [a100, z]
            former_name: Old
            endpoint: http://full
            tags: [own]
            headers:
              Authorization: Bearer ${{env:RECONCILER_T}}
              x-drop: null
            wildcard: true
            unmanaged: [status]
          bare: {{inherit: false, endpoint: "http://bare", name: B}}
          cleared: {{profiles: [none], endpoint: "http://c"}}
          again: {{profiles: [none], endpoint: "http://c", name: A, tags: [gpu]}}
        """,
    )
    return tree


def explained(tree, key, environment="e"):
    """Each origin as one line."""
    origins = explain_runner(tree.project(environment), key=key)
    return [f"{each.field}={each.value} | {each.source} | {each.at}" for each in origins]


def test_every_part_names_its_layer_and_place(tree):
    """Fields, each tag and each header, wherever they come from; secrets stay references."""
    assert explained(tree, "full") == [
        f"id={ID} | runner | runners/a.yaml:8:5",
        "former_name=Old | runner | runners/a.yaml:10:5",
        "name=full | default: the key | runners/a.yaml:7:3",
        "endpoint=http://full | runner | runners/a.yaml:11:5",
        "headers.X-Env=(sensitive) | environments.e.defaults in reconciler.yaml | reconciler.yaml:7:54",
        "headers.X-Pool=a100 | profile a100 | runners/a.yaml:4:41",
        "headers.Authorization=Bearer ${env:RECONCILER_T} | runner | runners/a.yaml:14:22",
        "tags=base | defaults in reconciler.yaml | reconciler.yaml:4:19",
        "tags=env | environments.e.defaults in reconciler.yaml | reconciler.yaml:7:25",
        "tags=gpu | profile a100 | runners/a.yaml:4:17",
        "tags=z-eu | profile z in reconciler.yaml | reconciler.yaml:5:23",
        "tags=own | runner | runners/a.yaml:12:12",
        "wildcard=true | runner | runners/a.yaml:16:5",
        "status=unmanaged (kept) | runner | runners/a.yaml:17:5",
    ]


def test_what_nobody_declares(tree):
    """An unmanaged field says that it is declared nowhere."""
    assert explained(tree, "bare") == [
        "name=B | runner | runners/a.yaml:18:51",
        "endpoint=http://bare | runner | runners/a.yaml:18:26",
        "headers=unmanaged (kept) | declared nowhere | None",
        "tags=unmanaged (kept) | declared nowhere | None",
        "status=unmanaged (kept) | declared nowhere | None",
    ]


def test_what_was_cleared(tree):
    """An empty list or map shows the layer that cleared it; what is declared after it counts."""
    lines = explained(tree, "cleared")
    assert "headers=(none) | profile none | runners/a.yaml:5:20" in lines
    assert "tags=(none) | profile none | runners/a.yaml:5:10" in lines
    assert "status=active | defaults in runners/a.yaml | runners/a.yaml:2:12" in lines
    assert [line for line in explained(tree, "again") if line.startswith("tags")] == [
        "tags=gpu | runner | runners/a.yaml:20:67"
    ]


def test_an_unknown_key(tree):
    """A usage error with the nearest key."""
    with pytest.raises(UsageProblem, match="no runner 'ful' in the manifests; did you mean full\\?"):
        explain_runner(tree.project("e"), key="ful")
    with pytest.raises(UsageProblem, match=r"no runner 'qqqq' in the manifests$"):
        explain_runner(tree.project("e"), key="qqqq")


def test_broken_manifests_are_not_explained(tree):
    """Every problem is told instead."""
    tree.runners("x: {}", file="runners__b")
    with pytest.raises(ManifestError, match=r"runners/b.yaml:3:3: runners.x: endpoint is required"):
        explain_runner(tree.project("e"), key="full")


def test_what_is_explained_is_what_comes_out(tree):
    """The origins of a runner's parts add up to the effective runner."""
    for plain in effective(tree.compile(environment="e", offline=True)):
        origins = explain_runner(tree.project("e"), key=plain["key"])
        found = {each.field: each.value for each in origins}
        tags = [each.value for each in origins if each.field == "tags"]
        assert plain.get("tags", ["unmanaged (kept)"]) == ([] if tags == ["(none)"] else tags)
        assert plain.get("headers", {}) == {
            name.removeprefix("headers."): value for name, value in found.items() if name.startswith("headers.")
        }
        assert (plain["name"], plain["endpoint"]) == (found["name"], found["endpoint"])


def test_an_automatic_status_is_declared(tree):
    """`status: auto` is neither unmanaged nor lost: it comes from its layer, and stays what it says."""
    tree.write(runners__b='version: 1\ndefaults: {status: auto}\nrunners: {b: {endpoint: "http://b"}}\n')
    assert "status=auto | defaults in runners/b.yaml | runners/b.yaml:2:12" in explained(tree, "b")
    plain = effective(tree.compile(environment="e", offline=True))[-1]
    assert (plain["status"], plain["unmanaged"]) == ("auto", [])


def test_effective_data(tree):
    """Plain data: references and `(sensitive)` for secrets, names for what is unmanaged."""
    full, bare, *_ = effective(tree.compile(environment="e", offline=True))
    assert full == {
        "key": "full",
        "file": "runners/a.yaml",
        "line": 7,
        "id": ID,
        "name": "full",
        "former_name": "Old",
        "endpoint": "http://full",
        "tags": ["base", "env", "gpu", "z-eu", "own"],
        "headers": {"X-Env": "(sensitive)", "X-Pool": "a100", "Authorization": "Bearer ${env:RECONCILER_T}"},
        "wildcard": True,
        "unmanaged": ["status"],
    }
    assert bare == {
        "key": "bare",
        "file": "runners/a.yaml",
        "line": 18,
        "name": "B",
        "endpoint": "http://bare",
        "unmanaged": ["headers", "tags", "status"],
    }
