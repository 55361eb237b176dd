"""What `render` shows: the effective runners, and for one of them where each part of it comes from."""

from __future__ import annotations

from dataclasses import asdict
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ManifestError, UsageProblem
from reconciler.manifests.documents import read_all
from reconciler.manifests.merge.compile import Compiler
from reconciler.manifests.merge.layers import EMPTY, declared, overlay
from reconciler.manifests.secrets.references import expand
from reconciler.manifests.yaml.nodes import Seq
from reconciler.model.enums import UnmanagedMode
from reconciler.model.fields.headers import NO_HEADERS
from reconciler.model.fields.kinds import Scalar
from reconciler.model.fields.table import FIELD, FIELD_NAMES, FIELDS
from reconciler.model.health import HealthPolicy
from reconciler.model.position import Position
from reconciler.model.results import Origin
from reconciler.model.watching import Mode, Watching
from reconciler.text.suggestions import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.manifests.merge.layers import Source
    from reconciler.manifests.project import Project
    from reconciler.model.finding import Acceptance
    from reconciler.model.policy import Limit
    from reconciler.model.position import Problem
    from reconciler.model.runner import Desired, DesiredRunner

KEPT: Final = "unmanaged (kept)"
NONE: Final = "(none)"


def effective(desired: Desired) -> list[dict[str, Any]]:
    """Give merged runners as plain data: secrets `(sensitive)` or as references, unmanaged fields by name."""
    return [_plain(runner) for runner in desired.runners]


def settings(project: Project) -> dict[str, Any]:
    """Give what the project file sets and that is not in its runners, as it would be written; no default is in it."""
    guard, health, watching = project.declared_guard, project.health, project.watching
    usual = HealthPolicy()
    limits = {name: _limit(getattr(guard, name)) for name in ("max_disables", "max_changes", "max_creates")}
    asked = {name.removesuffix("_s"): held for name, held in asdict(health).items() if held != getattr(usual, name)}
    severity = {code: str(each) if isinstance(each, str) else _words(each) for code, each in guard.severity.items()}
    found = {
        "public_headers": sorted(project.public_headers),
        "unmanaged": None if project.unmanaged == UnmanagedMode.REPORT else str(project.unmanaged),
        "unmanaged_scope": list(project.unmanaged_scope),
        "guard": _set(
            {
                **limits,
                "endpoint_hosts": None if guard.endpoint_hosts is None else list(guard.endpoint_hosts),
                "two_phase": None if guard.two_phase else False,
                "severity": severity or None,
            }
        ),
        "coverage": [{"tags": list(each.tags), "min_active": each.min_active} for each in project.promises],
        "health": asked,
        "demand": {"recent": project.demand} if project.demand else None,
        "managed": project.managed or None,
        "watch": _set(
            {
                "interval": None if watching.interval_s == Watching().interval_s else int(watching.interval_s),
                "mode": None if watching.mode == Mode.REPORT else str(watching.mode),
                "suspend": watching.suspend or None,
            }
        ),
    }
    return {name: held for name, held in found.items() if held}


def explain_runner(
    project: Project,
    paths: Sequence[str] = (),
    *,
    key: str,
    stdin: Callable[[], bytes] | None = None,
) -> tuple[Origin, ...]:
    """Find where every field, tag and header of the runner `key` comes from. Offline: secrets stay references.

    Raises ManifestError with every problem of the manifests, and UsageProblem when there is no such runner.
    """
    problems: list[Problem] = []
    documents = read_all(project, paths, problems, stdin=stdin)
    compiler = Compiler(project, None, problems)
    runners = {runner.key: runner for runner in compiler.compile(documents)}
    if problems:
        raise ManifestError(problems)
    if key not in runners:
        close = nearest(key, runners)
        raise UsageProblem(f"no runner {key!r} in the manifests" + (f"; did you mean {close}?" if close else ""))
    runner = runners[key]
    document = next(each for each in documents.documents if key in each.runner_places)
    own = document.own_layer(key, f"runners.{key}")
    stack = (*compiler.inheritance.sources(document, (document.manifest.runners or {})[key], own), own)
    return tuple(_origins(runner, stack, project.vars))


