"""Header values: from references to what is sent, a secret, or what is not known here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.manifests.format.problems import add_problem
from reconciler.manifests.secrets.allowed import check_path, check_variable
from reconciler.manifests.secrets.references import (
    ENV,
    NO_REFERENCE,
    SECRET,
    VAR,
    BadReference,
    Reference,
    parse,
    variable,
)
from reconciler.model.position import Problem
from reconciler.model.secret import REDACTED, Literal, Secret, Unresolved
from reconciler.ports import ClusterSecrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.manifests.merge.layers import Header
    from reconciler.manifests.project import Project
    from reconciler.model.secret import HeaderValue
    from reconciler.ports import SecretSource

_SCHEME: Final = re.compile(r"(?:Bearer|Basic|Token|ApiKey) ", re.IGNORECASE)
"""Words before a credential that are no secret themselves (RFC 9110, 11.1, and two that are in wide use)."""
_EMPTY: Final = Secret("")


class Resolved(NamedTuple):
    """Headers by the names to send; `shown` has the same names with references in place of values, for the digest."""

    values: Mapping[str, HeaderValue]
    shown: Mapping[str, str]


class HeaderValues:
    """Resolves header values, each text once. What is wrong is added to `problems`.

    `secrets` None means offline: what refers to a secret stays Unresolved. With `unresolved_allowed` so does what is
    not set or not there. `complete` turns False when a value stays Unresolved.
    """

    def __init__(
        self, project: Project, secrets: SecretSource | None, problems: list[Problem], *, unresolved_allowed: bool
    ) -> None:
        self.complete = True
        self._project = project
        self._secrets = secrets
        self._problems = problems
        self._unresolved_allowed = unresolved_allowed
        self._roots = project.secret_roots
        self._public = project.public_headers
        self._known: dict[tuple[str, Path, bool], tuple[HeaderValue, str] | str] = {}
        self._literals: dict[str, Literal] = {}
        self._inherited: dict[int, tuple[Mapping[str, Header], Resolved]] = {}

    def resolve_inherited(self, headers: Mapping[str, Header]) -> Resolved:
        """Resolve a map that many runners share, once."""
        cached = self._inherited.get(id(headers))
        if cached is None:  # with the map itself, so that its id is not used again
            cached = self._inherited[id(headers)] = headers, self.resolve(headers)
        return cached[1]

    def resolve(self, headers: Mapping[str, Header]) -> Resolved:
        """Resolve a merged header map; a value that can't be had is left out and reported."""
        values: dict[str, HeaderValue] = {}
        shown: dict[str, str] = {}
        for lower, header in headers.items():
            name = header.name
            text = header.text or ""
            public = lower in self._public
            if "${" not in text:
                values[name], shown[name] = (text, text) if public else (self._literal(text), REDACTED)
                continue
            key = text, header.source.folder, public
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = self._expand(*key)
            if isinstance(known, tuple):
                values[name], shown[name] = known
            else:
                add_problem(self._problems, Problem(header.at, f"{header.path}: {known}"))
        return Resolved(values, shown)

    def _literal(self, text: str) -> Literal:
        """Give one object for each text: many runners have the same, and what is identical is compared at once."""
        known = self._literals.get(text)
        if known is None:
            known = self._literals[text] = Literal(text)
        return known

    def _expand(self, text: str, folder: Path, public: bool) -> tuple[HeaderValue, str] | str:
        """The value and how it is shown, or what is wrong: no exception is kept, for its frames hold the pieces."""
        try:
            return self._public_text(parse(text)) if public else self._join(parse(text), folder)
        except BadReference as exc:
            return str(exc)

    def _public_text(self, parts: list[str | Reference]) -> tuple[str, str]:
        """The text of a public header: no list of public headers may print a secret, so there is none in it."""
        secret = next((part for part in parts if isinstance(part, Reference) and part.kind != VAR), None)
        if secret is not None:
            raise BadReference(
                f"{secret}: the project file lists this header under public_headers, and its value is shown; take it "
                "off that list, or write text and ${var:NAME} only"
            )
        variables = self._project.vars
        text = "".join(part if isinstance(part, str) else variable(part, variables) for part in parts)
        shown = "".join(map(str, parts))
        _check(Secret(text), shown)
        return text, shown

    def _join(self, parts: list[str | Reference], folder: Path) -> tuple[HeaderValue, str]:
        shown = _show(parts)
        pieces: list[str | Secret] = []
        known = True
        for part in parts:
            piece = part if isinstance(part, str) else self._piece(part, folder)
            if piece is None:
                known = False
            else:
                pieces.append(piece)
        written_out = not any(isinstance(part, Reference) and part.kind != VAR for part in parts)
        value = (Literal if written_out else Secret).join(pieces)
        if not known and not value.is_unsendable:
            self.complete = False
            return Unresolved(shown), shown
        _check(value, shown)
        return value, shown

    def _piece(self, reference: Reference, folder: Path) -> str | Secret | None:
        """Return the value of a reference; None where it may stay unknown. Raises BadReference."""
        project = self._project
        if reference.kind == VAR:
            return variable(reference, project.vars)
        if reference.kind == ENV:
            given = self._secrets is not None and self._secrets.is_given(reference.name)
            check_variable(reference.name, allowed=project.env_allow, tokens=project.token_variables, given=given)
            value = self._secrets.env(reference.name) if self._secrets else None
            missing = "is not set in the environment" if value is None else "is set but empty"
        elif reference.kind == SECRET:
            if not isinstance(self._secrets, ClusterSecrets):
                raise BadReference(NO_REFERENCE)
            value = self._secrets.secret(reference.name)
            missing = "names no secret or no key in it" if value is None else "names a key that is empty"
        else:
            path = check_path(reference.name, base=folder, roots=self._roots)
            try:
                value = self._secrets.file(path) if self._secrets else None
            except BadReference as exc:
                raise BadReference(f"{reference}: {exc}") from exc
            missing = "names a file that is not there" if value is None else "names an empty file"
        if value is not None and value != _EMPTY:
            return value
        if self._secrets is not None and not self._unresolved_allowed:
            raise BadReference(f"{reference} {missing}")
        return None


def _check(value: Secret, shown: str) -> None:
    """Refuse what can't be sent, and what is no value but was copied from where one is hidden. Raises BadReference."""
    if value.is_redacted:
        raise BadReference(f"the value of {shown} is {REDACTED}, shown in place of a value; set the value")
    if value.is_unsendable:
        raise BadReference(f"the value of {shown} holds a control character, such as a line break, or is not UTF-8")


def _show(parts: list[str | Reference]) -> str:
    """References as they are written, other text redacted: it may be half of a secret."""
    pieces = []
    for index, part in enumerate(parts):
        shown = isinstance(part, Reference) or (index == 0 and _SCHEME.fullmatch(part))
        pieces.append(str(part) if shown else REDACTED)
    return "".join(pieces)
