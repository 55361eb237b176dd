"""Writes runners as resources, for `export` and `render` with `--format kubernetes`: the way back from `translate`.

What is written, read by the operator with the secrets that are named, plans no change. No secret is in it: a header's
value becomes a reference to a key of one secret, SECRET, except where the header is public.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from reconciler.manifests.format.model import is_model, plain
from reconciler.manifests.format.project import Settings
from reconciler.manifests.secrets.references import VAR, Reference, parse
from reconciler.manifests.write import write_documents
from reconciler.model.finding import STRANDED as STRANDED_CODE
from reconciler.model.secret import REDACTED
from reconciler.operator.resources.names import STATE, STATUS, STRANDED, TOKEN_KEY, in_spec
from reconciler.operator.resources.resource import DEFAULT_ACCOUNT, GROUP, VERSION
from reconciler.operator.resources.schema_parts import MAX_HEADER_NAME, MAX_HEADER_VALUE, MAX_HEADERS
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.model.results import Effective, Exported

SECRET: Final = "runner-headers"  # noqa: S105 - the name of a secret
_TOKEN_SECRET: Final = "comfycontrol"  # noqa: S105 - the name of a secret
_REFERENCE: Final = re.compile(r"\$\{(?:env|file):([^}]*)\}")
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")
_NOT_IN_KEYS: Final = re.compile(r"[^-._a-zA-Z0-9]+")
_LONGEST_NAME: Final = 200
_LONGEST_KEY: Final = 240
_PLACE: Final = ("key", "file", "line")


@dataclass(frozen=True, slots=True)
class Written:
    """Resources as YAML; `keys` of the secret SECRET that they refer to, and what each is to hold, as it is shown."""

    text: str
    keys: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Keys:
    """The keys of the secret, each for one value."""

    held: dict[str, str] = field(default_factory=dict)

    def of(self, shown: str, wanted: str) -> str:
        """The key for a value: the one that it has already, else the wanted one, numbered where that is taken."""
        base = _NOT_IN_KEYS.sub("-", wanted).strip("-.")[:_LONGEST_KEY] or "value"
        key, number = base, 2
        while self.held.get(key, shown) != shown:
            key, number = f"{base}-{number}", number + 1
        self.held[key] = shown
        return key


def write_exported(exported: Exported) -> Written:
    """Write live runners; the Account, which no live runner says anything about, is a comment."""
    keys = _Keys()
    names = _names(exported.entries)
    blocks = [_stub()]
    lost: list[str] = []
    for key, entry in exported.entries.items():
        spec, notes = _runner_spec(names[key], entry.fields, keys, lambda _header, text: not _refers(text))
        notes = [*entry.notes, *notes]
        lost += [f"{key}: {note}" for note in notes]
        blocks.append([*(f"# {note}" for note in notes), *write_documents([_resource("Runner", names[key], spec)])])
    return Written(_stream(blocks), keys.held, tuple(lost))


def write_effective(effective: Effective) -> Written:
    """Write merged runners, and the project file as an Account; it is called as the environment is."""
    keys = _Keys()
    names = _names(each["key"] for each in effective.runners)
    account = _name(effective.environment) if effective.environment else DEFAULT_ACCOUNT
    public = {name.lower() for name in effective.settings.get("public_headers", ())}
    blocks = [list(write_documents([_resource("Account", account, _account_spec(effective.settings))]))]
    lost: list[str] = []
    for runner in effective.runners:
        own = names[runner["key"]]
        fields = {key: _escaped(held) for key, held in runner.items() if key not in (*_PLACE, "headers", "unmanaged")}
        kept = [each for each in runner.get("unmanaged", ()) if each in fields]
        fields |= {"unmanaged": kept} if kept else {}
        if "headers" in runner:
            fields["headers"] = {
                header: _escaped(text) if header.lower() in public else text
                for header, text in runner["headers"].items()
            }
        spec, notes = _runner_spec(own, fields, keys, lambda header, _text: header.lower() in public)
        lost += [f"{runner['key']}: {note}" for note in notes]
        spec = spec if account == DEFAULT_ACCOUNT else {"account": account, **spec}
        blocks.append([*(f"# {note}" for note in notes), *write_documents([_resource("Runner", own, spec)])])
    return Written(_stream(blocks), keys.held, tuple(lost))


def _stream(blocks: Iterable[Iterable[str]]) -> str:
    return "---\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _resource(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def _stub() -> list[str]:
    """An Account to begin with, as a comment."""
    account = _resource("Account", DEFAULT_ACCOUNT, {**_token(), "mode": "report"})
    lines = write_documents([account])
    return ["# The account of these runners, unless there is one already:", *(f"# {line}" for line in lines)]


def _token() -> dict[str, Any]:
    return {"tokenSecretRef": {"name": _TOKEN_SECRET, "key": TOKEN_KEY}}


def _account_spec(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The spec that is translated to these settings of a project file."""
    others = {name: held for name, held in settings.items() if name != "watch"}
    spec: dict[str, Any] = _in_spec(Settings, others)
    severity = spec.get("guard", {}).get("severity", {})
    if isinstance(severity.get(STRANDED_CODE), dict):
        spec["guard"][STRANDED] = severity.pop(STRANDED_CODE)
    return {**_token(), **settings.get("watch", {}), **spec}


