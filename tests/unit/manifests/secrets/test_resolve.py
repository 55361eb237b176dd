from __future__ import annotations

import pytest

from reconciler.manifests.secrets.allowed import ProcessSecrets
from reconciler.model.secret import Secret, Unresolved
from tests.fakes.manifest_tree import Tree


@pytest.fixture
def tree(tmp_path):
    """A working folder."""
    tree = Tree(tmp_path)
    tree.environ |= {
        "RECONCILER_A": "alpha",
        "RECONCILER_EMPTY": "",
        "RECONCILER_MARK": "${var:v}$${",
        "RECONCILER_NL": "a\nb",
    }
    (tmp_path / "secret").write_text("from-file\n")
    return tree


def header(tree, text, *, project="{}", **options):
    """One header's value in a manifest that sets nothing else, and the whole."""
    if project != "{}":
        tree.write(reconciler=f"version: 1\n{project}")
    tree.runners(f"r: {{endpoint: 'http://r', headers: {{X-H: '{text}'}}}}")
    desired = tree.compile(**options)
    return desired.runners[0].headers["X-H"], desired.complete


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        ("literal", "literal"),
        ("Bearer ${env:RECONCILER_A}", "Bearer alpha"),
        ("${file:../secret}", "from-file"),
        ("${var:v}-${env:RECONCILER_A}${file:../secret}", "0123-alphafrom-file"),
        ("$${env:RECONCILER_A}", "${env:RECONCILER_A}"),
        ("${env:RECONCILER_MARK}", "${var:v}$${"),
        ("0123", "0123"),
    ],
)
def test_values_are_secret(tree, text, value):
    """Whatever its source, a header's value is a secret, expanded once, and stays text."""
    assert header(tree, text, variables={"v": "0123"}) == (Secret(value), True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("literal", "literal"), ("a ${var:v} b", "a 0123 b"), ("${var:v}", "0123"), ("$${env:X}", "${env:X}"), ("", "")],
)
def test_public_values_are_plain(tree, text, value):
    """A header that the project file lists as public, in any case, is plain text."""
    found, _ = header(tree, text, project="public_headers: [x-h]", variables={"v": "0123"})
    assert isinstance(found, str)
    assert found == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("${env:RECONCILER_A}", "${env:RECONCILER_A}"),
        ("Bearer ${env:RECONCILER_A}", "Bearer ${env:RECONCILER_A}"),
        ("basic ${file:../secret}", "basic ${file:../secret}"),
        ("ApiKey ${env:RECONCILER_A}x", "ApiKey ${env:RECONCILER_A}(sensitive)"),
        ("Token${env:RECONCILER_A}", "(sensitive)${env:RECONCILER_A}"),
        ("pa55-${env:RECONCILER_A}-w0rd", "(sensitive)${env:RECONCILER_A}(sensitive)"),
        ("Bearer pa55${env:RECONCILER_A}", "(sensitive)${env:RECONCILER_A}"),
        ("${env:RECONCILER_A}Bearer ", "${env:RECONCILER_A}(sensitive)"),
        ("${var:v}${env:RECONCILER_A}", "${var:v}${env:RECONCILER_A}"),
        ("$${x} ${env:RECONCILER_A}", "(sensitive)${env:RECONCILER_A}"),
    ],
)
def test_offline_shows_references_only(tree, text, shown):
    """Offline a reference stays a reference; literal pieces beside it may be half a secret, but for a scheme's word."""
    assert header(tree, text, offline=True, variables={"v": "1"}) == (Unresolved(shown), False)


def test_offline_what_is_known_is_known(tree):
    """A value without a secret's reference needs no source."""
    assert header(tree, "a-${var:v}", offline=True, variables={"v": "1"}) == (Secret("a-1"), True)


PUBLIC = (
    "the project file lists this header under public_headers, and its value is shown; take it off that list, or write "
    "text and ${var:NAME} only"
)


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("reference", ["${env:RECONCILER_A}", "${file:../secret}", "${env:UNKNOWN}", "${file:/absent}"])
@pytest.mark.parametrize("text", ["{}", "a {} b", "${{var:v}}{}"])
def test_a_public_header_holds_no_secret(tree, text, reference, offline):
    """A reference to a secret in it is an error, online and offline: no list of public headers can print a secret."""
    tree.write(reconciler="version: 1\npublic_headers: [x-h]")
    tree.runners(f"r: {{endpoint: 'http://r', headers: {{X-H: '{text.format(reference)}'}}}}")
    assert tree.problems(offline=offline, variables={"v": "1"}) == [
        f"runners/a.yaml:3:44: runners.r.headers.X-H: {reference}: {PUBLIC}"
    ]


def test_a_public_header_holds_no_secret_whatever_it_is_inherited_from(tree):
    """The layer that declares it is where the error is; a runner that drops the header has no part in it."""
    tree.write(reconciler="version: 1\npublic_headers: [X-H]\ndefaults: {headers: {x-h: '${env:RECONCILER_A}'}}")
    tree.runners("r: {endpoint: 'http://r'}\ns: {endpoint: 'http://s', headers: {X-H: null}}\n")
    assert tree.problems() == [f"reconciler.yaml:3:27: defaults.headers.x-h: ${{env:RECONCILER_A}}: {PUBLIC}"]


