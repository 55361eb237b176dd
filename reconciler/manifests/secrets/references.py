"""`${env:NAME}`, `${file:PATH}` and `${var:NAME}` in strings: parsing, and variables.

A string is read once; the value of a reference is never read again, and stays text. `$${` is a literal `${`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.manifests.format.field_types import VARIABLE_NAME
from reconciler.text.suggestions import meant

if TYPE_CHECKING:
    from collections.abc import Mapping

ENV: Final = "env"
FILE: Final = "file"
VAR: Final = "var"
KINDS: Final = (ENV, FILE, VAR)
SECRET: Final = "secret"  # noqa: S105 - a kind of reference
"""A key of a secret in a cluster: known only where resources stand in for manifests (ports.ClusterSecrets)."""
NO_REFERENCE: Final = "this ${…} is no reference; use ${env:NAME}, ${file:PATH} or ${var:NAME}, or $${ for a literal ${"
_MARK: Final = re.compile(r"(\$\$\{)|\$\{([^}]*)\}|(\$\{)")
_NAME: Final = re.compile(VARIABLE_NAME)
_IN_A_SECRET: Final = re.compile(r"[a-z0-9-]+/[a-z0-9.-]+/[-._a-zA-Z0-9]+")


class Reference(NamedTuple):
    """What is between `${` and `}`: its kind (one of KINDS, or SECRET) and what it names."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"${{{self.kind}:{self.name}}}"


class BadReference(ValueError):
    """A reference that is malformed, not allowed or not known; the text says what to do and holds no secret."""


def parse(text: str) -> list[str | Reference]:
    """Parse the literal pieces (without escapes) and references of a string, in order. Raises BadReference."""
    parts: list[str | Reference] = []
    literal: list[str] = []
    end = 0
    for found in _MARK.finditer(text):
        literal.append(text[end : found.start()])
        end = found.end()
        if found[1]:
            literal.append("${")
            continue
        if found[3]:
            raise BadReference("a ${ without its }; write $${ for a literal ${")
        if piece := "".join(literal):
            parts.append(piece)
        literal.clear()
        parts.append(_reference(found[2]))
    if piece := "".join((*literal, text[end:])):
        parts.append(piece)
    return parts


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return a string that may refer to variables only. Raises BadReference."""
    if "${" not in text:
        return text
    return "".join(part if isinstance(part, str) else _variable_only(part, variables) for part in parse(text))


def variable(reference: Reference, variables: Mapping[str, str]) -> str:
    """Return the value of a `${var:…}`. Raises BadReference that names the nearest known one, or all."""
    try:
        return variables[reference.name]
    except KeyError:
        message = f"no variable {reference.name}; {_known(reference.name, variables)}"
        raise BadReference(message) from None


def _variable_only(reference: Reference, variables: Mapping[str, str]) -> str:
    if reference.kind == SECRET:
        raise BadReference(NO_REFERENCE)
    if reference.kind != VAR:
        raise BadReference(f"{reference}: only header values may hold secrets; here only ${{var:NAME}} is allowed")
    return variable(reference, variables)


def _reference(body: str) -> Reference:
    if "${" in body:
        raise BadReference("a ${…} within another; references can't be nested")
    kind, colon, name = body.partition(":")
    if kind == SECRET and _IN_A_SECRET.fullmatch(name):
        return Reference(kind, name)
    if not colon or kind not in KINDS:  # what is there is not echoed: it may be a secret, pasted
        raise BadReference(NO_REFERENCE)
    if kind == FILE:
        if not name or name != name.strip():
            raise BadReference("${file:PATH} needs a path, without spaces around it")
    elif not _NAME.fullmatch(name):
        raise BadReference(f"${{{kind}:NAME}} needs a name of letters, digits and _")
    return Reference(kind, name)


def _known(name: str, variables: Mapping[str, str]) -> str:
    if not variables:
        return "none is set: declare it under vars in the project file, or give --var"
    return meant(name, sorted(variables))
