"""The registry of formats: each result has a view in each format, and a file's suffix picks one."""

from __future__ import annotations

from typing import get_args

import pytest

from reconciler.errors import ManifestError
from reconciler.model.enums import Format
from reconciler.model.results import Result
from reconciler.render.formats import registry
from tests.fakes.rendering import rendered


def test_every_format_is_registered():
    """A format without an entry could be asked for and not given."""
    assert set(registry.FORMATS) == set(Format)


@pytest.mark.parametrize("form", list(map(Format, registry.PRINTED)))
@pytest.mark.parametrize("kind", get_args(Result))
def test_every_result_has_a_view_in_every_printed_format(form, kind):
    """What a format can't show is found here, and not by a user who gets text."""
    assert registry.view_of(kind, form) is not None


@pytest.mark.parametrize("form", list(Format))
def test_a_format_shows_nothing_but_results(form):
    """A view of a type that is no result is never asked for."""
    assert set(registry.views_of(form)) <= set(get_args(Result))


def test_a_result_without_a_view_is_an_error():
    """It names the format and the result."""
    with pytest.raises(LookupError, match="the format html has no view of int"):
        rendered(7, "html")


def test_an_error_is_shown_as_what_it_derives_from():
    """Every error has the view of its tree's root."""
    assert registry.view_of(ManifestError, Format.JSON) is registry.views_of(Format.JSON)[get_args(Result)[-1]]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("a.txt", Format.TEXT),
        ("dir.json/a.md", Format.MARKDOWN),
        ("a.b.html", Format.HTML),
        ("a.json", Format.JSON),
        ("a.yaml", None),
        ("a", None),
        (".json", None),
        ("a.terraform.json", Format.TERRAFORM),
        ("a.codequality.json", Format.CODEQUALITY),
        ("a.junit.xml", Format.JUNIT),
        ("a.xml", None),
        ("dir/.terraform.json", None),
        ("a.JSON", None),
    ],
)
def test_a_suffix_picks_the_format(path, form):
    """By the end of the file's own name; a name that is nothing but a suffix picks none."""
    assert registry.format_of(path) == form


def test_the_longest_suffix_wins(monkeypatch):
    """A longer suffix is a format of its own, not the shorter one's."""
    longer = registry.Entry(".page.html", "html")
    monkeypatch.setattr(registry, "FORMATS", {**registry.FORMATS, Format.TEXT: longer})
    assert registry.format_of("a.page.html") == Format.TEXT
    assert registry.format_of("a.html") == Format.HTML
