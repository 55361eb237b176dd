from __future__ import annotations

import pytest

from reconciler.text.suggestions import MAX_COMPARED, MAX_LISTED, meant, nearest


def test_nearest():
    """The nearest name, None when nothing is near or the name is absurdly long."""
    assert nearest("prodution", ["staging", "production"]) == "production"
    assert nearest("x", ["staging"]) is None
    assert nearest("a" * 101, ["a" * 100]) is None


@pytest.mark.parametrize(("count", "found"), [(MAX_COMPARED, "n1"), (MAX_COMPARED + 1, None)])
def test_nearest_is_bounded(count, found):
    """Among very many names none is sought: every wrong one would cost as much as all the rest."""
    assert nearest("n1", [f"n{number}" for number in range(count)]) == found


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("b", ["beta"], "known are beta"),
        ("bta", ["beta", "alpha"], "did you mean beta?"),
        ("x", [f"{n:02}" for n in range(MAX_LISTED)], f"known are {', '.join(f'{n:02}' for n in range(MAX_LISTED))}"),
        (
            "x",
            [f"{n:02}" for n in range(MAX_LISTED + 1)],
            f"known are {', '.join(f'{n:02}' for n in range(MAX_LISTED))} and 1 more",
        ),
    ],
)
def test_meant(name, known, said):
    """The nearest, or what is known, as far as a message can hold it."""
    assert meant(name, known) == said
