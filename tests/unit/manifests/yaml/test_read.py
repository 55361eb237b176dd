"""YAML to nodes: places, scalar types, merge keys, aliases, documents and limits."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.error import YAMLError
from yaml.reader import ReaderError

from reconciler.manifests.format.problems import MAX_PROBLEMS
from reconciler.manifests.yaml import read as reader
from reconciler.manifests.yaml.anchors import MAX_ALIASED, MAX_DEPTH
from reconciler.manifests.yaml.nodes import Map, Scalar, Seq
from reconciler.manifests.yaml.read import MAX_BYTES, read_documents, too_large
from reconciler.manifests.yaml.syntax_errors import MAX_TAG_LINES, syntax_problem


def read(content):
    """The documents and the problems as `line:column: message`."""
    problems = []
    documents = read_documents(content, "f.yaml", problems)
    return documents, [f"{each.at.line}:{each.at.column}: {each.message}" for each in problems]


def one(content):
    """The only document of a file without problems."""
    documents, problems = read(content)
    assert problems == []
    [document] = documents
    return document


def plain(node):
    """A node as PyYAML's safe loader gives it."""
    if isinstance(node, Map):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, Seq):
        return [plain(item) for item in node]
    return node.value if isinstance(node, Scalar) else node


@pytest.fixture(params=[True, False], ids=["libyaml", "without libyaml"])
def any_parser(request, monkeypatch):
    """With libyaml and without it."""
    if request.param and not reader.HAS_LIBYAML:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(reader, "HAS_LIBYAML", request.param)


@pytest.mark.usefixtures("any_parser")
class TestPlaces:
    def test_every_mapping_key_value_and_item_knows_its_line_and_column(self):
        """Places count from 1, columns in code points."""
        document = one("# c\na: 1\nrünner:\n  - x\n  - {é: 'y', b: [z]}\n")
        assert document.at == (2, 1)
        assert document.key_at == {"a": (2, 1), "rünner": (3, 1)}
        assert document.value_at == {"a": (2, 4), "rünner": (4, 3)}
        items = document["rünner"]
        assert (items.at, items.item_at) == ((4, 3), [(4, 5), (5, 5)])
        assert items[1].at == (5, 5)
        assert items[1].key_at == {"é": (5, 6), "b": (5, 14)}
        assert items[1].value_at == {"é": (5, 9), "b": (5, 17)}
        assert items[1]["b"].item_at == [(5, 18)]

    def test_a_byte_order_mark_and_crlf_move_no_place(self):
        """Windows editors write both."""
        document = one("\ufeffa: 1\r\nb: 2\r\n".encode())
        assert document.key_at == {"a": (1, 1), "b": (2, 1)}

    def test_an_alias_stands_where_it_is_written_and_its_content_where_the_anchor_is(self):
        """A problem inside shared content is one problem at one place."""
        document = one("a: &x {k: v}\nb: *x\n")
        assert document.value_at["b"] == (2, 4)
        assert document["b"].key_at == {"k": (1, 8)}

    def test_a_merged_key_keeps_the_place_where_it_was_written(self):
        """What came in through `<<` is reported at its source."""
        document = one("a: &x {k: v}\nb:\n  <<: *x\n  l: w\n")
        assert document["b"].key_at == {"k": (1, 8), "l": (4, 3)}
        assert document["b"].value_at == {"k": (1, 11), "l": (4, 6)}


