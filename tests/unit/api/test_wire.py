from __future__ import annotations

import ast
import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reconciler
from reconciler.api import wire
from reconciler.api.wire import (
    authorization,
    decode_account,
    decode_message,
    decode_page,
    decode_runner,
    encode_body,
)
from reconciler.errors import BadAnswer
from reconciler.model.fields.kinds import Field
from reconciler.model.secret import Secret, Unresolved
from tests.fakes.runners import make_body
from tests.fakes.sandbox import example

NONE = frozenset()


def page(*runners, **fields):
    """A page of the list."""
    return json.dumps({"runners": list(runners), "total": len(runners), **fields}).encode()


def changed(**fields):
    """The documentation's runner, with other fields."""
    return {**example("get_runner"), **fields}


def without(field):
    """The documentation's runner, with a field gone."""
    return {name: value for name, value in example("get_runner").items() if name != field}


def test_only_the_wire_opens_secrets():
    """No other module of the package imports `reveal`."""
    root = Path(reconciler.__file__).parent
    openers = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "reveal" for alias in node.names):
                openers.add(str(file.relative_to(root)))
            if isinstance(node, ast.Attribute) and node.attr == "reveal":
                openers.add(str(file.relative_to(root)))
    assert openers == {"api/wire.py"}


def test_a_runner_is_decoded_whole():
    """Every field of Get Runner; header values are secrets, public ones text."""
    data = example("get_runner")
    runner = decode_runner(json.dumps(data).encode(), frozenset({"x-custom-header"}))
    assert runner.spec.headers == {"Authorization": Secret("Bearer secret_token"), "X-Custom-Header": "value"}
    assert runner.spec.tags == ("production", "gpu-a100", "image-generation")
    assert (runner.id, runner.user_id, runner.spec.name) == (data["id"], data["user_id"], data["name"])
    assert (runner.spec.endpoint, runner.spec.status) == (data["endpoint"], "active")
    assert (runner.created_at, runner.updated_at) == (data["created_at"], data["updated_at"])


def test_what_is_unknown_is_let_through():
    """Unknown fields of a runner and of a page, and an unknown status."""
    content = page(changed(status="draining", region="eu", nested={"a": [1]}), next="x")
    (runner,) = decode_page(content, NONE).runners
    assert runner.spec.status == "draining"


WRONG = {
    b"": "the answer is truncated or no JSON",
    b"{": "the answer is truncated or no JSON",
    b"<html>": "the answer is truncated or no JSON",
    b"\xff\xfe\xfa": "the answer is truncated or no JSON",
    b"9" * 5000: "the answer is truncated or no JSON",
    b"[" * 200_000: "the answer is nested too deeply",
    b"null": "the answer: expected an object, got null",
    b"[]": "the answer: expected an object, got an array",
    b"{}": "total: expected a count, got nothing",
    b'{"total": "1"}': "total: expected a count, got a string",
    b'{"total": -1}': "total: expected a count, got a number",
    b'{"total": 1.0}': "total: expected a count, got a number",
    b'{"total": true}': "total: expected a count, got a boolean",
    b'{"total": 1}': "runners: expected an array, got nothing",
    b'{"total": 1, "runners": null}': "runners: expected an array, got null",
    b'{"total": 1, "runners": {}}': "runners: expected an array, got an object",
    page(7): "runners[0]: expected an object, got a number",
    page(example("get_runner"), None): "runners[1]: expected an object, got null",
    page(without("id")): "runners[0].id: expected a string, got nothing",
    page(changed(id="")): "runners[0].id: expected an id, got a string of another form",
    page(changed(id="../user")): "runners[0].id: expected an id, got a string of another form",
    page(changed(name=None)): "runners[0].name: expected a string, got null",
    page(changed(status=1)): "runners[0].status: expected a string, got a number",
    page(changed(endpoint=[])): "runners[0].endpoint: expected a string, got an array",
    page(without("updated_at")): "runners[0].updated_at: expected a string, got nothing",
    page(changed(tags="a,b")): "runners[0].tags: expected an array, got a string",
    page(changed(tags=["a", 7])): "runners[0].tags[1]: expected a string, got a number",
    page(changed(headers=[])): "runners[0].headers: expected an object, got an array",
    page(changed(headers=None)): "runners[0].headers: expected an object, got null",
    page(changed(headers={"X-A": "b", "X-B": ["s3cret"]})): "runners[0].headers.X-B: expected a string, got an array",
    page(changed(headers={"X\n::error::": 1})): "runners[0].headers.X\\n::error::: expected a string, got a number",
}


@pytest.mark.parametrize(("content", "message"), WRONG.items(), ids=list(WRONG.values()))
def test_a_wrong_shape_names_its_path(content, message):
    """The path within the answer, what was expected and what kind was found; never the value."""
    with pytest.raises(BadAnswer) as wrong:
        decode_page(content, NONE)
    assert str(wrong.value) == message


