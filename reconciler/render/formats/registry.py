"""The one registry of output formats: what each is called, the suffix of its reports, the module that has its views.

A new format is its member of `Format`, its module and one line here. The module's VIEWS map each type of result to the
function that shows it; a result without a view is an error, never another format's text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from reconciler.model.enums import Format
from reconciler.render.formats.layout import Layout

if TYPE_CHECKING:
    from reconciler.model.results import Result

View: TypeAlias = Callable[[Any, Layout], Iterable[str]]
Views: TypeAlias = Mapping[type, View]


@dataclass(frozen=True, slots=True)
class Entry:
    """One format. `printed`: it can be asked for by --format, so it has a view of every result."""

    suffix: str
    module: str
    printed: bool = True


FORMATS: Final[Mapping[Format, Entry]] = {
    Format.TEXT: Entry(".txt", "text"),
    Format.JSON: Entry(".json", "json"),
    Format.MARKDOWN: Entry(".md", "markdown"),
    Format.HTML: Entry(".html", "html"),
    Format.TERRAFORM: Entry(".terraform.json", "terraform", printed=False),
    Format.CODEQUALITY: Entry(".codequality.json", "codequality", printed=False),
    Format.JUNIT: Entry(".junit.xml", "junit", printed=False),
}
PRINTED: Final = tuple(form.value for form, entry in FORMATS.items() if entry.printed)
"""What --format takes."""
SUFFIXES: Final = tuple(entry.suffix for entry in FORMATS.values())
"""What the file of a report may end in."""
PLAIN: Final = Layout()


def format_of(path: str) -> Format | None:
    """Find the format that a file's name asks for by its longest known suffix: `a.junit.xml` before `a.xml`."""
    name = os.path.basename(path)  # noqa: PTH119 - pathlib is not worth its import here
    fitting = [form for form, entry in FORMATS.items() if name.endswith(entry.suffix)]
    if name in (FORMATS[form].suffix for form in fitting):
        return None
    return max(fitting, key=lambda form: len(FORMATS[form].suffix), default=None)


def views_of(form: Format) -> Views:
    """Return the views of one format, by the type of the result. Imports the format's module."""
    views: Views = import_module(f"reconciler.render.formats.{FORMATS[form].module}").VIEWS
    return views


def view_of(kind: type, form: Format) -> View | None:
    """Find how a format shows a type of result, None where it doesn't; an error as the one that it derives from."""
    views = views_of(form)
    return next((views[each] for each in kind.__mro__ if each in views), None)


def render(result: Result, form: Format, layout: Layout = PLAIN) -> Iterable[str]:
    """Render the result in a format, in pieces of one text. `layout` matters to formats that people read."""
    view = view_of(type(result), form)
    if view is None:
        raise LookupError(f"the format {form} has no view of {type(result).__name__}")
    return view(result, layout)
