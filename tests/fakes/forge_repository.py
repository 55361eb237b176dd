"""A repository on a forge, as the events of its runs see it: branches, pull requests with merge commits, forks."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.workflow_runner import git

NAME = "example/fleet"
KEY = "Basic dXNlcjpwYXNzd29yZA="
RUNNER = "  {name}:\n    endpoint: https://{name}.example.com\n    tags: [{tags}]\n    status: active\n"


def manifest(**runners):
    """A manifest of runners by name, each with its tags; every one sends a secret header."""
    header = "    headers: {X-Key: '${env:RECONCILER_GPU_KEY}'}\n"
    return "version: 1\nrunners:\n" + "".join(
        RUNNER.format(name=name.replace("_", "-"), tags=", ".join(tags)) + header for name, tags in runners.items()
    )


class Repository:
    """A bare repository with the branch `main`, and a clone to make commits in. `github` learns each new head."""

    def __init__(self, folder, github):
        self.bare, self.clone, self.github = folder / "remote.git", folder / "clone", github
        self.bare.mkdir()
        self.clone.mkdir()
        git(self.bare, "init", "-q", "--bare", "-b", "main")
        git(self.clone, "init", "-q", "-b", "main")
        git(self.clone, "remote", "add", "origin", str(self.bare))

    def commit(self, files, branch="main", start=None):
        """Commit files (None removes one; a Path is a link's target) onto a branch; the commit."""
        if start is not None:
            git(self.clone, "checkout", "-q", "-B", branch, start)
        elif branch in git(self.clone, "branch", "--format=%(refname:short)").split():
            git(self.clone, "checkout", "-q", branch)
        for name, content in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or content is None:
                path.unlink()
            if isinstance(content, Path):
                path.symlink_to(content)
            elif content is not None:
                path.write_text(content)
                path.chmod(0o755 if content.startswith("#!") else 0o644)
        git(self.clone, "add", "--all", "--force")
        git(self.clone, "commit", "-q", "--allow-empty", "-m", f"change {branch}")
        return self._push(branch)

    def merge(self, branch):
        """Merge a branch into main; the push event."""
        git(self.clone, "checkout", "-q", "main")
        git(self.clone, "merge", "-q", "--no-ff", "-m", f"merge {branch}", branch)
        self._push("main")
        return self.push()

    def push(self, event_name="push", branch="main"):
        """The event of a push to a branch, or of a run started on it by hand or by the clock."""
        payload = {"repository": {"default_branch": "main", "full_name": NAME}}
        ref = f"refs/heads/{branch}"
        return _event(event_name, ref, git(self.bare, "rev-parse", ref), payload)

    def pull_request(self, branch, *, base="main", base_sha=None, fork=False, user="dev", number=7):
        """The event of a pull request; GitHub has made its merge commit."""
        head = git(self.bare, "rev-parse", branch)
        git(self.clone, "checkout", "-q", "--detach", base)
        git(self.clone, "merge", "-q", "--no-ff", "-m", f"merge {branch} into {base}", head)
        merged = git(self.clone, "rev-parse", "HEAD")
        git(self.clone, "push", "-q", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        facts = {
            "number": number,
            "user": {"login": user},
            "base": {"ref": base, "sha": base_sha or git(self.bare, "rev-parse", base)},
            "head": {"ref": branch, "sha": head, "repo": {"full_name": "other/fleet" if fork else NAME}},
        }
        payload = {
            "action": "synchronize",
            "number": number,
            "pull_request": facts,
            "repository": {"default_branch": "main", "full_name": NAME},
        }
        return _event("pull_request", f"refs/pull/{number}/merge", merged, payload)

    def _push(self, branch):
        git(self.clone, "push", "-q", "--force", "origin", branch)
        commit = git(self.clone, "rev-parse", branch)
        self.github.heads[branch] = commit
        return commit


def _event(name, ref, sha, payload):
    return {"event_name": name, "ref": ref, "sha": sha, "repository": NAME, "event": payload}
