"""Header values: from references to what is sent, a secret, or what is not known here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.manifests.interpolate import ENV, VAR, BadReference, Reference, parse, variable
from reconciler.manifests.sources import check_path, check_variable
from reconciler.model.position import Problem
from reconciler.model.secret import REDACTED, Secret, Unresolved, publish

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifests.merge import Header
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
    """Resolves header values, each declaration once. What is wrong is added to `problems`.

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
        self._known: dict[Header, tuple[HeaderValue, str] | None] = {}
        self._maps: dict[int, tuple[Mapping[str, Header], Resolved]] = {}

    def resolve(self, headers: Mapping[str, Header]) -> Resolved:
        """The values of a merged header map; one that could not be had is left out, its problem told."""
        cached = self._maps.get(id(headers))
        if cached is not None and cached[0] is headers:
            return cached[1]
        values: dict[str, HeaderValue] = {}
        shown: dict[str, str] = {}
        for header in headers.values():
            try:
                known = self._known[header]
            except KeyError:
                known = self._known[header] = self._value(header)
            if known is not None:
                values[header.name], shown[header.name] = known
        resolved = Resolved(values, shown)
        self._maps[id(headers)] = (headers, resolved)  # with the map itself, so that its id is not used again
        return resolved

    def _value(self, header: Header) -> tuple[HeaderValue, str] | None:
        text = header.text or ""
        public = header.name.lower() in self._project.public_headers
        if "${" not in text:
            return (text, text) if public else (Secret(text), REDACTED)
        try:
            return self._expand(header, parse(text), public=public)
        except BadReference as exc:
            self._problems.append(Problem(header.at, f"{header.path}: {exc}"))
            return None

    def _expand(self, header: Header, parts: list[str | Reference], *, public: bool) -> tuple[HeaderValue, str]:
        shown = _show(parts, public=public)
        pieces: list[str | Secret] = []
        known = True
        for part in parts:
            piece = part if isinstance(part, str) else self._piece(part, header)
            if piece is None:
                known = False
            else:
                pieces.append(piece)
        value = Secret.join(pieces)
        if not known and not value.has_control_character:
            self.complete = False
            return Unresolved(shown), shown
        if value.has_control_character:
            raise BadReference(f"the value of {shown} holds a control character, such as a line break")
        return (publish(value) if public else value), shown

    def _piece(self, reference: Reference, header: Header) -> str | Secret | None:
        """What a reference stands for; None where it may stay unknown. Raises BadReference."""
        project = self._project
        if reference.kind == VAR:
            return variable(reference, project.vars)
        if reference.kind == ENV:
            check_variable(reference.name, allowed=project.env_allow, tokens=project.token_variables)
            value = self._secrets.env(reference.name) if self._secrets else None
            missing = "is not set in the environment" if value is None else "is set but empty"
        else:
            path = check_path(reference.name, base=header.folder, roots=self._roots)
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


def _show(parts: list[str | Reference], *, public: bool) -> str:
    """References as they are written, other text redacted: it may be half of a secret."""
    pieces = []
    for index, part in enumerate(parts):
        shown = public or isinstance(part, Reference) or (index == 0 and _SCHEME.fullmatch(part))
        pieces.append(str(part) if shown else REDACTED)
    return "".join(pieces)
