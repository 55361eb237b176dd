"""Runners, bodies, entries and changes from plain values: one vocabulary, whatever their fields are wrapped in."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.fields.change import HeadersChange, ScalarChange, TagsChange
from reconciler.model.fields.headers import NO_HEADERS, Headers
from reconciler.model.fields.kinds import HeaderMap, Tags
from reconciler.model.fields.spec import RunnerBody, RunnerSpec
from reconciler.model.fields.table import FIELD, FIELD_NAMES, FIELDS
from reconciler.model.runner import DesiredRunner, LiveRunner


def make_spec(**values):
    """A spec; headers may be a plain dict."""
    return RunnerSpec(**_wrapped(values))


def make_live(**values):
    """A live runner from its fields and its facts (id, times) alike."""
    fields = {name: values.pop(name) for name in FIELD_NAMES if name in values}
    return LiveRunner(spec=make_spec(**fields), **values)


def make_body(**values):
    """A body that sends the fields that are given and not None."""
    sent = {name: value for name, value in values.items() if value is not None}
    return RunnerBody(make_spec(**sent), frozenset(FIELD_NAMES) - sent.keys())


def make_desired(**values):
    """An entry; headers may be a plain dict."""
    return DesiredRunner(**_wrapped(values))


def edited(live, **values):
    """The live runner with some of its fields, or of its facts, edited as in the dashboard."""
    fields = {name: values.pop(name) for name in FIELD_NAMES if name in values}
    return replace(live, spec=live.spec.replace(**_wrapped(fields)), **values)


def altered(body, **values):
    """The body with some fields sent as given; None leaves one out."""
    given = {name: value for name, value in values.items() if value is not None}
    return RunnerBody(body.spec.replace(**_wrapped(given)), (body.omitted | values.keys()) - given.keys())


def sent(body):
    """What a body sends, by field."""
    return {field.name: field.of(body.spec) for field in FIELDS if field.name not in body.omitted}


def make_change(field, **values):
    """The change of a field, of the type that fits it."""
    match FIELD[field]:
        case Tags():
            return TagsChange(field=field, **values)
        case HeaderMap():
            return HeadersChange(field=field, **values)
    return ScalarChange(field=field, **values)


def _wrapped(values):
    headers = values.get("headers")
    if headers is None or isinstance(headers, Headers):
        return values
    return values | {"headers": Headers(headers) if headers else NO_HEADERS}