SCALARS = {
    "text": "text",
    "'0123'": "0123",
    '"yes"': "yes",
    "!!str 0123": "0123",
    "! text": "text",
    "~": None,
    "null": None,
    "!!null": None,
    "0o17": "0o17",
    "08": "08",
    "1e3": "1e3",
    "1.2.3": "1.2.3",
    "+": "+",
    "-x": "-x",
    "Yes": Scalar("bool", "Yes", True),
    "off": Scalar("bool", "off", False),
    "!!bool on": Scalar("bool", "on", True),
    "0123": Scalar("int", "0123", 83),
    "-0b11": Scalar("int", "-0b11", -3),
    "0x1F": Scalar("int", "0x1F", 31),
    "+1_000": Scalar("int", "+1_000", 1000),
    "1:30": Scalar("int", "1:30", 90),
    "0b_": Scalar("int", "0b_", None),
    "1" * 64: Scalar("int", "1" * 64, int("1" * 64)),
    "1" * 65: Scalar("int", "1" * 65, None),
    "1.10": Scalar("float", "1.10", 1.1),
    "-1.5e+3": Scalar("float", "-1.5e+3", -1500.0),
    "1:30.5": Scalar("float", "1:30.5", 90.5),
    "-.inf": Scalar("float", "-.inf", float("-inf")),
    "1." + "0" * 63: Scalar("float", "1." + "0" * 63, None),
    "2026-12-31": Scalar("timestamp", "2026-12-31", dt.date(2026, 12, 31)),
    "2026-02-30": Scalar("timestamp", "2026-02-30", None),
    "2026-1-2 3:04:05": Scalar("timestamp", "2026-1-2 3:04:05", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
    "<<": Scalar("merge", "<<", None),
}


@pytest.mark.usefixtures("any_parser")
@pytest.mark.parametrize("text", SCALARS)
def test_scalars_are_what_yaml_1_1_says(text):
    """Only text is a str; everything else keeps what the file says and what it means."""
    assert one(f"k: {text}\n") == {"k": SCALARS[text]}


@given(
    st.text(alphabet="0123456789+-.:_eExXabfinotuTZ yYNO~<=", min_size=1, max_size=12).filter(
        lambda text: text == text.strip()
    )
)
def test_scalars_resolve_as_in_pyyaml(text):
    """The same text is a bool, int, float, timestamp, null or string to PyYAML's safe loader."""
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False)).removeprefix("tag:yaml.org,2002:")
    from reconciler.manifests.yaml.scalars import resolve

    node = resolve(text)
    assert (node.kind if isinstance(node, Scalar) else {None: "null"}.get(node, "str")) == {"value": "str"}.get(
        tag, tag
    )


class TestMergeKeys:
    def test_own_keys_win_wherever_they_stand_and_earlier_sources_win(self):
        """As the merge key's definition says; no key of a merge is a duplicate."""
        text = "x: &x {a: xa, b: xb}\ny: &y {b: yb, c: yc}\nz:\n  b: own\n  <<: [*x, *y]\n  c: own\n"
        assert one(text)["z"] == {"b": "own", "c": "own", "a": "xa"}

    def test_a_merged_mapping_may_itself_have_been_merged(self):
        """Merges chain."""
        assert one("a: &a {k: v}\nb: &b {<<: *a, l: w}\nc: {<<: *b}\n")["c"] == {"k": "v", "l": "w"}

    def test_a_mapping_in_place_can_be_merged(self):
        """The source needs no anchor."""
        assert one("a: {<<: {k: v}, l: w}\n")["a"] == {"k": "v", "l": "w"}

    def test_a_quoted_merge_key_is_a_key_like_any_other(self):
        """Only the plain `<<` merges."""
        assert one("a: {'<<': {k: v}}\n")["a"] == {"<<": {"k": "v"}}

    def test_what_else_is_merged_still_counts_when_one_source_is_wrong(self):
        """One bad source is one problem."""
        documents, problems = read("a: &a {k: v}\nb: {<<: [*a, 5, *gone]}\n")
        assert documents == [{"a": {"k": "v"}, "b": {"k": "v"}}]
        assert [each.partition(" ")[0] for each in problems] == ["2:17:", "2:14:"]


@pytest.mark.usefixtures("any_parser")
class TestDocuments:
    def test_empty_documents_are_passed_over(self):
        """Comments alone, `---` alone and null are no documents."""
        documents, problems = read("# c\n---\n---\na: b\n---\n~\n---\n# d\n...\n---\nc: d\n")
        assert (documents, problems) == ([{"a": "b"}, {"c": "d"}], [])

    @pytest.mark.parametrize("content", ["", b"", "\n\n", "# only a comment", "\ufeff"])
    def test_an_empty_file_has_no_document(self, content):
        """And no problem."""
        assert read(content) == ([], [])

    def test_documents_before_a_syntax_error_still_count(self):
        """So that their problems are told in the same run."""
        documents, problems = read("a: b\n---\nc: 'd\n")
        assert documents == [{"a": "b"}]
        assert problems == ["3:4: this quote is never closed"]

    def test_the_values_of_refused_keys_are_dropped(self):
        """A value without a usable key is nobody's."""
        documents, _ = read('a: 1\na: 2\n~: {b: c}\n"x\\a": 3\n[p, {q: r}]: {s: t}\nz: {y: x}\n')
        assert documents == [{"a": Scalar("int", "1", 1), "z": {"y": "x"}}]

    def test_text_is_taken_as_well_as_bytes(self):
        """A lone surrogate in it is no UTF-8."""
        assert one("a: ü") == one("a: ü".encode()) == {"a": "ü"}
        assert read("a: \ud800")[1] == ["1:4: byte 0xED at offset 3 is no UTF-8; save the file as UTF-8"]


def nested(levels):
    """A list inside a document, `levels` levels in all."""
    return "a: " + "[" * (levels - 1) + "]" * (levels - 1) + "\n"


