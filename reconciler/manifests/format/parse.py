"""YAML nodes to typed models: every problem in one pass, each at its place, in words of our own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, get_args

from pydantic import ValidationError

from reconciler.manifests.format.model import Model, is_model, plain
from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.format.values import ALREADY, BAD_KEY, PROBLEM, TWINS, Context, unexpected
from reconciler.manifests.yaml.nodes import INT, Map, Scalar, Seq
from reconciler.manifests.yaml.trail import dotted, quoted
from reconciler.model.position import Position, Problem
from reconciler.text.suggestions import meant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from reconciler.manifests.yaml.nodes import Node, Place

MAX_SUGGESTIONS: Final = 200
"""Problems of a run after which no nearest word is sought: it takes longer than everything else."""

MAX_AT_ONCE: Final = 20_000
"""Problems of one document that are spelled out; of one with more, only a part is read."""

_WHOLE: Final = 64
"""Keys or items up to which a mapping or list stays whole at first, when only a part is read."""

M = TypeVar("M", bound=Model)
Path = tuple[str | int, ...]
_VERSION_1: Final = Scalar(INT, "1", 1)
_KEPT: Final[dict[str | int, Any]] = {}
_CONTAINERS: Final = {
    "model_type": ("a mapping", "{}"),
    "dict_type": ("a mapping", "{}"),
    "list_type": ("a list", "[]"),
}


class Parsed(NamedTuple):
    """One message and its place; `path` is what it is about, and what is left out when reading goes on."""

    at: Place
    path: Path
    message: str


def parse(
    model: type[M],
    node: Map,
    file: str,
    problems: list[Problem],
    *,
    variables: Mapping[str, str] | None = None,
    path: str = "",
) -> tuple[M, Map]:
    """Parse the model of a mapping. What is wrong is added to `problems`; what is right is read all the same.

    Gives the mapping too, without what is wrong: its keys still have their places, so that a key with a wrong value is
    known to be declared. `variables` None leaves texts unexpanded; `path` is how messages call the mapping.
    """
    context = Context(variables)
    reported: set[tuple[Place, str]] = set()  # many aliases may lead to one problem
    least = _WHOLE
    while True:
        try:
            made = model.model_validate(node, context=context)
            break
        except ValidationError as error:
            if error.error_count() > MAX_AT_ONCE:
                node, least = _part(node, 1 + error.error_count() // MAX_AT_ONCE, least), least // 2
                continue
            details = error.errors(include_url=False)
        cuts: dict[str | int, Any] = {}
        for each in details:
            for at, here, message in _messages(model, node, each, len(problems) < MAX_SUGGESTIONS):
                full = ".".join(part for part in (path, dotted(here)) if part)
                found = Problem(Position(file, *at), f"{full}: {message}" if full else message)
                if (at, message) not in reported and add_problem(problems, found):
                    reported.add((at, message))
            if each["type"] != BAD_KEY:
                _mark(cuts, _left_out(model, each["loc"]) or ("version",))
        context.again = True
        node = _without(node, cuts)
        if "version" in cuts:
            node["version"] = _VERSION_1
    if least < _WHOLE:
        more = f"more than {MAX_AT_ONCE:,} problems in one document; the others show when those listed are corrected"
        add_problem(problems, Problem(Position(file, *node.at), more))
    return made, node


def empty_document() -> Map:
    """Return a document that declares nothing but its version."""
    node = Map((1, 1))
    node["version"] = _VERSION_1
    return node


def _messages(model: type[Model], node: Map, error: ErrorDetails, suggests: bool) -> Iterator[Parsed]:
    """What to say about one of pydantic's errors: its own words are never shown."""
    kind, path = error["type"], error["loc"]
    if kind == PROBLEM:
        yield Parsed(_place(node, path), path, error["ctx"]["message"])
    elif kind == BAD_KEY:
        yield Parsed(_key_place(node, path[:-1]), path[:-1], error["ctx"]["message"])
    elif kind == TWINS:
        twins: Any = _at(node, path)
        for name, other in error["ctx"]["twins"]:
            line = twins.key_at[other][0]
            message = f"differs from {quoted(other)} at line {line} only in case, and names are the same in any case"
            yield Parsed(twins.key_at[name], (*path, name), f"{message}; keep one of them")
    elif kind == "missing":
        yield Parsed(_place(node, path[:-1]), path[:-1], _missing(_model_at(model, path[:-1]), str(path[-1])))
    elif kind == "extra_forbidden":
        key, owner = str(path[-1]), _model_at(model, path[:-1])
        message = owner.elsewhere.get(key) or f"unknown key; {meant(key, list(owner.keys()), seek=suggests)}"
        yield Parsed(_key_place(node, path), path, message)
    elif kind != ALREADY:
        what, empty = _CONTAINERS[kind]
        wrong = unexpected(what, error["input"], empty=empty)
        if wrong.type != ALREADY:
            yield Parsed(_place(node, path), path, wrong.message())


