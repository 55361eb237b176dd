"""NAME=VALUE lines, as python-dotenv reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ReconcilerError
from reconciler.manifests.secrets.assignments import MAX_ASSIGNMENTS_BYTES, read_assignments, read_assignments_file
from reconciler.model.secret import Secret

PEM = "-----BEGIN KEY-----\nMIIB+/dXNlcg==\nAQAB\n-----END KEY-----"


def read(text):
    """The values, the lines that are wrong, and what was masked, in order."""
    problems, masked = [], []
    values = read_assignments(text, "SOURCE", problems, masked.append)
    return values, [problem.at.line for problem in problems], masked


ACCEPTED = [
    # what it is, text, values
    ("nothing", "", {}),
    ("blank lines and comments", "\n  \n# A=b\n", {}),
    ("one line without its end", "A=b", {"A": "b"}),
    ("the first = splits", "A=Basic dXNlcjpwYXNzd29yZA=", {"A": "Basic dXNlcjpwYXNzd29yZA="}),
    ("base64 with two =", "A=dXNlcg==\nB=x", {"A": "dXNlcg==", "B": "x"}),
    ("only =", "A===", {"A": "=="}),
    ("spaces around the =", "A = b", {"A": "b"}),
    ("outer blanks", "  A=b  ", {"A": "b"}),
    ("double quotes", 'A="b c"', {"A": "b c"}),
    ("single quotes", "A='b \"c\"'", {"A": 'b "c"'}),
    ("quotes that keep outer blanks", 'A=" b "', {"A": " b "}),
    ("escapes in double quotes", r'A="b\nc\"d\\e"', {"A": 'b\nc"d\\e'}),
    ("no escapes in single quotes", r"A='b\nc'", {"A": r"b\nc"}),
    ("a quote within", 'A=b"c', {"A": 'b"c'}),
    ("a comment behind", "A=b # c\nB='d' # e", {"A": "b", "B": "d"}),
    ("# without a blank", "A=b#c\nB=#d", {"A": "b#c", "B": "#d"}),
    ("nothing expanded", 'A=$B\nC=${A}\nD="${A}"', {"A": "$B", "C": "${A}", "D": "${A}"}),
    ("no shell", "A=$(id)\nB=`id`", {"A": "$(id)", "B": "`id`"}),
    ("export", "export A=b\nexport  B='c'", {"A": "b", "B": "c"}),
    ("an empty value", "A=\nB=''", {"A": "", "B": ""}),
    ("the last of a name", "A=b\nA=c", {"A": "c"}),
    ("a byte order mark", "\ufeffA=b", {"A": "b"}),
    ("CRLF", "A=b\r\nB='c'\r\n\r\nC=d\r\n", {"A": "b", "B": "c", "C": "d"}),
    ("CR alone", "A=b\rB=c\r", {"A": "b", "B": "c"}),
    ("a key over lines", f'A="{PEM}"\nB=c', {"A": PEM, "B": "c"}),
    ("a key over lines, CRLF", f"A='{PEM}'\nB=c".replace("\n", "\r\n"), {"A": PEM, "B": "c"}),
    ("names without a prefix", "token=a\n_x1=b\nMY_TOKEN=c", {"token": "a", "_x1": "b", "MY_TOKEN": "c"}),
    ("letters outside of ASCII", "A=pässword→", {"A": "pässword→"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_assignments(text, values):
    """Each assignment gives its value, as dotenv has it."""
    found, wrong, _ = read(text)
    assert found == {name: Secret(value) for name, value in values.items()}
    assert wrong == []


REFUSED = [
    # what it is, text, numbers of the lines
    ("no =", "A=b\nhunter2\n", [2]),
    ("a name alone", "A", [1]),
    ("nothing before the =", "=hunter2", [1]),
    ("a name with a blank", "A B=hunter2", [1]),
    ("a name with a dash", "A-B=hunter2", [1]),
    ("a name that begins with a digit", "1A=hunter2", [1]),
    ("a name in other letters", "Ä=hunter2", [1]),
    ("YAML", "A: hunter2", [1]),
    ("JSON", '{"A": "hunter2"}', [1]),
    ("a quote that does not end", "A=b\nB='hunter2", [2]),
    ("text behind a quote", 'A="b"hunter2', [1]),
    ("blank lines before", "\n\n# c\n\nhunter2\n", [5]),
    ("CRLF", "A=b\r\n\r\nhunter2\r\nB=c\r\nhunter2\r\n", [3, 5]),
    ("below a value over lines", 'A="b\nc"\nhunter2', [3]),
    ("a key without quotes", f"A={PEM}\nB=c", [2, 3, 4]),
    ("not UTF-8", "A=\udcff\nB=c", [1]),
]


@pytest.mark.parametrize(("text", "lines"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_lines_that_are_no_assignment(text, lines):
    """Each is reported by its number, whichever ends of lines there are, and its text is shown nowhere."""
    problems = []
    read_assignments(text, "SOURCE", problems)
    assert [problem.at.line for problem in problems] == lines
    assert all(problem.at.file == "SOURCE" for problem in problems)
    assert not any(word in str(problem) for problem in problems for word in ("hunter2", "MIIB", "AQAB"))


def test_every_value_is_masked():
    """Also one that a later line replaces, and good ones beside a bad line; an empty one would mask nothing."""
    _, wrong, masked = read("A=one\nA=two\nB=\nbad\nC='three\nfour'")
    assert masked == ["one", "two", "three\nfour"]
    assert wrong == [4]


@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="'\"#\\`"), min_size=1)
)
def test_a_value_without_quotes_stays_as_it_is(value):
    """Whatever is no blank, quote or comment comes out as it went in, ends with = included."""
    found, wrong, masked = read(f"A={value}")
    assert (found, wrong, masked) == ({"A": Secret(value)}, [], [value])


@given(st.text())
def test_nothing_breaks_the_reader(text):
    """Any text gives values and numbers of lines, never an exception; each number is a line of the text."""
    _, wrong, _ = read(text)
    assert wrong == sorted(wrong)
    assert all(1 <= line <= len(text) + 1 for line in wrong)


def test_the_files_size_is_bounded(tmp_path):
    """A file at the limit is read, one byte more is refused, and so is what is not there."""
    file = tmp_path / "secrets.env"
    file.write_bytes(b"#" * MAX_ASSIGNMENTS_BYTES)
    assert len(read_assignments_file(file)) == MAX_ASSIGNMENTS_BYTES
    file.write_bytes(b"#" * (MAX_ASSIGNMENTS_BYTES + 1))
    with pytest.raises(ReconcilerError, match="over 1024 KiB"):
        read_assignments_file(file)
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(ReconcilerError, match="can't be read"):
            read_assignments_file(path)
