from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.format.manifest import Layer
from reconciler.manifests.merge.layers import EMPTY, Header, Merged, Source, overlay
from reconciler.manifests.merge.places import Places
from reconciler.manifests.yaml.nodes import Map
from reconciler.model.position import Position
from tests.fakes.manifest_tree import Tree

SOURCE = Source("runner", "layer", "m.yaml", Path(), Map((1, 1)), Layer())


@pytest.fixture
def tree(tmp_path):
    """A working folder."""
    return Tree(tmp_path)


ORDER = """\
    version: 1
    defaults: {tags: [top], status: active, headers: {X-A: top, X-B: top, X-C: top, X-D: top, X-E: top}}
    profiles: {p: {tags: [project-p]}, q: {tags: [q], headers: {X-D: q}, endpoint: "http://q"}}
    environments:
      e: {defaults: {tags: [env], headers: {X-A: env}}}
    public_headers: [X-A, X-B, X-C, X-D, X-E]
    """


def test_order_of_layers(tree):
    """Project defaults, the environment's, the document's, profiles in order (the file's own first), the runner."""
    tree.write(reconciler=ORDER)
    tree.runners(
        """\
        r:
          profiles: [q, p]
          tags: [own, top]
          headers: {x-e: own}
        """,
        defaults="{tags: [doc], headers: {X-B: doc}, status: disabled}",
        profiles="{p: {tags: [p], headers: {X-C: p}}}",
    )
    runner = tree.one(environment="e")
    assert runner.tags == ("top", "env", "doc", "q", "p", "own")
    assert dict(runner.headers) == {"X-A": "env", "X-B": "doc", "X-C": "p", "X-D": "q", "x-e": "own"}
    assert (runner.endpoint, runner.status) == ("http://q", "disabled")


def test_profiles_win_in_their_order(tree):
    """The profile named last wins, and a profile wins over defaults."""
    profiles = "{a: {status: active, endpoint: 'http://a'}, b: {status: disabled, endpoint: 'http://b'}}"
    tree.runners("ab: {profiles: [a, b]}\nba: {profiles: [b, a]}\n", defaults="{status: active}", profiles=profiles)
    ab, ba = tree.compile().runners
    assert (ab.endpoint, ab.status) == ("http://b", "disabled")
    assert (ba.endpoint, ba.status) == ("http://a", "active")


def test_a_profile_named_twice(tree):
    """It counts once, where it was named last."""
    profiles = "{a: {status: active, accept: [{code: coverage, reason: r, until: 2026-01-01}]}, b: {status: disabled}}"
    tree.runners("r: {endpoint: 'http://r', profiles: [a, b, a]}", profiles=profiles)
    runner = tree.one()
    assert runner.status == "active"
    assert len(runner.accept) == 1


def test_profiles_are_the_whole_file_s(tree):
    """A profile of one document serves every document of its file, and no other file."""
    tree.write(
        runners__a="""\
        version: 1
        runners: {a: {profiles: [p], endpoint: "http://a"}}
        ---
        version: 1
        profiles: {p: {tags: [p]}}
        """
    )
    assert tree.one().tags == ("p",)
    tree.runners("b: {profiles: [p], endpoint: 'http://b'}", file="runners__b")
    assert tree.problems() == [
        (
            "runners/b.yaml:3:18: runners.b.profiles[0]: no profile 'p'; "
            "declare it under profiles in this file or in the project file"
        )
    ]


def test_document_defaults_stay_in_their_document(tree):
    """Another document of the same file doesn't inherit them."""
    tree.write(
        runners__a="""\
        version: 1
        defaults: {tags: [x]}
        runners: {a: {endpoint: "http://a"}}
        ---
        version: 1
        runners: {b: {endpoint: "http://b"}}
        """
    )
    assert [runner.tags for runner in tree.compile().runners] == [("x",), None]


def test_a_profile_twice_in_a_file(tree):
    """Two documents of one file can't both declare a profile: which one counts would depend on their order."""
    document = "version: 1\nprofiles: {p: {tags: [x]}}\n"
    tree.write(runners__a=document + "---\n" + document)
    assert tree.problems() == [
        "runners/a.yaml:5:12: profiles.p: already declared at runners/a.yaml:2:12; use another name"
    ]


def test_inherit_false(tree):
    """`inherit: false` leaves all defaults out, the project's too; profiles still count."""
    tree.write(reconciler=ORDER)
    tree.runners(
        "r: {inherit: false, profiles: [p], endpoint: 'http://r'}\ns: {inherit: true, endpoint: 'http://s'}\n",
        defaults="{tags: [doc]}",
    )
    left_out, inherits = tree.compile(environment="e").runners
    assert (left_out.tags, left_out.status, left_out.headers) == (("project-p",), None, None)
    assert inherits.tags == ("top", "env", "doc")


@pytest.mark.parametrize(
    ("own", "tags"),
    [
        ("", ("a", "b")),
        ("tags: []", ()),
        ("tags: [c]", ("a", "b", "c")),
        ("tags: [b, c, a]", ("a", "b", "c")),
        ("profiles: [clear]", ()),
        ("profiles: [clear]\n  tags: [c]", ("c",)),
        ("profiles: [clear, more]", ("m",)),
        ("profiles: [more, clear]", ()),
    ],
)
def test_tags_unite_and_an_empty_list_clears(tree, own, tags):
    """The union in order, each once; an empty list clears what was inherited up to there."""
    tree.runners(
        f"r:\n  endpoint: http://r\n  {own}",
        defaults="{tags: [a, b]}",
        profiles="{clear: {tags: []}, more: {tags: [m]}}",
    )
    assert tree.one().tags == tags


