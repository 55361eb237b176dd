"""What a branch could try to get at a secret with: each attempt is refused, at its place, offline already."""

from __future__ import annotations

import os

import pytest

from reconciler.errors import ManifestError
from tests.fakes.manifest_tree import Tree

OPEN = 'env_allow: ["*"]\nfile_allow: ["/"]\n'
"""A project file that allows everything that can be allowed."""

IN_MANIFEST = [
    # attempt, what stands in a runner, project file, message
    ("a secret in the endpoint", "endpoint: 'http://x/${env:RECONCILER_S}'", "", "only header values may hold secrets"),
    ("a file in the endpoint", "endpoint: 'http://x/${file:s}'", "", "only header values may hold secrets"),
    ("a secret in the name", "name: '${env:RECONCILER_S}'", "", "only header values may hold secrets"),
    ("a secret in a former name", "former_name: '${env:RECONCILER_S}'", "", "only header values may hold secrets"),
    ("a secret in a tag", "tags: ['${env:RECONCILER_S}']", "", "only header values may hold secrets"),
    ("a secret in the status", "status: '${env:RECONCILER_S}'", "", "only header values may hold secrets"),
    ("a secret in the id", "id: '${env:RECONCILER_S}'", "", "only header values may hold secrets"),
    (
        "a secret in a reason",
        "accept: [{code: coverage, reason: '${file:s}', until: 2026-01-01}]",
        "",
        "only header values may hold secrets",
    ),
    ("a secret in a header's name", "headers: {'X-${env:RECONCILER_S}': x}", "", "a header's name has only"),
    ("a secret in a profile's name", "profiles: ['${env:RECONCILER_S}']", "", "only header values may hold secrets"),
    ("a secret in a released field's name", "unmanaged: ['${env:RECONCILER_S}']", "", "only header values may hold"),
    ("a variable of the shell", "headers: {X: '${env:HOME}'}", "", "must start with RECONCILER_ or match env_allow"),
    ("a cloud's key", "headers: {X: '${env:AWS_SECRET_ACCESS_KEY}'}", 'env_allow: ["CI_*"]', "match env_allow"),
    ("the API token", "headers: {X: '${env:COMFYCONTROL_API_TOKEN}'}", OPEN, "an API token is never sent"),
    (
        "the API token in lower case",
        "headers: {X: '${env:comfycontrol_api_token}'}",
        OPEN,
        "an API token is never sent",
    ),
    ("another environment's token", "headers: {X: '${env:COMFYCONTROL_OTHER}'}", OPEN, "an API token is never sent"),
    ("the plan key", "headers: {X: '${env:RECONCILER_PLAN_KEY}'}", OPEN, "the key that signs plans is never sent"),
    ("an option", "headers: {X: '${env:RECONCILER_API_URL}'}", OPEN, "sets an option of reconciler"),
    ("the job's token", "headers: {X: '${env:GITHUB_TOKEN}'}", OPEN, "a credential of the CI job"),
    ("the job's identity", "headers: {X: '${env:ACTIONS_ID_TOKEN_REQUEST_TOKEN}'}", OPEN, "a credential of the CI job"),
    ("a file above", "headers: {X: '${file:../../outside}'}", "", "outside of the project's folder"),
    ("a file by its full path", "headers: {X: '${file:/etc/hostname}'}", "", "outside of the project's folder"),
    ("a file through a link", "headers: {X: '${file:../link}'}", "", "outside of the project's folder"),
    (
        "a file through a linked folder",
        "headers: {X: '${file:../linked/outside}'}",
        "",
        "outside of the project's folder",
    ),
    ("the process's environment", "headers: {X: '${file:/proc/self/environ}'}", OPEN, "a file of the kernel"),
    ("the checkout's credentials", "headers: {X: '${file:../.git/config}'}", OPEN, "git's own files"),
    ("a pipe", "headers: {X: '${file:pipe}'}", "", "not a regular file"),
    ("a folder", "headers: {X: '${file:folder}'}", "", "not a regular file"),
    ("a device", "headers: {X: '${file:/dev/zero}'}", OPEN, "not a regular file"),
    ("a file that is too large", "headers: {X: '${file:large}'}", "", "over 64 KiB"),
    ("a binary file", "headers: {X: '${file:binary}'}", "", "not UTF-8"),
    ("a file of several lines", "headers: {X: '${file:lines}'}", "", "holds a control character"),
    ("a reference out of a variable", "headers: {X: '${${var:kind}:HOME}'}", "vars: {kind: env}", "can't be nested"),
    ("a path out of a variable", "headers: {X: '${file:${var:up}}'}", "vars: {up: ../x}", "can't be nested"),
    ("a shell's default", "headers: {X: '${env:RECONCILER_X:-${env:HOME}}'}", "", "can't be nested"),
    ("an unclosed reference", "headers: {X: '${env:RECONCILER_S'}", "", "without its }"),
    ("a password in the endpoint", "endpoint: 'http://user:pw@host'", "", "endpoint"),
    ("an address of the API", "api_url: https://evil.example", "", "never belong in a file"),
    ("a token in a manifest", "token: cfc_x", "", "never belong in a file"),
]