def _plain(runner: DesiredRunner) -> dict[str, Any]:
    plain: dict[str, Any] = {"key": runner.key, "file": runner.at.file, "line": runner.at.line}
    if runner.id is not None:
        plain["id"] = runner.id
    plain["name"] = runner.name
    if runner.former_name is not None:
        plain["former_name"] = runner.former_name
    plain["endpoint"] = runner.endpoint
    for name in dict.fromkeys(("tags", *FIELD_NAMES)):
        value = getattr(runner, name)
        if name not in plain and value is not None:
            plain[name] = FIELD[name].document(value, lambda _header, held: str(held))
    if runner.wildcard:
        plain["wildcard"] = True
    if runner.accept:
        plain["accept"] = [_acceptance(each) for each in runner.accept]
    plain["unmanaged"] = [name for name in FIELD_NAMES if not runner.declares(name)]
    return plain


def _set(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in held.items() if each is not None}


def _words(held: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(each) for name, each in held.items()}


def _limit(limit: Limit | None) -> str | int | None:
    return None if limit is None else str(limit) if limit.percent else int(limit.amount)


def _acceptance(accepted: Acceptance) -> dict[str, str]:
    until = {} if accepted.until is None else {"until": accepted.until.isoformat()}
    return {"code": accepted.code, "reason": accepted.reason, **until}


def _origins(runner: DesiredRunner, stack: Sequence[Source], variables: Mapping[str, str]) -> Iterator[Origin]:
    own = stack[-1]
    for name, value in (("id", runner.id), ("former_name", runner.former_name)):
        if value is not None:
            yield Origin(name, value, own.place(name), own.label)
    if "name" in own.node:
        yield Origin("name", runner.name, own.place("name"), own.label)
    else:
        yield Origin("name", runner.name, runner.at, "default: the key")
    yield _last("endpoint", runner.endpoint, stack)
    for name, items in (("headers", _headers(runner, stack)), ("tags", _tags(stack, variables))):
        if runner.declares(name):
            yield from items
    later = [field.name for field in FIELDS if isinstance(field, Scalar) and field.name not in ("name", "endpoint")]
    yield from (_last(name, getattr(runner, name), stack) for name in later if runner.declares(name))
    if runner.wildcard:
        yield _last("wildcard", "true", stack)
    for name in FIELD_NAMES:
        if not runner.declares(name):
            yield _released(name, runner, own)


def _last(name: str, value: str, stack: Sequence[Source]) -> Origin:
    """Find a scalar in the highest layer that declares it."""
    source = next(source for source in reversed(stack) if name in source.node)
    return Origin(name, value, source.place(name), source.label)


def _released(name: str, runner: DesiredRunner, own: Source) -> Origin:
    if name in runner.unmanaged:
        return Origin(name, KEPT, own.place("unmanaged"), own.label)
    return Origin(name, KEPT, None, "declared nowhere")


def _tags(stack: Sequence[Source], variables: Mapping[str, str]) -> list[Origin]:
    found: dict[str, Origin] = {}
    cleared: list[Origin] = []
    for source in stack:
        node = source.node.get("tags")
        if not isinstance(node, Seq):
            continue
        if not node:
            found.clear()
        cleared = [Origin("tags", NONE, source.place("tags"), source.label)]
        for text, at in zip(node, node.item_at, strict=True):
            tag = expand(str(text), variables)
            found.setdefault(tag, Origin("tags", tag, Position(source.file, *at), source.label))
    return list(found.values()) or cleared


def _headers(runner: DesiredRunner, stack: Sequence[Source]) -> list[Origin]:
    merged = reduce(overlay, map(declared, stack), EMPTY)
    last = next((source for source in reversed(stack) if "headers" in source.node), None)
    values = runner.headers or NO_HEADERS
    found = [
        Origin(f"headers.{header.name}", str(values[header.name]), header.at, header.source.label)
        for header in (merged.headers or {}).values()
        if header.name in values
    ]
    return found or ([Origin("headers", NONE, last.place("headers"), last.label)] if last else [])