def test_a_single_runner_has_paths_without_an_index():
    """The same checks for Get Runner and the answers of writes."""
    with pytest.raises(BadAnswer, match=r"^tags\[0\]: expected a string, got an object$"):
        decode_runner(json.dumps(changed(tags=[{}])).encode(), NONE)
    with pytest.raises(BadAnswer, match=r"^the answer: expected an object, got a string$"):
        decode_runner(b'"x"', NONE)


def test_a_long_header_name_is_cut_in_a_path():
    """A path is bounded, however long the name in it."""
    with pytest.raises(BadAnswer) as wrong:
        decode_runner(json.dumps(changed(headers={"X" * 10_000: 1})).encode(), NONE)
    assert len(str(wrong.value)) < 200


def test_an_account_is_decoded():
    """Get User, with the time of its answer."""
    data = {"id": "u", "name": "n", "email": "e", "tier": "pro", "deleted": False}
    account = decode_account(json.dumps(data).encode(), "Tue, 16 Jan 2024 14:20:00 GMT")
    assert (account.id, account.name, account.email, account.tier) == ("u", "n", "e", "pro")
    assert account.answered_at == "Tue, 16 Jan 2024 14:20:00 GMT"
    for field in ("id", "name", "email", "tier"):
        with pytest.raises(BadAnswer, match=f"^{field}: expected a string, got a number$"):
            decode_account(json.dumps({**data, field: 1}).encode(), "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"status": 404, "message": "requested entity not found"}', "requested entity not found"),
        (b'{"message": 7}', ""),
        (b"{}", ""),
        (b"[]", ""),
        (b"<html>429</html>", None),
        (b"", ""),
    ],
)
def test_a_message_is_the_service_s_own_or_none(content, message):
    """The `message` of an error body; HTML is never echoed."""
    assert decode_message(content) == message


def test_a_body_holds_what_is_set_and_leaves_out_what_is_none():
    """A PUT has five fields; without a status four, and a bare POST two."""
    full = make_body(
        name="n",
        endpoint="https://a.example.com",
        headers={"Authorization": Secret("Bearer x"), "X-Pool": "a100"},
        tags=("a", "b"),
        status="active",
    )
    assert json.loads(encode_body(full)) == {
        "name": "n",
        "endpoint": "https://a.example.com",
        "headers": {"Authorization": "Bearer x", "X-Pool": "a100"},
        "tags": ["a", "b"],
        "status": "active",
    }
    assert list(json.loads(encode_body(make_body(name="n", endpoint="e", headers={}, tags=())))) == [
        "name",
        "endpoint",
        "headers",
        "tags",
    ]
    assert json.loads(encode_body(make_body(name="n", endpoint="e"))) == {"name": "n", "endpoint": "e"}


def test_a_value_that_is_not_known_is_never_sent():
    """A body with an unresolved header value is refused, by the header's name."""
    body = make_body(name="n", endpoint="e", headers={"X-Key": Unresolved("${env:RECONCILER_X}")})
    with pytest.raises(TypeError, match="X-Key"):
        encode_body(body)


def test_the_token_becomes_a_bearer_header():
    """RFC 6750, 2.1."""
    assert authorization(Secret("cfc_abc")) == "Bearer cfc_abc"


texts = st.text(st.characters(), max_size=20)


@given(name=texts, endpoint=texts, tags=st.lists(texts, max_size=5), headers=st.dictionaries(texts, texts, max_size=4))
def test_what_was_read_is_sent_back_as_it_came(name, endpoint, tags, headers):
    """Any string of an answer, lone surrogates included, survives decode and encode."""
    data = changed(name=name, endpoint=endpoint, tags=tags, headers=headers)
    runner = decode_runner(json.dumps(data).encode(), NONE)
    body = make_body(
        name=runner.spec.name, endpoint=runner.spec.endpoint, headers=runner.spec.headers, tags=runner.spec.tags
    )
    sent = json.loads(encode_body(body))
    assert sent == {"name": name, "endpoint": endpoint, "tags": tags, "headers": headers}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.one_of(
        st.binary(max_size=200),
        values.map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {"total": values, "runners": st.lists(st.builds(lambda **kw: {**example("get_runner"), **kw}, tags=values))}
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_no_answer_breaks_the_decoder(content):
    """Whatever comes, it is a page or a BadAnswer."""
    with contextlib.suppress(BadAnswer):
        assert decode_page(content, NONE).total >= 0


def test_a_field_of_an_unknown_shape_is_refused_at_once():
    """A kind of field that no reader is known for fails when the table of readers is made, not at an answer."""

    class Unknown(Field[str]):
        def change(self, _after, _before):
            raise NotImplementedError

        def creation(self, _value):
            raise NotImplementedError

    with pytest.raises(TypeError, match="no answer's shape is known for the field region"):
        wire._reader(Unknown("region"))
