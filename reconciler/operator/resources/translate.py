"""Turns the spec of an Account into a project file, and that of a Runner into a manifest's entry.

Only spelling changes: names of keys, and headers, which are a list here. What a value may be is checked where manifests
are read, so what is of a wrong kind passes through. What can be wrong only in a resource is added to `problems`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from reconciler.manifests.format.manifest import Layer, Runner
from reconciler.manifests.format.model import is_model, plain
from reconciler.manifests.format.project import Guard, Settings
from reconciler.manifests.secrets.references import SECRET, VAR, BadReference, Reference, parse
from reconciler.manifests.yaml.trail import dotted, quoted
from reconciler.model.fields.table import FIELD_NAMES
from reconciler.model.finding import STRANDED as STRANDED_CODE
from reconciler.operator.resources.names import (
    CONNECTION,
    NOT_IN_ACCOUNTS,
    STATE,
    STATUS,
    STRANDED,
    WATCH,
    in_spec,
    keys_in_spec,
)
from reconciler.operator.resources.resource import SecretRef
from reconciler.text.suggestions import meant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Path = tuple[str | int, ...]

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""What Kubernetes takes for a secret's name (RFC 1123)."""
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_HEADER: Final = ("name", "value", "valueFrom")


@dataclass(frozen=True, slots=True)
class Translation:
    """A spec as the content of a file: what it `holds`, the `secrets` it refers to, and what is wrong with it."""

    holds: Mapping[str, Any]
    secrets: tuple[SecretRef, ...]
    problems: tuple[str, ...]


def translate_account(spec: Mapping[str, Any], namespace: str) -> Translation:
    """Return an Account as a project file."""
    work = _Work(namespace)
    known = {name: key for name, key in keys_in_spec(Settings).items() if key not in NOT_IN_ACCOUNTS}
    watch = {name: spec[name] for name in WATCH if name in spec}
    others = {name: value for name, value in spec.items() if name not in (*WATCH, *CONNECTION)}
    holds = work.mapping(Settings, known, others, ("spec",), also=(*WATCH, *CONNECTION))
    return work.done({"version": 1, **holds, **({"watch": watch} if watch else {})})


def translate_runner(spec: Mapping[str, Any], namespace: str, name: str) -> Translation:
    """Return a Runner as the entry of a manifest, called `name` unless it has a name of its own."""
    work = _Work(namespace)
    others = {key: value for key, value in spec.items() if key != "account"}
    holds = work.mapping(Runner, keys_in_spec(Runner), others, ("spec",), also=("account",))
    return work.done({"name": name, **holds})