def _in_spec(kind: Any, held: Any) -> Any:
    """A value with its keys as a resource has them."""
    if is_model(kind):
        types = kind.keys()
        return {in_spec(name): _in_spec(plain(types[name].annotation), each) for name, each in held.items()}
    if get_origin(kind) is list:
        return [_in_spec(plain(get_args(kind)[0]), each) for each in held]
    return held


def _runner_spec(
    name: str, entry: Mapping[str, Any], keys: _Keys, is_public: Callable[[str, str], bool]
) -> tuple[dict[str, Any], list[str]]:
    """The spec that is translated to an entry, but for headers' values that are secret; and what is to be noted."""
    spec: dict[str, Any] = {}
    notes: list[str] = []
    for key, held in entry.items():
        if key == "headers":
            public = {header: text for header, text in held.items() if is_public(header, text)}
            if wrong := _too_much(held, public):
                notes.append(f"headers are left unmanaged: {wrong}: {', '.join(map(show_hidden, held))}")
                continue
            spec[key] = [
                {"name": header, **({"value": text} if header in public else _from_secret(name, header, text, keys))}
                for header, text in held.items()
            ]
        elif key == "unmanaged":
            spec[key] = [STATE if each == STATUS else each for each in held]
        else:
            spec[in_spec(key)] = held
    return spec, notes


def _too_much(headers: Mapping[str, str], public: Mapping[str, str]) -> str | None:
    """Why a Runner can't hold these headers."""
    if len(headers) > MAX_HEADERS:
        return f"{len(headers)} of them, a Runner holds at most {MAX_HEADERS}"
    if any(len(name) > MAX_HEADER_NAME for name in headers):
        return f"a name in a Runner has at most {MAX_HEADER_NAME} characters"
    if any(len(text) > MAX_HEADER_VALUE for text in public.values()):
        return f"a public value in a Runner has at most {MAX_HEADER_VALUE} characters"
    return None


def _from_secret(name: str, header: str, shown: str, keys: _Keys) -> dict[str, Any]:
    """A reference to the key that holds the whole value, named after what a manifest takes it from."""
    found = _REFERENCE.findall(shown)
    if REDACTED in shown or not found:
        shown, wanted = f"the value of {header}" if shown == REDACTED else shown, f"{name}.{header}"
    else:
        wanted = found[0] if _REFERENCE.fullmatch(shown) else ".".join((header, *found))
    return {"valueFrom": {"secretKeyRef": {"name": SECRET, "key": keys.of(shown, wanted)}}}


def _refers(text: str) -> bool:
    """Whether a text of a manifest refers to what is no variable."""
    return any(isinstance(part, Reference) and part.kind != VAR for part in parse(text))


def _names(keys: Iterable[str]) -> dict[str, str]:
    """A name for each key, no two alike."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        base = _name(key)
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        names[key] = name
    return names


def _name(key: str) -> str:
    """A key as Kubernetes takes it for a name (RFC 1123)."""
    return _NOT_IN_NAMES.sub("-", key.lower()).strip("-")[:_LONGEST_NAME] or "runner"


def _escaped(held: Any) -> Any:
    """Texts with what a resource would expand escaped."""
    if isinstance(held, dict):
        return {name: _escaped(each) for name, each in held.items()}
    if isinstance(held, list):
        return [_escaped(each) for each in held]
    return held.replace("${", "$${") if isinstance(held, str) else held
