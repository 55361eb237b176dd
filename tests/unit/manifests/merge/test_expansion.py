"""What variables and secrets expand to is checked as if it were written out."""

from __future__ import annotations

import datetime as dt

import pytest

from reconciler.model.secret import Secret
from tests.fakes.manifest_tree import Tree

ID = "550e8400-e29b-41d4-a716-446655440000"
BAD_KEY = "a key has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit"
NO_PROFILE = "no profile 'none'; declare it under profiles in this file or in the project file"
UNSENDABLE = "the value of ${var:v} holds a control character, such as a line break, or is not UTF-8"


@pytest.fixture
def tree(tmp_path):
    """A working folder."""
    return Tree(tmp_path)


def test_variables_everywhere(tree):
    """Every string of a runner takes variables, and stays text: `0123` is no number."""
    tree.write(reconciler=f"version: 1\nvars: {{n: '0123', id: {ID}, s: disabled}}")
    tree.runners(
        """\
        r:
          id: ${var:id}
          name: Runner ${var:n}
          former_name: Old ${var:n} $${x}
          endpoint: http://h${var:n}:81
          tags: ["${var:n}", "t-${var:n}", "0123"]
          status: ${var:s}
          headers: {X: "${var:n}"}
        """
    )
    runner = tree.one()
    assert (runner.id, runner.name, runner.former_name) == (ID, "Runner 0123", "Old 0123 ${x}")
    assert (runner.endpoint, runner.tags, runner.status) == ("http://h0123:81", ("0123", "t-0123"), "disabled")
    assert runner.headers == {"X": Secret("0123")}


def test_variables_in_words(tree):
    """Names of profiles and fields, finding codes, reasons and days take variables too."""
    tree.write(
        reconciler="version: 1\nvars: {gpu: a100, f: status, c: coverage, w: moved, d: '2026-12-31', x: '${var:gpu}'}"
    )
    tree.runners(
        """\
        r:
          endpoint: http://r
          name: ${var:x}
          profiles: ["${var:gpu}", "l${var:four}"]
          unmanaged: ["${var:f}"]
          status: active
          accept: [{code: "${var:c}", reason: "${var:w}", until: "${var:d}"}]
        """,
        profiles="{a100: {tags: [big]}, l4: {tags: [small]}}",
    )
    runner = tree.one(variables={"four": "4"})
    assert (runner.name, runner.tags, runner.unmanaged) == ("${var:gpu}", ("big", "small"), {"status"})
    (accepted,) = runner.accept
    assert (accepted.code, accepted.reason, accepted.until) == ("coverage", "moved", dt.date(2026, 12, 31))


@pytest.mark.parametrize(
    ("acceptance", "problem"),
    [
        (
            'code: "${var:v}", reason: x, until: 2026-12-31',
            "5:21: runners.r.accept[0].code: 'v' is unknown; known are ",
        ),
        ('code: coverage, reason: x, until: "${var:v}"', "5:49: runners.r.accept[0].until: 'v' is no calendar day, "),
        (
            'code: coverage, reason: x, until: "${env:V}"',
            "5:49: runners.r.accept[0].until: ${env:V}: only header values",
        ),
    ],
)
def test_an_expanded_acceptance_is_checked(tree, acceptance, problem):
    """A code must be a finding's, a day a day, and neither may hold a secret."""
    tree.runners(f"r:\n  endpoint: http://r\n  accept: [{{{acceptance}}}]")
    (line,) = tree.problems(variables={"v": "v"})
    assert line.startswith(f"runners/a.yaml:{problem}")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "name: a name must not be empty"),
        ("name", "n" * 101, "name: 101 characters, a name may have at most 100"),
        ("former_name", "", "former_name: a name must not be empty"),
        ("id", "17", "id: '17' is no UUID, such as 550e8400-e29b-41d4-a716-446655440000"),
        ("status", "on", "status: must be one of active, disabled, auto; not 'on'"),
        ("tags", "", "tags[0]: a tag must not be empty"),
        ("tags", "a\tb", "tags[0]: holds a control character (U+0009); take it out"),
        ("tags", "a\udcff", "tags[0]: is not UTF-8"),
        ("headers", "a\nb", f"headers.X: {UNSENDABLE}"),
        ("headers", "a\udcff", f"headers.X: {UNSENDABLE}"),
        ("profiles", "a b", f"profiles[0]: {BAD_KEY}"),
        ("profiles", "none", f"profiles[0]: {NO_PROFILE}"),
        ("unmanaged", "id", "unmanaged[0]: must be one of name, endpoint, headers, tags, status; not 'id'"),
    ],
)
def test_what_an_expansion_makes_is_checked(tree, field, value, message):
    """A variable can't smuggle in what the manifest may not say."""
    lists = dict.fromkeys(("tags", "profiles", "unmanaged"), '["${var:v}"]')
    text = {**lists, "headers": '{X: "${var:v}"}'}.get(field, '"${var:v}"')
    endpoint = "endpoint: http://r"
    tree.runners(f"r:\n  {endpoint}\n  {field}: {text}")
    column = 6 + len(field) + 1 + {**dict.fromkeys(lists, 1), "headers": 4}.get(field, 0)
    assert tree.problems(variables={"v": value}) == [f"runners/a.yaml:5:{column}: runners.r.{message}"]
    assert len(tree.problems(variables={"v": value}, offline=True)) == 1


@pytest.mark.parametrize("value", ["", "ftp://x", "http://u:p@h", "http://", "h"])
def test_an_expanded_endpoint_is_checked(tree, value):
    """An endpoint with a user, a password or no host is refused after its variables are known, too."""
    tree.runners("r: {endpoint: '${var:v}'}")
    (line,) = tree.problems(variables={"v": value})
    assert line.startswith("runners/a.yaml:3:17: runners.r.endpoint: ")


def test_what_is_not_used_is_not_looked_up(tree):
    """A profile of another environment may name variables and secrets that aren't set here."""
    tree.runners("r: {endpoint: 'http://r'}", profiles="{p: {tags: ['${var:x}'], headers: {X: '${env:RECONCILER_X}'}}}")
    assert tree.one().tags is None


def test_an_overridden_secret_is_not_needed(tree):
    """Only the values that are sent are resolved."""
    tree.runners(
        "r: {endpoint: 'http://r', headers: {x: own, Y: null}}",
        defaults="{headers: {X: '${env:RECONCILER_X}', Y: '${file:absent}'}}",
    )
    assert tree.one().headers == {"x": Secret("own")}
