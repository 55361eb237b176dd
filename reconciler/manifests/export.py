"""Live runners as manifests: what `export` writes, so that a plan against it is "No changes"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.format.field_types import (
    check_endpoint,
    check_header_name,
    check_id,
    check_name,
    check_tag,
    check_text,
)
from reconciler.manifests.write import write_manifest, write_runner
from reconciler.model.fields.kinds import Scalar
from reconciler.model.fields.spec import MAX_TAGS
from reconciler.model.fields.table import FIELDS
from reconciler.model.results import Entry
from reconciler.model.secret import Secret
from reconciler.settings import OPTION_NAMES
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from reconciler.model.fields.headers import Headers
    from reconciler.model.runner import LiveRunner
    from reconciler.model.secret import HeaderValue

RESERVED_NAMES: Final = OPTION_NAMES | {"PLAN_KEY"}
_NOT_IN_KEYS: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_IN_VARIABLES: Final = re.compile(r"[^A-Z0-9]+")
_EMPTY: Final = Secret("")
ENTRY_FILE: Final = "runners.yaml"
"""What a manifest of all runners is called."""


@dataclass(frozen=True, slots=True)
class Export:
    """Each runner's entry by its key; the `variables` referred to; what was `left_out`, a line each."""

    entries: Mapping[str, Entry]
    variables: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def text(self) -> str:
        """One manifest of all entries."""
        return _manifest(self.entries)

    def split(self) -> dict[str, str]:
        """Return a manifest for each entry, by the name of its file."""
        return {f"{key}.yaml": _manifest({key: entry}) for key, entry in self.entries.items()}


def export_manifest(
    runners: Sequence[LiveRunner], *, headers: bool, inherit: bool = True, taken: Collection[str] = ()
) -> Export:
    """Make a manifest that declares every runner with its id; without `inherit` none of them takes any defaults.

    No entry gets a key of `taken`, which others have, nor one that differs from another's in case only.

    Header values are secrets: headers are left unmanaged and named in a comment, or with `headers` become references
    to environment variables. A field whose live value no manifest may hold (a control character, say) is left
    unmanaged; a runner whose id or endpoint is of that kind is left out and named.
    """
    entries: dict[str, Entry] = {}
    variables: dict[str, None] = {}
    left_out: list[str] = []
    keys = {key.casefold() for key in taken}
    for runner in sorted(runners, key=lambda each: (each.spec.name, each.id)):
        if check_id(runner.id):
            left_out.append(f"{runner.id}: its id is no UUID; it stays unmanaged")
            continue
        if problem := check_endpoint(runner.spec.endpoint):
            left_out.append(f"{runner.id}: its endpoint can't be in a manifest ({problem}); it stays unmanaged")
            continue
        key = _key(runner.spec.name, keys)
        keys.add(key.casefold())
        entry, notes = _entry(key, runner, variables if headers else None)
        if not inherit:
            entry["inherit"] = False
        entries[key] = Entry(entry, tuple(notes))
    return Export(entries, tuple(variables), tuple(left_out))


def _manifest(entries: Mapping[str, Entry]) -> str:
    lines = (line for key, entry in entries.items() for line in _lines(key, entry))
    return "".join(f"{line}\n" for line in write_manifest(lines))


def _lines(key: str, entry: Entry) -> Iterator[str]:
    yield from write_runner(key, entry.fields)
    yield from (f"    # {note}" for note in entry.notes)


def _entry(key: str, runner: LiveRunner, variables: dict[str, None] | None) -> tuple[dict[str, Any], list[str]]:
    """One runner's entry and the notes below it. References are added to `variables`; None leaves headers out."""
    entry: dict[str, Any] = {"id": runner.id}
    notes: list[str] = []
    if problem := check_name(runner.spec.name):
        entry["unmanaged"] = ["name"]
        notes.append(f"name is left unmanaged: {problem}")
    elif runner.spec.name != key:
        entry["name"] = _literal(runner.spec.name)
    entry["endpoint"] = _literal(runner.spec.endpoint)
    tags = list(dict.fromkeys(runner.spec.tags))
    if len(tags) > MAX_TAGS or any(check_tag(tag) for tag in tags):
        notes.append("tags are left unmanaged: a manifest can't hold them")
    else:
        entry["tags"] = [_literal(tag) for tag in tags]
        if not tags:
            entry["wildcard"] = True
    for field in FIELDS:
        value = field.of(runner.spec)
        if not isinstance(field, Scalar) or field.name in ("name", "endpoint"):
            continue
        if field.can_send(value):
            entry[field.name] = _literal(value)
        else:
            notes.append(f"{field.name} is left unmanaged: it is a value unknown to this version")
    if runner.spec.headers:
        if variables is None or not _can_hold(runner.spec.headers):
            notes.append(f"headers are left unmanaged: {', '.join(map(show_hidden, runner.spec.headers))}")
        else:
            entry["headers"] = {
                name: _value(key, name, value, variables) for name, value in runner.spec.headers.items()
            }
    return entry, notes


def _can_hold(headers: Headers) -> bool:
    """Whether a manifest may declare these headers, and a variable, or the manifest itself, hold their values."""
    if any(map(check_header_name, headers)) or len(headers.spellings) < len(headers):
        return False
    return not any(
        check_text(value) if isinstance(value, str) else isinstance(value, Secret) and value.is_unsendable
        for value in headers.values()
    )


def _value(key: str, header: str, value: HeaderValue, variables: dict[str, None]) -> str:
    """A public value as it is; for a secret one a reference to a variable of its own, which can't be an empty one."""
    if isinstance(value, str):
        return _literal(value)
    if value == _EMPTY:
        return ""
    base = _NOT_IN_VARIABLES.sub("_", f"{key}_{header}".upper())
    name, number = base, 2
    while name in RESERVED_NAMES or f"RECONCILER_{name}" in variables:
        name, number = f"{base}_{number}", number + 1
    variables[f"RECONCILER_{name}"] = None
    return f"${{env:RECONCILER_{name}}}"


def _key(name: str, taken: set[str]) -> str:
    base = _NOT_IN_KEYS.sub("-", name).strip("-._")[:90] or "runner"
    key, number = base, 2
    while key.casefold() in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def _literal(text: str) -> str:
    return text.replace("${", "$${")
