"""The secrets that a run is handed for runners: RECONCILER_HEADER_SECRETS and `--secrets FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.pipes import note
from reconciler.errors import ManifestError
from reconciler.settings import HEADER_SECRETS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from reconciler.cli.groups import HeaderSecrets
    from reconciler.model.position import Problem
    from reconciler.model.secret import Secret
    from reconciler.ports import SecretSource


def take_header_secrets(asked: HeaderSecrets | None, environ: MutableMapping[str, str]) -> Mapping[str, Secret]:
    """The secrets by name, the file's before the variable's, each value masked in GitHub Actions.

    The variable leaves the environment, so that no child process gets it. Raises ManifestError for lines that are no
    assignments, where the command asks for secrets, and ReconcilerError for a file that can't be read.
    """
    content, file = environ.pop(HEADER_SECRETS_VARIABLE, ""), asked.secrets_file if asked else None
    if not content and file is None:
        return {}
    from reconciler.manifests.secrets.assignments import read_assignments, read_assignments_file

    mask = _mask if environ.get("GITHUB_ACTIONS") == "true" else _show_nothing
    problems: list[Problem] = []
    given = read_assignments(content, HEADER_SECRETS_VARIABLE, problems, mask)
    if file is not None:
        given |= read_assignments(read_assignments_file(Path(file)), file, problems, mask)
    if problems and asked is not None:
        raise ManifestError(problems)
    return given


class Refill:
    """Reads what a run is handed again, as it is now: the file anew, the variable as it was at the start."""

    def __init__(self, asked: HeaderSecrets, environ: Mapping[str, str]) -> None:
        self._asked = asked
        self._environ = {name: environ[name] for name in (HEADER_SECRETS_VARIABLE, "GITHUB_ACTIONS") if name in environ}

    def secrets(self) -> SecretSource:
        """Where header values come from now. Raises as `take_header_secrets` does."""
        import os

        from reconciler.manifests.secrets.allowed import ProcessSecrets

        return ProcessSecrets(os.environ, take_header_secrets(self._asked, dict(self._environ)))


def _mask(value: str) -> None:
    from reconciler.forge.github.commands import mask

    note(mask(value))


def _show_nothing(_value: str) -> None:
    pass