@pytest.mark.parametrize(
    ("own", "headers"),
    [
        ("", {"X-A": "1", "X-B": "2"}),
        ("headers: {}", {}),
        ("headers: {x-a: 3}", {"x-a": "3", "X-B": "2"}),
        ("headers: {X-C: 3}", {"X-A": "1", "X-B": "2", "X-C": "3"}),
        ("headers: {X-A: null}", {"X-B": "2"}),
        ("headers: {x-a: null, X-B: null}", {}),
        ("headers: {X-Nothing: null}", {"X-A": "1", "X-B": "2"}),
        ("profiles: [drop]", {"X-B": "2"}),
        ("profiles: [drop]\n  headers: {X-a: 4}", {"X-B": "2", "X-a": "4"}),
        ("profiles: [clear]\n  headers: {X-C: 5}", {"X-C": "5"}),
    ],
)
def test_headers_merge_without_case(tree, own, headers):
    """By name in any case, the last's value and spelling; null drops; an empty map clears."""
    tree.write(reconciler="version: 1\npublic_headers: [x-a, x-b, x-c]")
    tree.runners(
        f"r:\n  endpoint: http://r\n  {own}".replace(": 1", ": '1'")
        .replace(": 3", ": '3'")
        .replace(": 4", ": '4'")
        .replace(": 5", ": '5'"),
        defaults="{headers: {X-A: '1', X-B: '2'}}",
        profiles="{drop: {headers: {X-A: null}}, clear: {headers: {}}}",
    )
    assert dict(tree.one().headers) == headers


def test_accept_and_wildcard(tree):
    """Acceptances of all layers add up; wildcard is a scalar."""
    accept = "[{{code: {}, reason: 'why ${{var:ticket}}', until: 2026-12-31}}]".format
    tree.runners(
        f"r: {{endpoint: 'http://r', accept: {accept('coverage')}}}\n"
        "s: {endpoint: 'http://s', accept: [], wildcard: false}\n",
        defaults=f"{{wildcard: true, accept: {accept('wildcard-runner')}}}",
    )
    first, second = tree.compile(variables={"ticket": "T-1"}).runners
    assert [(each.code, each.reason, str(each.until)) for each in first.accept] == [
        ("wildcard-runner", "why T-1", "2026-12-31"),
        ("coverage", "why T-1", "2026-12-31"),
    ]
    assert first.wildcard
    assert (second.accept, second.wildcard) == ((), False)


def test_an_anchor_makes_one_mapping_two_layers(tree):
    """A mapping shared by an alias is read for each of its places, and called by them."""
    tree.write(
        runners__a="""\
        version: 1
        defaults: &d {tags: ["${var:x}"]}
        profiles: {p: *d}
        runners: {r: {profiles: [p], endpoint: "http://r"}}
        """
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in tree.problems()] == [
        "defaults.tags[0]",
        "profiles.p.tags[0]",
    ]


TAGS = st.none() | st.lists(st.sampled_from("abcd"), max_size=4, unique=True).map(tuple)
HEADERS = st.none() | st.dictionaries(
    st.sampled_from(["X-A", "x-b", "X-C"]), st.none() | st.sampled_from(["1", "2"]), max_size=3
).map(lambda each: {name.lower(): Header(name, text, (1, 1), SOURCE) for name, text in each.items()})
LAYERS = st.builds(
    Merged,
    endpoint=st.none() | st.sampled_from(["http://a", "http://b"]),
    tags=TAGS,
    headers=HEADERS,
    status=st.none() | st.sampled_from(["active", "disabled"]),
    wildcard=st.none() | st.booleans(),
)


def fields(layer):
    """All that a layer comes to, without places and dropped headers."""
    headers = (
        None
        if layer.headers is None
        else {name: (header.name, header.text) for name, header in layer.headers.items() if header.text is not None}
    )
    return layer.endpoint, layer.tags, headers, layer.status, layer.wildcard


@given(LAYERS)
def test_nothing_is_neutral(layer):
    """A layer over nothing, and nothing over a layer, is the layer."""
    assert fields(overlay(EMPTY, layer)) == fields(layer)
    assert fields(overlay(layer, EMPTY)) == fields(layer)


@given(LAYERS, LAYERS)
def test_above_wins(below, above):
    """What is laid above is wholly there after; laying it there again changes nothing."""
    merged = overlay(below, above)
    for name in ("endpoint", "status", "wildcard"):
        assert getattr(above, name) in (None, getattr(merged, name))
    if above.tags:
        assert set(merged.tags) == {*(below.tags or ()), *above.tags}
    assert fields(overlay(merged, above)) == fields(merged)


@given(LAYERS, LAYERS, LAYERS)
def test_layers_can_be_merged_ahead(below, middle, above):
    """Merging inherited layers first and the runner last is merging them one by one."""
    assert fields(overlay(overlay(below, middle), above)) == fields(
        overlay(overlay(overlay(EMPTY, below), middle), above)
    )


def test_places():
    """A key's place is that of the highest layer that has it."""
    below = Places("a.yaml", {"tags": (1, 2), "status": (3, 4)})
    above = Places("b.yaml", {"tags": (5, 6)}).over(below)
    assert dict(above) == {"tags": Position("b.yaml", 5, 6), "status": Position("a.yaml", 3, 4)}
    assert len(above) == 2
    assert "status" in above
    assert "name" not in above
    assert above.get("name") is None
