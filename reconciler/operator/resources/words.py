"""Says a problem in the words of the resource that it is about: where in its spec, instead of in a file."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from reconciler.operator.resources.files import FOLDER, PROJECT, resource_of
from reconciler.operator.resources.names import in_spec
from reconciler.operator.resources.resource import Ref, key_of

if TYPE_CHECKING:
    from reconciler.model.position import Problem

_PLACE: Final = re.compile(rf"(?:\S+ at )?{FOLDER}/([^/\s]+)/([^/\s]+)\.yaml(?::[0-9]+){{1,2}}")
_IN_ACCOUNT: Final = re.compile(rf"(?:at |in )?{re.escape(PROJECT)}(?::[0-9]+){{1,2}}")
_SECRET: Final = re.compile(r"\$\{secret:([^/}]+/[^/}]+)/([^/}]+)\}")
_STEP: Final = re.compile(r"([a-z_-]+)((?:\[[0-9]+\])?)(?:\.(.+))?")
_PHRASES: Final = (
    ("${env:NAME}, ${file:PATH} or ${var:NAME}", "${var:NAME}"),
    ("declare it under vars in the project file, or give --var", "declare it under vars in the Account"),
    ("declare it under profiles in this file or in the project file", "declare it under profiles in the Account"),
    ("the project file", "the Account"),
    ("or refer to it as ${env:…} or ${file:…}", "or refer to a secret by valueFrom"),
)


def words_of(problem: Problem) -> str:
    """What is wrong and where in the spec: `spec.formerName: a name must not be empty`."""
    ref = resource_of(problem.at.file)
    path, message = _split(problem.message, ref)
    for phrase, instead in _PHRASES:
        message = message.replace(phrase, instead)
    message = _PLACE.sub(r"the Runner \1/\2", _IN_ACCOUNT.sub("in the Account", message))
    message = _SECRET.sub(r"the key \2 of the secret \1", message)
    message = _keys().sub(lambda found: in_spec(found[0]), message)
    return f"{path}: {message}" if path else message


def refs_of(problem: Problem) -> tuple[Ref | None, ...]:
    """The resources that a problem is about (None: the Account): for what is there twice, both of them."""
    others = [Ref(*found.groups()) for found in _PLACE.finditer(problem.message)]
    return tuple(dict.fromkeys((resource_of(problem.at.file), *others)))


def _split(text: str, ref: Ref | None) -> tuple[str, str]:
    """Where in the spec, and what about it. What the translation found has a path of the spec already."""
    from reconciler.manifests.format.manifest import Runner
    from reconciler.manifests.format.project import Settings

    path, colon, message = text.partition(": ")
    if not colon or path.startswith("spec"):
        return path if colon else "", message if colon else text
    if ref is None:
        steps = _spec_path(path.removeprefix("watch."), Settings)
    else:
        own = f"{FOLDER}.{key_of(ref)}"
        steps = _spec_path(path.removeprefix(own).removeprefix("."), Runner) if path.startswith(own) else None
    return ("", text) if steps is None else (".".join(filter(None, ("spec", steps))), message)


def _spec_path(path: str, kind: Any) -> str | None:
    """A path with the keys of a resource; None where it is no path. Keys of maps are kept, and all below them."""
    from reconciler.manifests.format.model import is_model, plain
    from reconciler.manifests.format.project import Watch

    if not path:
        return ""
    found = _STEP.fullmatch(path)
    if not found or not is_model(kind):
        return path if is_model(kind) is False else None
    key, index, rest = found.groups()
    keys = {**Watch.keys(), **kind.keys()}
    if key not in keys:
        return None
    inner = plain(keys[key].annotation)
    inner = plain(get_args(inner)[0]) if index and get_origin(inner) is list else inner
    if not rest:
        return in_spec(key) + index
    if get_origin(inner) is dict and is_model(plain(get_args(inner)[1])):
        return f"{in_spec(key)}.{_in_map(rest, plain(get_args(inner)[1]))}"
    return f"{in_spec(key)}{index}.{_spec_path(rest, inner) if is_model(inner) else rest}"


def _in_map(path: str, model: Any) -> str:
    """The name of a profile, which may have dots, and the path below it."""
    found = re.fullmatch(rf"(.+?)\.((?:{'|'.join(model.keys())})(?![\w-]).*)", path)
    return path if found is None else f"{found[1]}.{_spec_path(found[2], model)}"


@cache
def _keys() -> re.Pattern[str]:
    """Every key of several words that a resource has in another spelling."""
    from reconciler.manifests.format.manifest import Runner
    from reconciler.manifests.format.project import Guard, Health, Promise, Settings

    models = (Runner, Settings, Guard, Health, Promise)
    return re.compile(rf"\b(?:{'|'.join(key for model in models for key in model.keys() if '_' in key)})\b")  # noqa: SIM118 - a method of the model, not a dict's
