from __future__ import annotations

import os
import socket

import pytest

from reconciler.manifests.secrets.allowed import MAX_SECRET_BYTES, ProcessSecrets, check_path, check_variable
from reconciler.manifests.secrets.references import BadReference
from reconciler.model.secret import Secret
from reconciler.settings import OPTION_NAMES, PLAN_KEY_VARIABLE, TOKEN_VARIABLE

TOKENS = frozenset({"COMFYCONTROL_STAGING_TOKEN", "COMFYCONTROL_PROD_TOKEN"})
SECRETS = ProcessSecrets({})


@pytest.mark.parametrize("name", ["RECONCILER_A", "RECONCILER_PROD_TOKEN", "RECONCILER_TOKENS", "CI_RUNNER_1"])
def test_allowed_variables(name):
    """RECONCILER_ and what env_allow matches may be read."""
    check_variable(name, allowed=["CI_RUNNER_*"], tokens=TOKENS)


@pytest.mark.parametrize(
    "name",
    [
        "HOME", "PATH", "AWS_SECRET_ACCESS_KEY", "CI_RUNNER", "ci_runner_1", "XRECONCILER_A", "reconciler_a",
        "RECONCILER",
    ],
)  # fmt: skip
def test_variables_not_allowed(name):
    """Every other variable is refused, with what would allow it."""
    with pytest.raises(BadReference, match="env_allow"):
        check_variable(name, allowed=["CI_RUNNER_*"], tokens=TOKENS)


@pytest.mark.parametrize(
    "name",
    [
        TOKEN_VARIABLE,
        PLAN_KEY_VARIABLE,
        PLAN_KEY_VARIABLE.lower(),
        "COMFYCONTROL_API_URL",
        "COMFYCONTROL_ANYTHING",
        "comfycontrol_api_token",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "GITLAB_TOKEN",
        "GITEA_TOKEN",
        "FORGEJO_TOKEN",
        "CI_JOB_TOKEN",
        "CI_JOB_JWT_V2",
        "CI_REPOSITORY_URL",
        "CI_REGISTRY_PASSWORD",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        *sorted(TOKENS),
        *sorted(f"RECONCILER_{name}" for name in OPTION_NAMES),
    ],
)
def test_variables_never_allowed(name):
    """Tokens, the plan key, the job's credentials and options are refused even under env_allow `*`."""
    with pytest.raises(BadReference, match=r"is never sent to a runner|sets an option"):
        check_variable(name, allowed=["*"], tokens=TOKENS)


def test_a_token_variable_of_another_name_is_never_allowed():
    """What a project names as token_env is a token, whatever it is called."""
    with pytest.raises(BadReference, match="API token"):
        check_variable("RECONCILER_MY_TOKEN", allowed=["*"], tokens=frozenset({"RECONCILER_MY_TOKEN"}))


@pytest.fixture
def project(tmp_path):
    """A project's folder with a secret, beside an allowed and a foreign folder."""
    for folder in ("project/runners", "allowed", "foreign"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "secret").write_text("value")
    return tmp_path


def test_paths_inside(project):
    """A path is seen from the file that names it; the project's and the allowed folders are open."""
    roots = [project / "project", project / "allowed"]
    (project / "project/runners/link").symlink_to(project / "allowed/secret")
    for path, real in [
        ("secret", "project/runners/secret"),
        ("../runners/secret", "project/runners/secret"),
        ("absent", "project/runners/absent"),
        ("../../allowed/secret", "allowed/secret"),
        ("link", "allowed/secret"),
        (str(project / "allowed/secret"), "allowed/secret"),
    ]:
        assert check_path(path, base=project / "project/runners", roots=roots) == str(project / real)