def _missing(model: type[Model], key: str) -> str:
    example = (model.keys()[key].examples or [""])[0]
    return f"{key} is missing; add it, such as `{key}: {example if isinstance(example, str) else json.dumps(example)}`"


def _model_at(model: type[Model], path: Path) -> type[Model]:
    """The model of the mapping at a path."""
    found: type[Model] = _type_at(model, path)
    return found


def _type_at(model: type[Model], path: Path) -> Any:
    """The type of what is at a path: a model, a list, a dict or what a value becomes."""
    found: Any = model
    for part in path:
        found = plain(found.keys()[part].annotation if is_model(found) else get_args(found)[-1])
    return found


def _left_out(model: type[Model], path: Path) -> Path:
    """The least that can be left out for a wrong value: with a required key, the mapping that can't be without it."""
    owner = _type_at(model, path[:-1])
    field = owner.keys().get(path[-1]) if is_model(owner) else None
    return path[:-1] if field is not None and field.is_required() else path


def _part(node: Any, step: int, least: int) -> Any:
    """Every so many-th part of what has more than `least`: a hostile file's problems would take more than the file."""
    if not isinstance(node, Map | Seq):
        return node
    step_here = step if len(node) > least else 1
    if isinstance(node, Map):
        mapping = Map(node.at)
        mapping.key_at, mapping.value_at = node.key_at, node.value_at
        mapping.update((key, _part(node[key], step, least)) for key in list(node)[::step_here])
        return mapping
    sequence = Seq(node.at)
    sequence.extend(_part(each, step, least) for each in node[::step_here])
    sequence.item_at = node.item_at[::step_here]
    return sequence


def _at(node: Node, path: Path) -> Node:
    """The node at a path."""
    found: Any = node
    for part in path:
        found = found[part]
    at: Node = found
    return at


def _place(node: Map, path: Path) -> Place:
    """The place of the value at a path."""
    if not path:
        return node.at
    owner = _at(node, path[:-1])
    if isinstance(owner, Seq):
        return owner.item_at[int(path[-1])]
    return owner.value_at[str(path[-1])] if isinstance(owner, Map) else node.at


def _key_place(node: Map, path: Path) -> Place:
    """The place of the key that a path ends with."""
    owner = _at(node, path[:-1])
    return owner.key_at[str(path[-1])] if isinstance(owner, Map) else node.at


def _mark(cuts: dict[str | int, Any], path: Path) -> None:
    """Note that the part at a path is to be left out, unless what holds it is."""
    for part in path[:-1]:
        below = cuts.setdefault(part, {})
        if below is None:
            return
        cuts = below
    cuts[path[-1]] = None


def _without(node: Node, cuts: Mapping[str | int, Any]) -> Any:
    """A copy without the parts at which `cuts` end. Keys keep their places, also those that are left out."""
    if isinstance(node, Map):
        mapping = Map(node.at)
        mapping.key_at, mapping.value_at = node.key_at, node.value_at
        for key, value in node.items():
            if cuts.get(key, _KEPT) is not None:
                mapping[key] = _without(value, cuts[key]) if key in cuts else value
        return mapping
    listed: Any = node
    sequence = Seq(listed.at)
    for index, value in enumerate(listed):
        if cuts.get(index, _KEPT) is not None:
            sequence.append(_without(value, cuts[index]) if index in cuts else value)
            sequence.item_at.append(listed.item_at[index])
    return sequence
