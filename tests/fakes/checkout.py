"""A git checkout whose HEAD is the base of a policy, and whose working tree is the branch."""

from __future__ import annotations

import os
import subprocess

from tests.fakes.cli import run_cli

WHO = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}

RUNNERS = "version: 1\nrunners:\n  gpu-1: {endpoint: https://gpu-1.example.com, tags: [gpu], headers: {}}\n"


DRIFTED = {
    "name": "gpu-1",
    "endpoint": "https://gpu-1.example.com",
    "tags": ["gpu"],
    "status": "disabled",
    "headers": {},
}
"""The live runner of `commit_change`'s base, with another status than it declares."""
_BASE = "version: 1\nrunners:\n  gpu-1: {endpoint: 'https://gpu-1.example.com', tags: [gpu], status: active}\n"
_HEAD = _BASE.replace("[gpu]", "[gpu, sdxl]") + "  gpu-2: {endpoint: 'https://gpu-2.example.com', tags: [gpu]}\n"


def commit_change(folder):
    """Make a checkout of a change's head, which retags gpu-1 and adds gpu-2; HEAD~1 is its base."""
    manifest = folder / "runners" / "gpu.yaml"
    manifest.parent.mkdir(parents=True)
    git(folder, "init", "-q")
    for text in (_BASE, _HEAD):
        manifest.write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "a commit")
    return folder


def git(folder, *words):
    """Run git there."""
    ran = subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, **WHO}, capture_output=True)  # noqa: S607 - the git of the PATH is meant
    return ran.stdout.decode().strip()


class Checkout:
    """A checkout whose HEAD is the base, and whose working tree is the branch; commands run in `folder`."""

    def __init__(self, root, sandbox):
        self.root = self.folder = root
        self.sandbox = sandbox
        self.env = {"COMFYCONTROL_API_URL": sandbox.url, "COMFYCONTROL_API_TOKEN": sandbox.token}

    def write(self, **files):
        """Write files: `reconciler` is reconciler.yaml, `runners__a` runners/a.yaml; None removes one."""
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)

    def base(self, **files):
        """Commit files; returns the commit."""
        self.write(**files)
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", "base", "--allow-empty")
        return git(self.root, "rev-parse", "HEAD")

    def run(self, *words, **variables):
        """Run one command."""
        return run_cli(*words, cwd=self.folder, env=self.env | variables)

    def plan(self, *words, **variables):
        """The plan under the policy of HEAD."""
        ran = self.run("plan", "--policy-from", "HEAD", "--format", "json", *words, **variables)
        assert ran.code in (0, 5), ran.out + ran.err
        return ran.json