IN_PROJECT = [
    ("an address of the API", "api_url: https://evil.example", "reconciler.yaml:2:1: api_url: "),
    (
        "an address in an environment",
        "environments: {e: {api_url: 'https://evil'}}",
        "reconciler.yaml:2:20: environments.e.api_url: ",
    ),
    ("a token", "environments: {e: {token: cfc_x}}", "reconciler.yaml:2:20: environments.e.token: "),
    (
        "a token from another variable",
        "environments: {e: {token_env: HOME}}",
        "reconciler.yaml:2:31: environments.e.token_env: ",
    ),
    ("a secret in a variable", "vars: {x: '${env:RECONCILER_S}'}", "reconciler.yaml:2:11: vars.x: "),
    ("a secret in a path", "file_allow: ['${env:RECONCILER_S}']", "reconciler.yaml:2:14: file_allow[0]: "),
    (
        "a secret in default tags",
        "defaults: {tags: ['${env:RECONCILER_S}']}",
        "reconciler.yaml:2:19: defaults.tags[0]: ",
    ),
]


@pytest.fixture
def tree(tmp_path):
    """A project beside a secret that is none of its business."""
    (tmp_path / "outside").write_text("not yours")
    root = tmp_path / "project"
    (root / "runners/folder").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git/config").write_text("x")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "linked").symlink_to(tmp_path)
    (root / "runners/s").write_text("v")
    (root / "runners/large").write_bytes(b"x" * (64 * 1024 + 1))
    (root / "runners/binary").write_bytes(b"\xff\xfe")
    (root / "runners/lines").write_text("a\nb\n")
    os.mkfifo(root / "runners/pipe")
    tree = Tree(root)
    names = (
        "RECONCILER_S",
        "HOME",
        "COMFYCONTROL_API_TOKEN",
        "RECONCILER_PLAN_KEY",
        "GITHUB_TOKEN",
        "RECONCILER_API_URL",
    )
    tree.environ |= dict.fromkeys(names, "hunter2hunter2")
    return tree


NOT_OPENED = ("not a regular file", "over 64 KiB", "not UTF-8", "holds a control character")
"""What only shows when the file is read: not offline."""


@pytest.mark.parametrize(
    ("declared", "project", "message"),
    [attempt[1:] for attempt in IN_MANIFEST],
    ids=[attempt[0] for attempt in IN_MANIFEST],
)
def test_attempts_in_a_manifest(tree, declared, project, message):
    """Refused with its place, without the secret in the message, and offline as well wherever no file need be read."""
    tree.write(reconciler=f"version: 1\n{project}")
    endpoint = "" if "endpoint" in declared else "\n  endpoint: http://x"
    tree.runners(f"r:\n  {declared}{endpoint}")
    (line,) = tree.problems()
    assert line.startswith("runners/a.yaml:4:")
    assert message in line
    assert "hunter2" not in line
    if message not in NOT_OPENED:
        assert tree.problems(offline=True) == [line]


@pytest.mark.parametrize(("declared", "start"), [a[1:] for a in IN_PROJECT], ids=[a[0] for a in IN_PROJECT])
def test_attempts_in_a_project_file(tree, declared, start):
    """Refused at its place, before or after the manifests are read."""
    tree.write(reconciler=f"version: 1\n{declared}")
    tree.runners("r: {endpoint: 'http://x'}")
    with pytest.raises(ManifestError) as caught:
        tree.compile()
    assert str(caught.value).startswith(start)


def test_a_path_is_a_path(tree):
    """`~` is no home folder, and what follows a reference is no part of its path."""
    tree.write(reconciler=f"version: 1\n{OPEN}")
    tree.runners("r: {endpoint: 'http://x', headers: {X: '${file:~/s}/../../etc/hostname'}}")
    assert tree.problems() == ["runners/a.yaml:3:42: runners.r.headers.X: ${file:~/s} names a file that is not there"]


def test_a_swapped_link_is_not_followed(tree):
    """A file that became a link after it was checked is not opened."""
    from reconciler.manifests.secrets.allowed import ProcessSecrets
    from reconciler.manifests.secrets.references import BadReference

    with pytest.raises(BadReference):
        ProcessSecrets({}).file(str(tree.root / "link"))


def test_manifests_don_t_come_from_outside(tree):
    """A link among the manifests can't have a foreign file parsed and quoted."""
    (tree.root / "runners/evil.yaml").symlink_to(tree.root.parent / "outside")
    tree.runners("r: {endpoint: 'http://x'}")
    assert tree.problems() == ["runners/evil.yaml:1:1: this link leads out of the project's folder"]


def test_enough_attempts():
    """The table is as long as it claims to be."""
    assert len(IN_MANIFEST) + len(IN_PROJECT) >= 40