@pytest.mark.parametrize(
    "path", ["../../foreign/secret", "link", "folder/secret", "/etc/passwd", "../../projectile", "//etc/x"]
)
def test_paths_outside(project, path):
    """A path that leaves the open folders is refused, by dots, from the root or through a link."""
    base = project / "project/runners"
    (base / "link").symlink_to(project / "foreign/secret")
    (base / "folder").symlink_to(project / "foreign")
    with pytest.raises(BadReference, match="outside"):
        check_path(path, base=base, roots=[project / "project"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/proc/self/environ", "kernel"),
        ("/sys/kernel/x", "kernel"),
        ("/repo/.git/config", "git's own"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
    ],
)
def test_paths_never_allowed(tmp_path, path, message):
    """What the kernel shows of processes and what git keeps is refused, even where file_allow is everything."""
    with pytest.raises(BadReference, match=message):
        check_path(path, base=tmp_path, roots=[tmp_path.root])


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"v", "v"),
        (b"v\n", "v"),
        (b"v\r\n", "v"),
        (b"v\n\n", "v\n"),
        (b" v ", " v "),
        (b"v\r", "v\r"),
        (b"", ""),
        (b"\n", ""),
    ],
)
def test_one_trailing_newline_is_cut(tmp_path, content, value):
    """Editors end files with a newline that is no part of the secret; all else is."""
    (tmp_path / "s").write_bytes(content)
    assert SECRETS.file(str(tmp_path / "s")) == Secret(value)


def test_size_bound(tmp_path):
    """64 KiB are read, one byte more is refused."""
    for size in (MAX_SECRET_BYTES - 1, MAX_SECRET_BYTES):
        (tmp_path / "s").write_bytes(b"x" * size)
        assert SECRETS.file(str(tmp_path / "s")) == Secret("x" * size)
    (tmp_path / "s").write_bytes(b"x" * (MAX_SECRET_BYTES + 1))
    with pytest.raises(BadReference, match="over 64 KiB"):
        SECRETS.file(str(tmp_path / "s"))


def test_only_regular_files(tmp_path):
    """A pipe doesn't make the run wait, and neither a folder, a device nor a socket is read."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(BadReference, match="not a regular file"):
            SECRETS.file(str(path))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
        with pytest.raises(BadReference, match="can't be read"):
            SECRETS.file(str(tmp_path / "sock"))


def test_a_link_put_there_later_is_not_followed(tmp_path):
    """Between the check and the read a file may be swapped for a link."""
    (tmp_path / "real").write_text("v")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(BadReference, match="can't be read"):
        SECRETS.file(str(tmp_path / "link"))


def test_a_byte_order_mark_is_cut(tmp_path):
    """One at the start is no part of the secret, as in manifests; one elsewhere is."""
    file = tmp_path / "secret"
    for content, value in [
        ("\ufeffabc\n", "abc"),
        ("\ufeff", ""),
        ("a\ufeffb", "a\ufeffb"),
        ("\ufeff\ufeffa", "\ufeffa"),
    ]:
        file.write_text(content, encoding="utf-8")
        assert SECRETS.file(str(file)) == Secret(value)


@pytest.mark.parametrize("byte", range(0x80, 0x100))
def test_every_byte_that_is_not_utf8(tmp_path, byte):
    """Alone, between letters and at the end, each refuses the file, and the message holds none of it."""
    file = tmp_path / "secret"
    for content in (bytes([byte]), b"hunter" + bytes([byte]) + b"2", b"hunter2" + bytes([byte]) + b"\n"):
        file.write_bytes(content)
        with pytest.raises(BadReference, match="not UTF-8") as caught:
            SECRETS.file(str(file))
        assert "hunter" not in str(caught.value)


def test_not_utf8(tmp_path):
    """Bytes that are no text are refused without showing them, in the message or behind it."""
    (tmp_path / "s").write_bytes(b"hunter2\xff")
    with pytest.raises(BadReference, match="not UTF-8") as caught:
        SECRETS.file(str(tmp_path / "s"))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_absent(tmp_path):
    """What is not there is None, for the caller to say so or to leave it unknown."""
    (tmp_path / "f").write_text("v")
    assert SECRETS.file(str(tmp_path / "absent")) is None
    assert SECRETS.file(str(tmp_path / "f/below")) is None
    assert SECRETS.env("RECONCILER_X") is None
    assert ProcessSecrets({"RECONCILER_X": "0123"}).env("RECONCILER_X") == Secret("0123")
