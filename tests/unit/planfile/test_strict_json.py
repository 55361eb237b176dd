"""JSON from outside: strict, bounded, and refused with the reason."""

from __future__ import annotations

import pytest

from reconciler import files
from reconciler.errors import PlanFileError
from reconciler.planfile.strict_json import MAX_DEPTH, read_object


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.plan is damaged or no plan: not JSON at line 1, column 1"),
        ('{"a": 1', "f.plan is damaged or no plan: not JSON at line 1, column 8"),
        ("[]", "f.plan is no plan: it holds no JSON object"),
        ('{"a": 1, "b": 2, "a": 3}', "f.plan is damaged: duplicate key 'a' in one object"),
        ('{"a": NaN}', "f.plan is damaged or no plan: a number in it can't be read"),
        ('{"a": -Infinity}', "f.plan is damaged or no plan: a number in it can't be read"),
        ('{"a": ' + "9" * 5000 + "}", "f.plan is damaged or no plan: a number in it can't be read"),
        (b'{"a": "\xff"}', "f.plan is damaged or no plan: not UTF-8 at byte 7"),
        ('{"a":' * 100_000, "f.plan is no plan: nested over 100 levels"),
    ],
)
def test_what_is_refused(content, message):
    """Each way of being damaged has its own message, which names the file."""
    with pytest.raises(PlanFileError) as caught:
        read_object(content, "f.plan")
    assert str(caught.value).startswith(message)


def test_the_depth_has_a_bound():
    """99 and 100 levels are read, 101 are not."""

    def nested(levels):
        return '{"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"

    for levels in (MAX_DEPTH - 1, MAX_DEPTH):
        assert read_object(nested(levels), "f")
    with pytest.raises(PlanFileError, match="nested over 100 levels"):
        read_object(nested(MAX_DEPTH + 1), "f")


def test_the_size_has_a_bound(monkeypatch):
    """One byte below and at the bound are read, one above is not."""
    monkeypatch.setattr(files, "MAX_BYTES", 1024**2)
    for size in (1024**2 - 1, 1024**2):
        assert read_object(b'{"a": 1}'.ljust(size), "f") == {"a": 1}
    with pytest.raises(PlanFileError, match="f is larger than 1 MiB, the most that is read"):
        read_object(b'{"a": 1}'.ljust(1024**2 + 1), "f")