def test_a_public_value_that_can_t_be_sent(tree):
    """A variable can't smuggle a line break into a header."""
    tree.write(reconciler="version: 1\npublic_headers: [X-H]")
    tree.runners("r: {endpoint: 'http://r', headers: {X-H: '${var:v}'}}")
    (problem,) = tree.problems(variables={"v": "a\nb"})
    assert "the value of ${var:v} holds a control character" in problem


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("${env:RECONCILER_B}", "is not set in the environment"),
        ("${env:RECONCILER_EMPTY}", "is set but empty"),
        ("${file:absent}", "names a file that is not there"),
        ("${file:empty}", "names an empty file"),
    ],
)
def test_what_is_missing(tree, reference, message):
    """A missing or empty secret is an error, never an empty header; unless unknown is allowed."""
    (tree.root / "runners").mkdir()
    (tree.root / "runners/empty").write_text("\n")
    tree.runners(f"r: {{endpoint: 'http://r', headers: {{X-H: 'Bearer {reference}'}}}}")
    assert tree.problems() == [f"runners/a.yaml:3:44: runners.r.headers.X-H: {reference} {message}"]
    desired = tree.compile(allow_unresolved=True)
    assert desired.runners[0].headers == {"X-H": Unresolved(f"Bearer {reference}")}
    assert not desired.complete


@pytest.mark.parametrize("text", ["${env:RECONCILER_NL}", "x ${env:RECONCILER_NL} ${env:RECONCILER_NOT_SET}"])
def test_control_characters_are_refused_unseen(tree, text):
    """A value with a line break could forge a header; the message doesn't repeat it."""
    tree.runners(f"r: {{endpoint: 'http://r', headers: {{X-H: '{text}'}}}}")
    (line,) = tree.problems(allow_unresolved=True)
    assert "holds a control character" in line
    assert "a\nb" not in line


def test_unresolved_is_for_what_is_missing_only(tree):
    """--allow-unresolved doesn't let through what may not be named or can't be a secret."""
    (tree.root / "runners").mkdir()
    (tree.root / "runners/bad").write_bytes(b"\xff")
    tree.runners(
        "r: {endpoint: 'http://r', headers: {A: '${env:HOME}', B: '${file:/etc/x}', C: '${file:bad}', D: '${var:x}'}}"
    )
    assert [line.partition("headers.")[2][0] for line in tree.problems(allow_unresolved=True)] == ["A", "B", "C", "D"]


def test_file_references_start_at_the_file_that_names_them(tree):
    """The project file's defaults, and each manifest, have their own folder."""
    for folder in ("", "runners", "runners/sub"):
        (tree.root / folder).mkdir(exist_ok=True)
        (tree.root / folder / "s").write_text(f"in {folder or 'top'}")
    tree.write(reconciler="version: 1\ndefaults: {headers: {P: '${file:s}'}}")
    tree.runners("a: {endpoint: 'http://a', headers: {M: '${file:s}'}}")
    tree.runners("b: {endpoint: 'http://b', headers: {M: '${file:s}'}}", file="runners__sub__b")
    assert {runner.key: runner.headers for runner in tree.compile().runners} == {
        "a": {"P": Secret("in top"), "M": Secret("in runners")},
        "b": {"P": Secret("in top"), "M": Secret("in runners/sub")},
    }


def test_each_text_is_resolved_once(tree):
    """Ten thousand runners with one token read it once; a problem is still told at each place."""
    asked = []

    class Counting(ProcessSecrets):
        def env(self, name):
            asked.append(name)
            return Secret("v") if name == "RECONCILER_A" else None

    from tests.fakes.manifest_tree import compile_manifests

    tree.runners(
        "".join(f"r{n}: {{endpoint: 'http://r', headers: {{X: '${{env:RECONCILER_A}}'}}}}\n" for n in range(9))
    )
    compile_manifests(tree.project(), secrets=Counting({}))
    assert asked == ["RECONCILER_A"]
    tree.runners(
        "".join(f"r{n}: {{endpoint: 'http://r', headers: {{X: '${{env:RECONCILER_B}}'}}}}\n" for n in range(9))
    )
    assert len(tree.problems()) == 9


@pytest.mark.parametrize(
    ("text", "public"),
    [
        *[("${env:RECONCILER_A}", False), ("${file:s}", False), ("Bearer ${env:RECONCILER_A}", False)],
        *[("${var:a}", False), ("${var:a}", True)],
    ],
)
def test_a_redacted_value_is_refused(tree, text, public):
    """`(sensitive)` is what outputs show in place of a value: by whichever way it comes, it is not sent."""
    tree.environ["RECONCILER_A"] = "(sensitive)"
    (tree.root / "runners").mkdir()
    (tree.root / "runners" / "s").write_text("x(sensitive)\n")
    public_headers = "[X]" if public else "[]"
    tree.write(reconciler=f"version: 1\npublic_headers: {public_headers}\nvars: {{a: (sensitive)}}\n")
    tree.runners(f"r: {{endpoint: 'http://r', headers: {{X: '{text}'}}}}")
    (problem,) = tree.problems()
    assert "runners.r.headers.X: " in problem
    assert "(sensitive)" in problem
