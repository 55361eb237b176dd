"""Whatever manifests, project files, plan files and answers hold: an exit code of the contract, and never a crash."""

from __future__ import annotations

import gzip
import json
import resource
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.bench import MIXED, STRANGER, World, live, use_virtual_clock
from tests.faults.proxy import Fault, proxied

FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=20, print_blob=True)
AT_LENGTH = settings(FUZZ, max_examples=1000)

MANIFEST = """\
version: 1
defaults:
  tags: [production]
profiles:
  a100: {tags: [gpu-a100], headers: {X-Pool: a100}}
runners:
  gpu-1:
    id: 550e8400-e29b-41d4-a716-446655440001
    profiles: [a100]
    name: Production GPU
    former_name: GPU
    endpoint: https://comfy-1.${var:domain}
    tags: [image-generation]
    headers:
      Authorization: "Bearer ${env:RECONCILER_SECRET}"
      X-File: "${file:secret.txt}"
      X-Pool: null
    status: active
    unmanaged: [name]
    wildcard: true
    accept: [{code: stranded-tags, reason: moved, until: 2099-12-31}]
"""
PROJECT = """\
version: 1
manifests: [runners]
vars: {domain: example.com}
env_allow: ["CI_RUNNER_*"]
file_allow: [/run/secrets]
public_headers: [X-Pool]
unmanaged: disable
unmanaged_scope: ["prod-*"]
defaults: {tags: [x]}
profiles: {base: {status: active}}
guard: {max_disables: 1, max_changes: 50%, endpoint_hosts: ["*.example.com"], two_phase: true}
coverage: [{tags: [production], min_active: 1}]
environments:
  staging: {token_env: COMFYCONTROL_STAGING_TOKEN, vars: {domain: staging.example.com}}
"""
PIECES = (
    *("${env:X}", "${var:domain}", "${", "$${", "&a ", "*a", "<<: *a", "!!binary ", "!!python/object:os.system ", "? "),
    *(
        "- ",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "#",
        "'",
        '"',
        "|",
        ">",
        "\t",
        "\n",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "null",
        "yes",
    ),
    *("1e999", "0x1F", "2024-01-01", "9" * 400, "-1", "1:30", "\x00", "\x1b[31m", "\u202e", "\ufeff", "\ud7ff"),
    *("e\u0301", "é" * 101, "::error::", "<script>", "../" * 9, "/etc/passwd", "http://[", "https://u:p@h"),
    *("http://a:99999", "a" * 5000),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(PIECES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def mutated(draw, text):
    """A text with a few slices taken out, doubled, or replaced by what means something somewhere."""
    for _each in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(st.sampled_from(PIECES) | st.just(text[start:end] * 2) | st.just(""))
        text = text[:start] + piece + text[end:]
    return text


@st.composite
def replaced(draw, document):
    """A JSON document with a few of its values replaced, removed, or moved elsewhere."""
    document = json.loads(json.dumps(document))
    for _each in range(draw(st.integers(1, 3))):
        node, steps = document, draw(st.integers(1, 6))
        for _step in range(steps):
            keys = list(node) if isinstance(node, dict) else range(len(node))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(node[key], dict | list) and node[key] and _step < steps - 1:
                node = node[key]
                continue
            if isinstance(node, dict) and draw(st.booleans()):
                del node[key]
            else:
                node[key] = draw(json_values)
            break
    return document


@contextmanager
def _world(runners=MIXED.before):
    """A world of its own: a function-scoped fixture would be shared by all examples."""
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
        proxied((*runners, STRANGER)) as proxy,
    ):
        world = World(Path(folder), proxy)
        world.write(MIXED)
        use_virtual_clock(patch, world)
        yield world


def _sane(ran, codes):
    """No crash, and an exit code that such a command may have."""
    assert "Traceback" not in ran.err
    assert "unexpected error" not in ran.err + ran.out, ran.err
    assert ran.code in codes, (ran.code, ran.err)


def _manifests(content):
    with _world() as world:
        (world.root / "runners" / "fleet.yaml").write_bytes(content)
        for command in (["validate"], ["render"], ["render", "--explain", "gpu-1"], ["plan", "--allow-unresolved"]):
            for form in ("text", "json"):
                _sane(world.run(*command, "--format", form), {0, 1, 5, 64})
        assert not world.proxy.writes


def _projects(content):
    with _world() as world:
        (world.root / "runners" / "fleet.yaml").write_text(MANIFEST)
        (world.root / "reconciler.yaml").write_bytes(content)
        for command in (["validate"], ["plan", "-e", "staging"], ["plan"], ["list"], ["doctor"]):
            _sane(world.run(*command, "--format", "json"), {0, 1, 5, 64})


def _plans(make):
    with _world() as world:
        assert world.run("plan", "--out", "saved.plan").code == 0
        path = world.root / "saved.plan"
        path.write_bytes(make(path.read_text()))
        for form in ("text", "json", "markdown", "html"):
            _sane(world.run("show", "saved.plan", "--format", form), {0, 1})
        world.proxy.expect()
        _sane(world.run("apply", "--plan", "saved.plan"), {0, 1})


def _answers(content, number, status):
    with _world() as world:
        for command in (["plan"], ["list"], ["doctor"], ["export"], ["apply", "--yes", "--parallelism", "2"]):
            answer = Fault(done=True, status=status, body=lambda _proxy, _content: content)
            world.proxy.expect(dict.fromkeys(range(number, number + 6), answer))
            _sane(world.run(*command), {0, 1, 3, 5})
        names = [each["name"] for each in world.proxy.runners]
        assert len(names) == len(set(names))


def _both_lengths(name, body, **strategies):
    """The test by default and the same at length, as functions of this module."""

    @FUZZ
    @given(**strategies)
    def short(**drawn):
        body(**drawn)

    @pytest.mark.long
    @AT_LENGTH
    @given(**strategies)
    def long(**drawn):
        body(**drawn)

    for test, suffix in ((short, ""), (long, "_at_length")):
        test.__doc__ = f"{name}: an exit code of the contract, no traceback, nothing written that was not planned."
        globals()[f"test_{name.replace(' ', '_')}{suffix}"] = test


_both_lengths("any bytes as a manifest", _manifests, content=st.binary(max_size=200))
_both_lengths(
    "a mutated manifest", lambda text: _manifests(text.encode("utf-8", "surrogatepass")), text=mutated(MANIFEST)
)
_both_lengths(
    "a mutated project file", lambda text: _projects(text.encode("utf-8", "surrogatepass")), text=mutated(PROJECT)
)
_both_lengths("any values in a manifest", lambda value: _manifests(json.dumps(value).encode()), value=replaced(
    {"version": 1, "defaults": {"tags": ["a"]}, "profiles": {"p": {"headers": {"A": "b"}}}, "runners": {
        "gpu-1": {"name": "n", "endpoint": "https://a.example.com", "tags": ["t"], "headers": {"A": "b"},
                  "status": "active", "profiles": ["p"], "unmanaged": ["name"], "inherit": False, "wildcard": True,
                  "accept": [{"code": "coverage", "reason": "r", "until": "2099-01-01"}]}}}
))  # fmt: skip
_both_lengths("any values in a project file", lambda value: _projects(json.dumps(value).encode()), value=replaced(
    {"version": 1, "manifests": ["runners"], "vars": {"domain": "d"}, "env_allow": ["A_*"], "file_allow": ["/x"],
     "public_headers": ["X"], "unmanaged": "report", "unmanaged_scope": ["a*"], "defaults": {},
     "profiles": {"a100": {}}, "guard": {"max_disables": 1, "max_changes": "50%",
     "severity": {"coverage": "off"}, "endpoint_hosts": ["*"]},
     "coverage": [{"tags": ["a"], "min_active": 1}], "environments": {"staging": {"vars": {}, "guard": {}}}}
))  # fmt: skip
_both_lengths(
    "a mutated plan file",
    lambda data: _plans(lambda text: data.draw(mutated(text)).encode("utf-8", "surrogatepass")),
    data=st.data(),
)
_both_lengths(
    "any values in a plan file",
    lambda data: _plans(lambda text: json.dumps(data.draw(replaced(json.loads(text)))).encode()),
    data=st.data(),
)
_both_lengths(
    "any answer",
    lambda value, number, status: _answers(json.dumps(value).encode(), number, status),
    value=json_values
    | replaced({"runners": [live(1, "gpu-1") | {"user_id": "u", "created_at": "t", "updated_at": "t"}], "total": 1})
    | replaced(live(1, "gpu-1") | {"user_id": "u", "created_at": "t", "updated_at": "t"}),
    number=st.integers(1, 4),
    status=st.sampled_from([200, 200, 201, 204, 299, 304, 400, 418, 500, 599]),
)
_both_lengths(
    "any bytes as an answer",
    lambda content, number: _answers(content, number, 200),
    content=st.binary(max_size=60),
    number=st.integers(1, 3),
)

BOMBS = {
    "gzip": ((("Content-Encoding", "gzip"), ("Content-Type", "application/json")), gzip.compress(b"0" * 2**28, 1)),
    "deep": ((("Content-Type", "application/json"),), b"[" * 300_000),
    "digits": ((("Content-Type", "application/json"),), b'{"total": ' + b"9" * 300_000 + b', "runners": []}'),
    "wide": ((("Content-Type", "application/json"),), b'{"runners": [' + b"{}," * 500_000 + b'{}], "total": 1}'),
}


@pytest.mark.parametrize(("headers", "body"), BOMBS.values(), ids=BOMBS.keys())
def test_an_answer_that_swells_is_refused(headers, body):
    """What unpacks or nests beyond measure is exit 1, and is not quoted."""
    with _world() as world:
        world.proxy.expect(always=Fault(status=200, headers=headers, body=body))
        ran = world.run("plan")
        _sane(ran, {1})
        assert len(ran.err) < 2000


def test_an_answer_that_swells_takes_bounded_memory(tmp_path):
    """A gigabyte of address space is enough for a quarter of one that arrives packed."""
    headers, body = BOMBS["gzip"]
    with proxied([STRANGER]) as proxy:
        world = World(tmp_path, proxy)
        world.write(MIXED)
        proxy.expect({1: Fault(status=200, headers=headers, body=body)})
        limit = (2**30, 2**30)
        process = world.start("plan", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
        ran = world.finish(process)
        _sane(ran, {0})
        assert len(proxy.seen) == 2
