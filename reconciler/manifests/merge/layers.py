"""Layers of a runner, and laying one over another.

A layer is what one mapping declares: defaults, a profile, or the runner itself. Header values stay references until
they are known to be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.manifests.merge.places import Places
from reconciler.manifests.yaml.nodes import Map, Seq
from reconciler.manifests.yaml.trail import dotted
from reconciler.model.fields.headers import fold
from reconciler.model.finding import Acceptance
from reconciler.model.position import Position

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.manifests.format.manifest import Layer
    from reconciler.manifests.yaml.nodes import Place


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A layer as one mapping declares it, and where.

    `label` is what people call it (`defaults in reconciler.yaml`, `profile a100`, `runner`), `path` what messages call
    it (`profiles.a100`). Paths of secrets in it start at `folder`.
    """

    label: str
    path: str
    file: str
    folder: Path
    node: Map
    layer: Layer

    def place(self, key: str) -> Position:
        """Return where the layer declares a key."""
        return Position(self.file, *self.node.key_at[key])


class Header(NamedTuple):
    """One header as declared in a file. `text` None drops it."""

    name: str
    text: str | None
    place: Place
    source: Source

    @property
    def at(self) -> Position:
        """The place of the value."""
        return Position(self.source.file, *self.place)

    @property
    def path(self) -> str:
        """What messages call this header."""
        return f"{self.source.path}.headers.{dotted((self.name,))}"


class Merged(NamedTuple):
    """What one layer, or several laid over one another, declares; None is not declared.

    `headers` maps lower-case names; while it is one layer's it may hold headers that drop. `places` has the key's place
    of all that is declared, also of what has a wrong value and is therefore None here.
    """

    endpoint: str | None = None
    tags: tuple[str, ...] | None = None
    headers: Mapping[str, Header] | None = None
    status: str | None = None
    wildcard: bool | None = None
    accept: tuple[Acceptance, ...] | None = None
    places: Places = Places("", {})


EMPTY: Final = Merged()


def declared(source: Source) -> Merged:
    """Give what one layer declares."""
    layer = source.layer
    return Merged(  # by position, in the order of its fields: it is done for every runner
        layer.endpoint,
        None if layer.tags is None else tuple(layer.tags),
        None if layer.headers is None else _headers(layer.headers, source),
        layer.status,
        layer.wildcard,
        None if layer.accept is None else _accepted(source),
        Places(source.file, source.node.key_at),
    )


def overlay(below: Merged, above: Merged) -> Merged:
    """Lay `above` over `below`.

    Scalars: above wins where it declares. Tags: below's, then above's, each once. Headers: merged by lower-case name,
    above wins, and one without a value drops. `accept`: both. An empty list or map above clears what is below:
    `tags: []` is no tags, whatever was inherited.
    """
    return Merged(
        endpoint=below.endpoint if above.endpoint is None else above.endpoint,
        tags=_union(below.tags, above.tags),
        headers=_overlay_headers(below.headers, above.headers),
        status=below.status if above.status is None else above.status,
        wildcard=below.wildcard if above.wildcard is None else above.wildcard,
        accept=below.accept if above.accept is None else above.accept and (below.accept or ()) + above.accept,
        places=above.places.over(below.places),
    )


def _headers(headers: Mapping[str, str | None], source: Source) -> dict[str, Header]:
    node = source.node["headers"]
    places = node.value_at if isinstance(node, Map) else {}
    return {fold(name): Header(name, text, places[name], source) for name, text in headers.items()}


def _accepted(source: Source) -> tuple[Acceptance, ...]:
    node = source.node["accept"]
    places = node.item_at if isinstance(node, Seq) else []
    return tuple(
        Acceptance(each.code, each.reason, each.until, Position(source.file, *at))
        for each, at in zip(source.layer.accept or (), places, strict=True)
    )


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
