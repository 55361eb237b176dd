"""Compile manifests: what is declared, inherited and left, and every problem of every file."""

from __future__ import annotations

import io

import pytest

from reconciler.errors import ManifestError
from reconciler.manifests.merge.compile import compile_manifests
from reconciler.model.position import Position
from reconciler.model.secret import Secret
from tests.fakes.manifest_tree import Tree

ID = "550e8400-e29b-41d4-a716-446655440000"

OTHER = "550e8400-e29b-41d4-a716-446655440001"


@pytest.fixture
def tree(tmp_path):
    """A working folder."""
    return Tree(tmp_path)


def test_the_contract_s_example(tree):
    """Every key of a manifest comes through."""
    tree.write(reconciler="version: 1\nvars: {domain: example.com}")
    tree.environ["RECONCILER_PROD_TOKEN"] = "t0ken"
    tree.write(
        runners__p=f"""\
        version: 1
        defaults:
          tags: [production]
        profiles:
          a100: {{tags: [gpu-a100], headers: {{X-Pool: a100}}}}
        runners:
          prod-a100-1:
            id: {ID}
            profiles: [a100]
            name: Production GPU Runner
            former_name: GPU Runner
            endpoint: https://comfy-1.${{var:domain}}
            tags: [image-generation]
            headers:
              Authorization: Bearer ${{env:RECONCILER_PROD_TOKEN}}
              X-Pool: null
            status: active
            unmanaged: [status]
            wildcard: true
            accept: [{{code: stranded-tags, reason: moved, until: 2026-12-31}}]
        """
    )
    desired = tree.compile()
    (runner,) = desired.runners
    assert (runner.key, runner.at) == ("prod-a100-1", Position("runners/p.yaml", 7, 3))
    assert (runner.id, runner.name, runner.former_name) == (ID, "Production GPU Runner", "GPU Runner")
    assert runner.endpoint == "https://comfy-1.example.com"
    assert runner.tags == ("production", "gpu-a100", "image-generation")
    assert runner.headers == {"Authorization": Secret("Bearer t0ken")}
    assert (runner.status, runner.unmanaged, runner.wildcard) == (None, {"status"}, True)
    assert [each.code for each in runner.accept] == ["stranded-tags"]
    assert desired.files == ("runners/p.yaml",)
    assert desired.complete
    assert runner.place("endpoint") == Position("runners/p.yaml", 12, 5)
    assert runner.place("tags") == Position("runners/p.yaml", 13, 5)


def test_the_place_of_an_inherited_field(tree):
    """An inherited field stands where it was declared; one that nobody declares, at the runner's key."""
    tree.runners("r: {endpoint: 'http://r'}", defaults="{tags: [a]}")
    runner = tree.one()
    assert runner.place("tags") == Position("runners/a.yaml", 3, 4)
    assert runner.place("status") == runner.at == Position("runners/a.yaml", 5, 3)


def test_what_nobody_declares_is_unmanaged(tree):
    """Tags, headers and status are None then; the name is the key."""
    runner = tree.runners("some-key: {endpoint: 'http://r'}").one()
    assert (runner.name, runner.tags, runner.headers, runner.status) == ("some-key", None, None, None)
    assert [name for name in ("name", "endpoint", "headers", "tags", "status") if runner.owns(name)] == [
        "name", "endpoint"
    ]  # fmt: skip


def test_what_is_declared_empty_is_owned(tree):
    """`tags: []` and `headers: {}` clear: owned, and empty."""
    runner = tree.runners("r: {endpoint: 'http://r', tags: [], headers: {}}").one()
    assert (runner.tags, runner.headers) == ((), {})
    assert runner.owns("tags")
    assert runner.owns("headers")


@pytest.mark.parametrize(
    "own", ["", "tags: [own]\n  status: disabled\n  headers: {X: '${env:RECONCILER_NOT_SET}'}\n  name: N"]
)
def test_what_is_listed_as_unmanaged_is_released(tree, own):
    """Inherited or declared beside it; a released header's secret isn't needed. A create needs name and endpoint."""
    tree.runners(
        f"r:\n  endpoint: http://r\n  unmanaged: [name, endpoint, tags, headers, status]\n  {own}\n",
        defaults="{tags: [a], status: active, headers: {X: y}}",
    )
    runner = tree.one()
    assert (runner.tags, runner.headers, runner.status) == (None, None, None)
    assert (runner.name, runner.endpoint) == ("N" if own else "r", "http://r")
    assert not any(runner.owns(name) for name in ("name", "endpoint", "headers", "tags", "status"))


