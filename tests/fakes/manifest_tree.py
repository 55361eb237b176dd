"""Manifests as text, written to a folder and compiled there."""

from __future__ import annotations

import textwrap

import pytest

from reconciler.errors import ManifestError
from reconciler.manifests.merge.compile import compile_manifests
from reconciler.manifests.project import load_project
from reconciler.manifests.secrets.allowed import ProcessSecrets


class Tree:
    """A working folder with manifests; `environ` is what secrets are read from."""

    def __init__(self, root):
        self.root = root
        self.environ = {}

    def write(self, **files):
        """Write files; `runners__a` is runners/a.yaml."""
        for name, text in files.items():
            path = self.root / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return self

    def runners(self, text, file="runners__a", **parts):
        """Write one manifest whose `runners` hold `text`; `parts` are its other sections."""
        body = textwrap.indent(textwrap.dedent(text), "  ")
        above = "".join(f"{key}:\n{textwrap.indent(textwrap.dedent(value), '  ')}\n" for key, value in parts.items())
        return self.write(**{file: f"version: 1\n{above}runners:\n{body}\n"})

    def project(self, environment=None, variables=None, path=None):
        """The project as loaded."""
        return load_project(path, environment=environment, variables=variables or {}, cwd=self.root)

    def compile(self, *paths, offline=False, environment=None, variables=None, **options):
        """What is desired."""
        secrets = None if offline else ProcessSecrets(self.environ)
        return compile_manifests(self.project(environment, variables), paths, secrets=secrets, **options)

    def one(self, **options):
        """The only runner."""
        (runner,) = self.compile(**options).runners
        return runner

    def problems(self, *paths, **options):
        """The lines of the error that compiling raises."""
        with pytest.raises(ManifestError) as caught:
            self.compile(*paths, **options)
        return [str(problem) for problem in caught.value.problems]
