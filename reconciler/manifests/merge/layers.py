"""Layers of a runner, and laying one over another.

A layer is what one mapping declares: defaults, a profile, or the runner itself. Strings are expanded (variables) when a
layer is read, once, however many runners it serves; header values stay references until they are known to be used.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.manifests.format.field_types import check_day, check_endpoint, check_reason, check_tag
from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.merge.places import Places
from reconciler.manifests.secrets.references import BadReference, expand
from reconciler.manifests.yaml.nodes import Map, Scalar, Seq
from reconciler.manifests.yaml.trail import dotted, quoted
from reconciler.model.finding import Acceptance
from reconciler.model.position import Position, Problem
from reconciler.model.runner import MAX_TAGS, STATUSES
from reconciler.planning.findings.registry import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reconciler.manifests.yaml.nodes import Place


class Header(NamedTuple):
    """One header as declared in a file. `text` None drops it; `layer` is how messages call what declares it."""

    name: str
    text: str | None
    place: Place
    layer: str
    reader: LayerReader

    @property
    def at(self) -> Position:
        """Where the value stands."""
        return Position(self.reader.file, *self.place)

    @property
    def path(self) -> str:
        """How messages call this header."""
        return f"{self.layer}.headers.{dotted((self.name,))}"


class Layer(NamedTuple):
    """What one layer, or several merged, declares; None is not declared.

    `headers` maps lower-case names; while a layer is single it may hold headers that drop. `places` has the key's place
    of all that is declared, also of what is malformed and therefore None here.
    """

    endpoint: str | None = None
    tags: tuple[str, ...] | None = None
    headers: Mapping[str, Header] | None = None
    status: str | None = None
    wildcard: bool | None = None
    accept: tuple[Acceptance, ...] | None = None
    places: Places = Places("", {})


EMPTY: Final = Layer()


@dataclass(frozen=True, slots=True)
class LayerReader:
    """Reads the layers of one file.

    What is malformed was reported when the document was checked and is passed over here; what only shows after
    expansion is added to `problems`.
    """

    file: str
    folder: Path
    variables: Mapping[str, str]
    problems: list[Problem]

    def read(self, node: Map, path: str) -> Layer:
        """The layer that a mapping declares; `path` is how messages call it, such as `defaults`."""
        headers = node.get("headers")
        tags = node.get("tags")
        accept = node.get("accept")
        return Layer(
            endpoint=self.text(node, "endpoint", path, check_endpoint),
            tags=self._tags(tags, path) if isinstance(tags, Seq) else None,
            headers=self._headers(headers, path) if isinstance(headers, Map) else None,
            status=self.text(node, "status", path, check_status) if "status" in node else None,
            wildcard=flag(node, "wildcard") if "wildcard" in node else None,
            accept=self._accept(accept, path) if isinstance(accept, Seq) else None,
            places=Places(self.file, node.key_at),
        )

    def text(self, node: Map, key: str, path: str, check: Callable[[str], str | None]) -> str | None:
        """A string field, expanded; `check` says what is wrong with what an expansion made."""
        value = node.get(key)
        if not isinstance(value, str):
            return None
        if "${" not in value:
            return value
        return self._expand(value, node.value_at[key], f"{path}.{key}", check)

    def item(self, node: Seq, index: int, path: str, check: Callable[[str], str | None]) -> str | None:
        """The same for an item of a list."""
        value = node[index]
        if not isinstance(value, str):
            return None
        return value if "${" not in value else self._expand(value, node.item_at[index], f"{path}[{index}]", check)

    def _tags(self, node: Seq, path: str) -> tuple[str, ...] | None:
        """The tags, each once; None when they are too many, so that no runner below is blamed for it as well."""
        tags: dict[str, None] = {}
        for index, tag in enumerate(node):
            if not isinstance(tag, str):
                continue
            if "${" not in tag:
                tags[tag] = None
            elif expanded := self.item(node, index, f"{path}.tags", check_tag):
                tags[expanded] = None
        if len(tags) <= MAX_TAGS:
            return tuple(tags)
        if any("${" in tag for tag in node if isinstance(tag, str)):  # else it was reported with the document
            message = f"{path}.tags: {len(tags)} tags, the API takes at most {MAX_TAGS}"
            add_problem(self.problems, Problem(Position(self.file, *node.at), message))
        return None

    def _headers(self, node: Map, path: str) -> dict[str, Header]:
        headers: dict[str, Header] = {}
        for name, text in node.items():
            if text is None or isinstance(text, str):
                headers[name.lower()] = Header(name, text, node.value_at[name], path, self)
        return headers

    def _accept(self, node: Seq, path: str) -> tuple[Acceptance, ...]:
        accepted = []
        for index, item in enumerate(node):
            if not isinstance(item, Map):
                continue
            here = f"{path}.accept[{index}]"
            code = self.text(item, "code", here, check_code)
            reason = self.text(item, "reason", here, check_reason)
            until = item.get("until")
            day = until.raw if isinstance(until, Scalar) else self.text(item, "until", here, check_day)
            if code is not None:
                at = Position(self.file, *node.item_at[index])
                accepted.append(Acceptance(code, reason or "", _day(day), at))
        return tuple(accepted)

    def _expand(self, text: str, at: tuple[int, int], path: str, check: Callable[[str], str | None]) -> str | None:
        try:
            expanded = expand(text, self.variables)
            wrong = check(expanded)
        except BadReference as exc:
            wrong = str(exc)
        if wrong is None:
            return expanded
        add_problem(self.problems, Problem(Position(self.file, *at), f"{path}: {wrong}"))
        return None


def overlay(below: Layer, above: Layer) -> Layer:
    """`above` laid over `below`.

    Scalars: above wins where it declares. Tags: below's, then above's, each once. Headers: merged by lower-case name,
    above wins, and one without a value drops. `accept`: both. An empty list or map above clears what
    stands below: `tags: []` is no tags, whatever was inherited.
    """
    return Layer(
        endpoint=below.endpoint if above.endpoint is None else above.endpoint,
        tags=_union(below.tags, above.tags),
        headers=_overlay_headers(below.headers, above.headers),
        status=below.status if above.status is None else above.status,
        wildcard=below.wildcard if above.wildcard is None else above.wildcard,
        accept=below.accept if above.accept is None else above.accept and (below.accept or ()) + above.accept,
        places=above.places.over(below.places),
    )


def check_status(text: str) -> str | None:
    """What is wrong with a status, else None."""
    return None if text in STATUSES else f"must be one of {', '.join(STATUSES)}"


def check_code(text: str) -> str | None:
    """What is wrong with a finding's code, else None."""
    return None if text in CODES else f"{quoted(text)} is unknown; known are {', '.join(CODES)}"


def flag(node: Map, key: str) -> bool | None:
    """A boolean, None where it is not declared."""
    value = node.get(key)
    return value.value if isinstance(value, Scalar) and isinstance(value.value, bool) else None


def _union(below: tuple[str, ...] | None, above: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if above is None:
        return below
    return tuple(dict.fromkeys(below + above)) if below and above else above


def _overlay_headers(
    below: Mapping[str, Header] | None, above: Mapping[str, Header] | None
) -> Mapping[str, Header] | None:
    if above is None:
        return below
    if not above:
        return above
    merged = {**(below or {}), **above}
    return {name: header for name, header in merged.items() if header.text is not None}


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