def test_a_longest_name(tree):
    """100 characters are the most, after expansion."""
    tree.runners("r: {endpoint: 'http://r', name: '${var:v}${var:v}'}")
    assert len(tree.one(variables={"v": "n" * 50}).name) == 100


def test_ten_tags_after_merging(tree):
    """The API takes ten; more, once merged, are told at the runner with where they come from."""
    tree.runners(
        "r: {endpoint: 'http://r', tags: [i, j]}\n"
        "s: {endpoint: 'http://s', tags: [i, j, k]}\n"
        "t: {endpoint: 'http://t', profiles: [p]}\n"
        "u: {endpoint: 'http://u', tags: [i, j, k], unmanaged: [tags]}\n",
        defaults="{tags: [a, b, c, d, e, f, g, h]}",
        profiles="{p: {tags: [x, y, z]}}",
    )
    assert tree.problems() == [
        (
            "runners/a.yaml:8:29: runners.s.tags: 11 tags, 8 of them inherited, the last at runners/a.yaml:3:4; the "
            "API takes at most 10"
        ),
        (
            "runners/a.yaml:9:3: runners.t.tags: 11 tags, 11 of them inherited, the last at runners/a.yaml:5:8; the "
            "API takes at most 10"
        ),
    ]


def test_too_many_tags_in_one_list_are_told_once(tree):
    """A profile with eleven tags is one problem, however many runners use it; variables that make them, too."""
    many = ", ".join("abcdefghij")
    users = "".join(f"r{index}: {{endpoint: 'http://r', profiles: [p]}}\n" for index in range(3))
    tree.runners(users, profiles=f"{{p: {{tags: [{many}, k]}}}}")
    assert tree.problems() == ["runners/a.yaml:3:14: profiles.p.tags: 11 tags, the API takes at most 10"]
    tree.runners(users, profiles=f"{{p: {{tags: [{many}, '${{var:v}}']}}}}")
    assert tree.problems(variables={"v": "k"}) == [
        "runners/a.yaml:3:14: profiles.p.tags: 11 tags, the API takes at most 10"
    ]
    assert len(tree.compile(variables={"v": "a"}).runners[0].tags) == 10


def test_an_endpoint_is_required(tree):
    """Somewhere in what is merged; one that is malformed is told as that alone."""
    tree.runners("a: {}\nb: {profiles: [p]}\nc: {endpoint: 17}\n", profiles="{p: {endpoint: 'http://p'}}")
    lines = tree.problems()
    assert lines[0] == "runners/a.yaml:5:3: runners.a: endpoint is required, here or in what the runner inherits"
    assert len(lines) == 2
    assert lines[1].startswith("runners/a.yaml:7:17: runners.c.endpoint: ")


def test_unique_over_all_files(tree):
    """Keys, ids, and names of entries without id: told at the second, naming the first."""
    tree.runners(
        f"k: {{endpoint: 'http://r'}}\ni: {{endpoint: 'http://r', id: {ID}}}\nn: {{endpoint: 'http://r', name: N}}\n"
    )
    tree.runners(
        "k: {endpoint: 'http://r'}\n"
        f"i2: {{endpoint: 'http://r', id: {ID.upper()}, name: K2}}\n"
        "N: {endpoint: 'http://r'}\n"
        f"n3: {{endpoint: 'http://r', name: N, id: {OTHER}}}\n",
        file="runners__b",
    )
    assert tree.problems() == [
        "runners/b.yaml:3:3: runners.k: this key is already used at runners/a.yaml:3:3; keys are unique over all files",
        (
            f"runners/b.yaml:4:30: runners.i2: the id {ID.upper()} is already that of i at runners/a.yaml:4:3; "
            "two entries can't be one runner"
        ),
        (
            "runners/b.yaml:5:3: runners.N: the name 'N' without an id is already that of n at runners/a.yaml:5:3; "
            "two entries can't be one runner"
        ),
    ]


