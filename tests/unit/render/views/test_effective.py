"""The effective manifests: a manifest again, which says the same; and where each part of a runner comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import yaml

from reconciler.model.position import Position
from reconciler.model.results import Effective, Explained, Origin
from tests.fakes.rendering import rendered


@dataclass
class Runner:
    """One runner's plain data."""

    parts: dict = field(default_factory=dict)

    def plain(self):
        """As `effective` gives it."""
        return {"key": "gpu-1", "file": "runners/a.yaml", "line": 4, "name": "gpu-1", **self.parts, "unmanaged": []}


def shown(form="text", environment=None, **parts):
    """One runner with these parts, rendered."""
    return rendered(Effective(environment, (Runner(parts).plain(),)), form)


def loaded(**parts):
    """The rendered runner, read as YAML."""
    return yaml.safe_load(shown(**parts))["runners"]["gpu-1"]


def test_it_is_a_manifest():
    """Version and runners, each on its own, with where it is declared in a comment."""
    text = shown(endpoint="https://a.example.com", tags=["gpu", "sdxl"], status="active", environment="prod")
    assert text == (
        "# 1 runner of prod, after merging\n"
        "version: 1\n"
        "runners:\n"
        "  gpu-1:  # runners/a.yaml:4\n"
        "    inherit: false\n"
        "    name: gpu-1\n"
        "    endpoint: https://a.example.com\n"
        "    tags: [gpu, sdxl]\n"
        "    status: active\n"
    )


def test_none_at_all():
    """No runner is an empty map."""
    assert yaml.safe_load(rendered(Effective(None, ()))) == {"version": 1, "runners": {}}


def test_every_part():
    """Ids, former names, empty and filled headers, wildcards, acceptances, what is unmanaged."""
    accepted = {"code": "stranded-tags", "reason": "moved: #7", "until": "2026-12-31"}
    runner = loaded(
        id="550e8400-e29b-41d4-a716-446655440000",
        former_name="Old, one",
        tags=[],
        wildcard=True,
        headers={"Authorization": "Bearer ${env:RECONCILER_T}", "X-Literal": "(sensitive)", "x-pool": "a: b"},
        accept=[accepted],
    )
    assert runner["id"] == "550e8400-e29b-41d4-a716-446655440000"
    assert runner["former_name"] == "Old, one"
    assert runner["tags"] == []
    assert runner["wildcard"] is True
    assert runner["headers"] == {
        "Authorization": "Bearer ${env:RECONCILER_T}",
        "X-Literal": "(sensitive)",
        "x-pool": "a: b",
    }
    assert runner["accept"] == [accepted]
    assert "unmanaged" not in runner
    assert loaded(headers={})["headers"] == {}


def test_a_literal_mark_stays_one():
    """What looks like a reference and is none is escaped, as a manifest must."""
    runner = loaded(endpoint="http://a/${x}", tags=["${var:y}"], headers={"X-A": "${b}", "X-B": "${file:c}"})
    assert runner["endpoint"] == "http://a/$${x}"
    assert runner["tags"] == ["$${var:y}"]
    assert runner["headers"] == {"X-A": "$${b}", "X-B": "${file:c}"}


def test_json_markdown_and_html():
    """One document; the same manifest in a fence; a page."""
    document = json.loads(shown("json", environment="prod", tags=["a"]))
    assert document["environment"] == "prod"
    assert document["runners"][0]["tags"] == ["a"]
    assert shown("markdown", tags=["a"]).startswith("```yaml\n# 1 runner, after merging\nversion: 1\n")
    assert "Effective manifests" in shown("html", tags=["a"])


ORIGINS = (
    Origin("name", "gpu-1", Position("a.yaml", 4, 3), "default: the key"),
    Origin("headers", "unmanaged (kept)", None, "declared nowhere"),
)


def test_explained_as_a_table():
    """A row for each part, without a line end too many."""
    assert rendered(Explained(ORIGINS)) == (
        "FIELD    VALUE             FROM              AT\n"
        "name     gpu-1             default: the key  a.yaml:4\n"
        "headers  unmanaged (kept)  declared nowhere\n"
    )
    assert rendered(Explained(ORIGINS), "markdown").count("\n") == 4
    assert "Where it comes from" in rendered(Explained(ORIGINS), "html")


def test_explained_as_json():
    """File and line are null for what is declared nowhere."""
    rows = json.loads(rendered(Explained(ORIGINS), "json"))["origins"]
    assert [(row["field"], row["file"], row["line"]) for row in rows] == [
        ("name", "a.yaml", 4),
        ("headers", None, None),
    ]