def deep(levels):
    """An anchor of a third of the levels, used at the bottom of the others."""
    third = levels // 3
    return (
        "a: &a " + "[" * third + "]" * third + "\nb: " + "[" * (levels - third - 1) + "*a" + "]" * (levels - third - 1)
    )


def bomb(nodes):
    """Aliases that stand for so many nodes: lists of 10 nodes each, then single ones."""
    tens, rest = divmod(nodes, 10)
    return "t: &t [1,2,3,4,5,6,7,8,9]\ns: &s 1\nu: [" + "*t," * tens + "*s," * rest + "]\n"


@pytest.mark.usefixtures("any_parser")
class TestLimits:
    @pytest.mark.parametrize("shape", [nested, deep])
    def test_nesting_up_to_the_limit_is_read(self, shape):
        """A hundred levels are, aliases expanded, one more is not."""
        assert read(shape(MAX_DEPTH - 1))[1] == []
        assert read(shape(MAX_DEPTH))[1] == []
        documents, [problem] = read(shape(MAX_DEPTH + 1))
        assert documents == []
        assert "nested more than 100 levels deep" in problem

    @pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "{a: ", "[{a: "])
    def test_nesting_far_over_the_limit_is_refused_at_the_limit(self, opening):
        """Two hundred thousand levels take no longer than a hundred and one: nothing behind the limit is read."""
        _, problems = read(opening * 200_000)
        assert "nested more than 100 levels deep" in problems[-1]
        assert int(problems[-1].split(":")[1]) <= 101 * len(opening)

    def test_aliases_up_to_the_limit_are_followed(self):
        """They may stand for a hundred thousand nodes in a file, and not for one more."""
        assert read(bomb(MAX_ALIASED - 1))[1] == []
        assert read(bomb(MAX_ALIASED))[1] == []
        documents, [problem] = read(bomb(MAX_ALIASED + 1))
        assert documents == []
        assert "aliases that expand past 100,000 nodes" in problem

    def test_the_alias_budget_is_the_file_s(self):
        """Documents of one file share it."""
        half = bomb(MAX_ALIASED // 2)
        assert read(half + "---\n" + half)[1] == []
        assert read(half + "---\n" + half + "---\na: &a 1\nb: *a\n")[0] == []

    def test_an_exponential_bomb_costs_its_text(self):
        """Ten aliases of ten aliases, twenty times over, are counted and not expanded."""
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 21)]
        documents, [problem] = read("\n".join(lines))
        assert documents == []
        assert problem.startswith("5:")

    def test_a_name_anchored_again_is_measured_again(self):
        """An alias stands for the anchor above it that is nearest."""
        assert one("a: &x [1]\nb: *x\nc: &x [2, 3]\nd: *x\ne: &x text\nf: *x\n")["f"] == "text"

    def test_problems_are_listed_up_to_a_bound(self):
        """A file of nothing but problems is not read to its end."""
        assert len(read("- *x\n" * (MAX_PROBLEMS - 1))[1]) == MAX_PROBLEMS
        _, problems = read("- *x\n" * (MAX_PROBLEMS + 100))
        assert len(problems) == MAX_PROBLEMS + 1
        assert problems[-1].endswith("more than 10,000 problems; the others are not listed")

    def test_tag_lines_are_bounded(self):
        """The parser compares each with all before it."""
        lines = "# c\n" + "".join(f"%TAG !t{n}! tag:x,2000:\n" for n in range(MAX_TAG_LINES))
        assert read(lines.rpartition("%TAG")[0] + "---\na: b\n") == ([{"a": "b"}], [])
        assert read(lines + "---\na: b\n")[1] == [
            "2:1: 100 or more %TAG lines; take them out, custom tags are not taken here"
        ]


def test_a_file_up_to_the_limit_is_read():
    """64 MiB are, one byte more is not."""
    filling = b"#" * (MAX_BYTES - len(b"a: b\n"))
    assert read(b"a: b\n" + filling) == ([{"a": "b"}], [])
    expected = "1:1: 67,108,865 bytes; a file may hold at most 67,108,864 (64 MiB): split it into several"
    assert read(b"a: b\n#" + filling) == ([], [expected])
    assert too_large("f.yaml", MAX_BYTES + 1).message in expected


def test_an_error_of_another_kind_is_still_one_problem():
    """Whatever the parser says, there is a message and a place."""
    for error in (YAMLError("odd"), ReaderError("f", 0, 0, "utf-8", "odd")):
        problem = syntax_problem(error, "a: b\n", "f.yaml")
        assert (problem.at.line, problem.at.column) == (1, 1)
        assert problem.message