def test_a_second_use_of_a_key_is_checked_whole(tree):
    """What else is wrong with an entry whose key is taken is reported in the same run."""
    tree.runners("k: {endpoint: 'http://r'}\n")
    tree.runners("k: {headers: {X: '${var:x}'}}\n", file="runners__b")
    assert [problem.split(": ", 2)[1] for problem in tree.problems()] == [
        "runners.k",
        "runners.k",
        "runners.k.headers.X",
    ]


def test_every_problem_of_every_file(tree):
    """One run tells them all, sorted by place; a broken file hides no other."""
    tree.write(
        reconciler="version: 1\nvars: {domain: x}",
        runners__a="version: 1\nrunners: {a: {endpoint: 'http://${var:nope}', tgas: [x], profiles: [none]}}",
        runners__b="version: 1\nrunners: [\n",
        runners__c="version: 1\nrunners: {c: {endpoint: 'http://c', headers: {X: '${env:HOME}', Y: '${file:/s}'}}}",
    )
    lines = tree.problems("runners", "absent")
    assert [line.split(":")[0] for line in lines] == [
        "absent",
        *["runners/a.yaml"] * 3,
        "runners/b.yaml",
        *["runners/c.yaml"] * 2,
    ]


def test_an_unknown_profile_is_told_at_each_use(tree):
    """With the nearest one, or all, and the rest of the runner is still checked."""
    tree.runners(
        "a: {endpoint: 'http://${var:x}', profiles: [a100, a10]}\nb: {endpoint: 'http://b', profiles: [zzz]}\n",
        profiles="{a100: {tags: [x]}, l4: {tags: [y]}}",
    )
    assert tree.problems() == [
        (
            "runners/a.yaml:5:17: runners.a.endpoint: no variable x; none is set: declare it under vars in the project "
            "file, or give --var"
        ),
        "runners/a.yaml:5:53: runners.a.profiles[1]: no profile 'a10'; did you mean a100?",
        "runners/a.yaml:6:40: runners.b.profiles[0]: no profile 'zzz'; known are a100, l4",
    ]


def test_a_bad_layer_is_told_once(tree):
    """A problem in defaults or a profile is one problem, not one a runner."""
    tree.runners(
        "".join(f"r{index}: {{endpoint: 'http://r'}}\n" for index in range(5)),
        defaults="{tags: ['${var:x}'], headers: {X: '${env:HOME}'}}",
    )
    assert len(tree.problems()) == 2


NONE = "the manifests declare no runner; declare one, or adopt the live ones by `reconciler export`"


@pytest.mark.parametrize(
    ("files", "paths", "line"),
    [
        ({}, (), "runners:1:1: there is no such file or folder; give a PATH, or begin with `reconciler init`"),
        ({"runners__a": ""}, (), f"runners:1:1: {NONE}; give --allow-empty if that is meant"),
        (
            {"runners__a": "version: 1\nrunners: {}\n"},
            ("runners/a.yaml",),
            f"runners/a.yaml:1:1: {NONE}; give --allow-empty if that is meant",
        ),
        ({"x__y__a": ""}, ("x/z",), "x/z:1:1: there is no such file or folder"),
        ({"x__.a": ""}, ("x",), "x:1:1: no manifest was found; give --allow-empty if that is meant"),
    ],
)
def test_no_runner_at_all(tree, files, paths, line):
    """A mistyped path or an empty checkout must not look like "everything is fine"."""
    assert tree.write(**files).problems(*paths) == [line]


def test_no_runner_may_be_meant(tree):
    """--allow-empty says so; a path that isn't there is still an error."""
    tree.write(runners__a="version: 1\n")
    assert tree.compile(allow_empty=True).runners == ()
    assert tree.problems("absent", allow_empty=True) == ["absent:1:1: there is no such file or folder"]


def test_stdin_without_a_runner_is_told_as_stdin(tree):
    """What `-` stands for is called the same in every message."""
    with pytest.raises(ManifestError, match=r"^<stdin>:1:1: "):
        tree.compile("-", stdin=lambda: b"")


def test_stdin(tree, monkeypatch):
    """`-` is stdin; its file references start at the working folder."""
    tree.write(secret="v")
    text = b"version: 1\nrunners: {r: {endpoint: 'http://r', headers: {X: '${file:secret.yaml}'}}}"
    desired = tree.compile("-", stdin=lambda: text)
    assert desired.files == ("<stdin>",)
    assert desired.runners[0].headers == {"X": Secret("v")}
    assert desired.runners[0].at == Position("<stdin>", 2, 11)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert tree.compile("-").runners == desired.runners