@dataclass(slots=True)
class _Work:
    """One spec's translation. `namespace` is where its secrets are; a path says where in the spec something is."""

    namespace: str
    secrets: dict[SecretRef, None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def done(self, holds: Mapping[str, Any]) -> Translation:
        return Translation(holds, tuple(self.secrets), tuple(self.problems))

    def mapping(
        self,
        model: type[Any],
        known: Mapping[str, str],
        spec: Mapping[str, Any],
        path: Path,
        also: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """The mapping of a model. `also` are keys that are known, and were dealt with."""
        made: dict[str, Any] = {}
        types = model.keys()
        for name, value in spec.items():
            at = (*path, name)
            if name in known:
                key = known[name]
                read = self._special(model, key)
                made[key] = read(value, at) if read else self._read(plain(types[key].annotation), value, at)
            elif model is Guard and name == STRANDED:
                continue
            else:
                self._wrong(at, f"unknown key; {meant(name, sorted((*known, *also)))}")
        if model is Guard and STRANDED in spec:
            self._stranded(made, spec[STRANDED], (*path, STRANDED))
        return made

    def _special(self, model: type[Any], key: str) -> Callable[[Any, Path], Any] | None:
        """What reads a key that is no manifest's key by another name."""
        if issubclass(model, Layer):
            return {"headers": self._headers, "unmanaged": self._released}.get(key)
        return None

    def _read(self, kind: Any, value: Any, path: Path) -> Any:
        if is_model(kind) and isinstance(value, dict):
            return self.mapping(kind, keys_in_spec(kind), value, path)
        if get_origin(kind) is dict and isinstance(value, dict):
            inner = plain(get_args(kind)[1])
            return {name: self._read(inner, each, (*path, name)) for name, each in value.items()}
        if get_origin(kind) is list and isinstance(value, list):
            inner = plain(get_args(kind)[0])
            return [self._read(inner, each, (*path, index)) for index, each in enumerate(value)]
        return value

    def _stranded(self, guard: dict[str, Any], value: Any, path: Path) -> None:
        severity = guard.setdefault("severity", {})
        if isinstance(severity, dict):
            if STRANDED_CODE in severity:
                self._wrong(path, f"severity has {STRANDED_CODE} too; keep one of them")
            severity[STRANDED_CODE] = value

    def _released(self, value: Any, path: Path) -> Any:
        """The fields to release; a resource calls the status of a runner its state."""
        if not isinstance(value, list):
            return value
        made = []
        for index, each in enumerate(value):
            if each == STATUS:
                words = ", ".join(map(in_spec, FIELD_NAMES))
                self._wrong((*path, index), f"must be one of {words}; not {quoted(each)}")
            else:
                made.append(STATUS if each == STATE else each)
        return made

    def _headers(self, value: Any, path: Path) -> Any:
        """The list of headers as a mapping; one with something wrong is left out."""
        if not isinstance(value, list):
            self._wrong(path, "must be a list of headers, each with a name and with a value or valueFrom")
            return {}
        made: dict[str, Any] = {}
        first: dict[str, str] = {}
        for index, header in enumerate(value):
            at = (*path, index)
            if not isinstance(header, dict) or not isinstance(name := header.get("name"), str):
                self._wrong(at, "must be a header, with a name and with a value or valueFrom")
                continue
            other = first.setdefault(name.lower(), name)
            if other != name or name in made:
                alike = "is here twice" if other == name else f"differs from {quoted(other)} only in case"
                self._wrong(at, f"the header {quoted(name)} {alike}; keep one of them")
                continue
            try:
                made[name] = self._header(header, at)
            except _WrongHeader as exc:
                self._wrong(exc.path, exc.message)
        return made

    def _header(self, header: Mapping[str, Any], path: Path) -> Any:
        """A header's value as a manifest has it. No message repeats it: it may be a secret. Raises _WrongHeader."""
        for name in header.keys() - set(_HEADER):
            raise _WrongHeader((*path, name), f"unknown key; {meant(name, _HEADER)}")
        value, source = header.get("value"), header.get("valueFrom")
        if (value is None) == (source is None):
            raise _WrongHeader(path, "needs exactly one of value and valueFrom")
        if source is not None:
            return self._secret(source, (*path, "valueFrom"))
        if isinstance(value, str):
            _check_value(value, (*path, "value"))
        return value

    def _secret(self, source: Any, path: Path) -> str:
        """A reference to one key of a secret in the resource's own namespace. Raises _WrongHeader."""
        ref = source.get("secretKeyRef") if isinstance(source, dict) else None
        if not isinstance(ref, dict) or source.keys() != {"secretKeyRef"} or ref.keys() != {"name", "key"}:
            raise _WrongHeader(path, "must be secretKeyRef, with the name of a secret and a key in it")
        name, key = ref["name"], ref["key"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _WrongHeader((*path, "secretKeyRef", "name"), "is no name of a secret")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise _WrongHeader((*path, "secretKeyRef", "key"), "is no key of a secret")
        found = SecretRef(self.namespace, name, key)
        self.secrets[found] = None
        return str(Reference(SECRET, str(found)))

    def _wrong(self, path: Path, message: str) -> None:
        self.problems.append(f"{dotted(path)}: {message}")


class _WrongHeader(Exception):
    def __init__(self, path: Path, message: str) -> None:
        self.path, self.message = path, message
        super().__init__(message)


def _check_value(value: str, path: Path) -> None:
    """Refuse what would read the operator's own environment or disk, or a secret elsewhere. Raises _WrongHeader."""
    try:
        parts = parse(value)
    except BadReference:  # found again where manifests are read, which says what to do
        return
    for part in parts:
        if isinstance(part, Reference) and part.kind != VAR:
            message = "is not read here; take it from a secret by valueFrom.secretKeyRef, or write $${ for a literal ${"
            raise _WrongHeader(path, f"${{{part.kind}:…}} {message}")
