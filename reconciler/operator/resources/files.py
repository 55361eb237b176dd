"""One account's resources as the files that the engine reads: a project file, and a manifest for each Runner.

    reconciler.yaml                    from the spec of the Account
    runners/NAMESPACE/NAME.yaml        from the spec of a Runner; its key in plans is `key_of`

The content is JSON, which YAML is a superset of. So validation, merging and planning are the engine's own, and the file
of a problem says which resource it is about: see `resource_of`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.manifests.files import PROJECT_FILES
from reconciler.model.position import Position, Problem
from reconciler.operator.resources.names import TOKEN_KEY
from reconciler.operator.resources.resource import Ref, SecretRef, key_of
from reconciler.operator.resources.translate import translate_account, translate_runner

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from reconciler.operator.resources.resource import Resource, Snapshot
    from reconciler.operator.resources.translate import Translation

PROJECT: Final = PROJECT_FILES[0]
FOLDER: Final = "runners"
_RUNNER: Final = re.compile(rf"{FOLDER}/([^/]+)/([^/]+)\.yaml")
_UNSEEN: Final = re.compile(r"[^ -~]")


class ResourceFiles:
    """Implements manifests.files.Files. Problems that only a resource can have are found with its file."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._account = snapshot.account
        self._runners = {file_of(runner.ref): runner for runner in snapshot.runners}
        self._translations: dict[str, Translation] = {}

    def find(self, path: str, problems: list[Problem]) -> Sequence[str] | None:
        """See Files."""
        if path != FOLDER:
            if path != PROJECT and path not in self._runners:
                return None
            problems.extend(_problems_of(path, self._translate(path)))
            return [path]
        for file in self._runners:
            problems.extend(_problems_of(file, self._translate(file)))
        return list(self._runners)

    def read(self, path: str) -> bytes:
        """See Files."""
        holds = self._translate(path).holds
        if path != PROJECT:
            holds = {"version": 1, "runners": {key_of(self._runners[path].ref): holds}}
        return _json(holds)

    def identity(self, path: str) -> Hashable:
        """See Files: no two paths lead to one file."""
        return path

    def _translate(self, path: str) -> Translation:
        if path not in self._translations:
            if path != PROJECT and path not in self._runners:
                raise FileNotFoundError(path)
            made = _translate(self._account) if path == PROJECT else _translate_runner(self._runners[path])
            self._translations[path] = made
        return self._translations[path]


def file_of(ref: Ref) -> str:
    """Return the file of a Runner."""
    return f"{FOLDER}/{ref.namespace}/{ref.name}.yaml"


def resource_of(file: str) -> Ref | None:
    """Return the Runner that a file is of; None: the Account."""
    found = _RUNNER.fullmatch(file)
    return Ref(*found.groups()) if found else None


def secret_refs(snapshot: Snapshot) -> frozenset[SecretRef]:
    """The keys of secrets that headers take their values from, those of the account's defaults and profiles too."""
    translations = [_translate(snapshot.account), *map(_translate_runner, snapshot.runners)]
    return frozenset(ref for each in translations for ref in each.secrets)


def token_ref(account: Resource) -> SecretRef | None:
    """The key of the secret that holds the account's API token; None where the spec names none."""
    ref = account.spec.get("tokenSecretRef")
    if not isinstance(ref, dict):
        return None
    name, key = ref.get("name"), ref.get("key", TOKEN_KEY)
    return SecretRef(account.ref.namespace, name, key) if isinstance(name, str) and isinstance(key, str) else None


def _translate(account: Resource) -> Translation:
    return translate_account(account.spec, account.ref.namespace)


def _translate_runner(runner: Resource) -> Translation:
    return translate_runner(runner.spec, *runner.ref)


def _problems_of(file: str, translation: Translation) -> list[Problem]:
    return [Problem(Position(file, 1, 1), message) for message in translation.problems]


def _json(holds: Any) -> bytes:
    r"""JSON that YAML reads as the same: a character beyond the first plane is one escape, not two (`\U0001f600`)."""
    text = json.dumps(holds, ensure_ascii=False, separators=(", ", ": "))
    return _UNSEEN.sub(lambda found: _escape(found[0]), text).encode()


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - the width of the short escape