def test_only_a_path_means_stdin(tree):
    """A project file that lists `-` can't make a run wait for input: it is a file of that name."""
    tree.write(reconciler="version: 1\nmanifests: ['-']")
    assert tree.problems() == ["./-:1:1: there is no such file or folder"]


def test_any_tree_of_files(tree):
    """What a git revision held is compiled without touching the disk."""

    class Held:
        def find(self, path, _problems):
            return ["runners/old.yaml", "runners/notes.md"] if path == "runners" else None

        def read(self, path):
            assert path == "runners/old.yaml"
            return b"version: 1\nrunners: {old: {endpoint: 'http://old'}}"

        def identity(self, path):
            return path

    desired = compile_manifests(tree.project(), secrets=None, files=Held())
    assert [(runner.key, runner.at.file) for runner in desired.runners] == [("old", "runners/old.yaml")]


def test_input_order_is_kept(tree):
    """Runners come in the order in which they are declared, files in the order in which they are read."""
    tree.runners("z: {endpoint: 'http://z'}\na: {endpoint: 'http://a'}\n", file="runners__2")
    tree.runners("m: {endpoint: 'http://m'}", file="runners__1")
    assert [runner.key for runner in tree.compile().runners] == ["m", "z", "a"]


DIGESTED = "r: {{endpoint: 'http://r', tags: [a, b], headers: {{X: {header}}}{more}}}"


@pytest.mark.parametrize(
    ("header", "more", "same"),
    [
        ("literal", "", True),
        ("other-literal", "", True),
        ("'${env:RECONCILER_X}'", "", False),
        ("literal", ", status: active", False),
        ("literal", ", unmanaged: [status]", False),
        ("literal", ", wildcard: true", False),
        ("literal", ", name: r", True),
        ("literal", ", former_name: x", False),
        ("literal", f", id: {ID}", False),
        ("literal", ", accept: [{code: coverage, reason: x, until: 2026-01-01}]", False),
    ],
)
def test_digest(tree, header, more, same):
    """It tells effective manifests apart by everything but the text of a secret, which it must not give away."""
    first = tree.runners(DIGESTED.format(header="literal", more="")).compile(offline=True).digest
    second = tree.runners(DIGESTED.format(header=header, more=more)).compile(offline=True).digest
    assert (first == second) is same
    assert len(first) == 64


def test_digest_is_that_of_what_comes_out(tree):
    """Files, places, order of runners and where secrets come from right now don't count."""
    tree.runners("a: {endpoint: 'http://a'}\nb: {endpoint: 'http://b', headers: {X: '${env:RECONCILER_X}'}}\n")
    first = tree.compile(offline=True).digest
    tree.environ["RECONCILER_X"] = "v"
    assert tree.compile().digest == first
    (tree.root / "runners/a.yaml").unlink()
    tree.runners("a: {}", file="runners__z", defaults="{endpoint: 'http://a'}")
    tree.runners("b: {endpoint: 'http://${var:b}', headers: {X: '${env:RECONCILER_X}'}}", file="runners__y")
    assert tree.compile(variables={"b": "b"}).digest == first


def test_malformed_entries_are_passed_over(tree):
    """What is of a wrong type was told when the document was checked; nothing after it stumbles."""
    tree.write(
        runners__a="""\
        version: 1
        defaults: [x]
        profiles: {p: 1, q: [x]}
        runners:
          a: null
          b: [x]
          c: {endpoint: [x], tags: {a: b}, headers: [x], status: [y], name: {}, id: [1], profiles: {p: q}}
          d: {endpoint: "http://d", tags: [1, [x]], headers: {X: [1], Y: 3}, profiles: [1, p, q], unmanaged: x}
          f: {endpoint: "http://f", inherit: 3, accept: [1, {code: 1}]}
          e: {endpoint: "http://e", unmanaged: [[x]], accept: [{code: coverage, reason: [x], until: [x]}], wildcard: x}
        """,
        runners__b="version: 1\nrunners: [a]\nprofiles: x\n",
    )
    assert len(tree.problems()) > 20
