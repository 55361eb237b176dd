"""No secret shows, in anything printed or written, when all goes well and when each earlier defence fails."""

from __future__ import annotations

import json
import logging

import pytest

from tests.faults.bench import (
    FOREIGN,
    FROM_ENV,
    FROM_FILE,
    MIXED,
    OLD,
    SECRETS,
    STRANGER,
    World,
    echo,
    live,
    use_virtual_clock,
)
from tests.faults.proxy import TOKEN, Fault, proxied, told

REPORTS = [word for suffix in ("txt", "json", "md", "html") for word in ("--report", f"report.{suffix}")]
COMMANDS = {
    "plan": ["plan", "--out", "p.plan", *REPORTS],
    "apply": ["apply", "--yes", "--journal", "j.ndjson", *REPORTS],
    "list": ["list"],
    "export": ["export"],
    "export with headers": ["export", "--headers"],
    "render": ["render"],
    "explain": ["render", "--explain", "gpu-1"],
    "validate": ["validate"],
    "doctor": ["doctor"],
}
FORMATS = ["text", "json", "markdown", "html"]
PLAIN = "plain-literal-secret-5544332211"
"""A secret that somebody wrote into the manifest itself."""


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A world with every kind of change and of secret."""
    with proxied((*MIXED.before, STRANGER)) as proxy:
        made = World(tmp_path, proxy)
        made.write(MIXED)
        (tmp_path / "runners" / "plain.yaml").write_text(
            f"version: 1\nrunners:\n  plain: {{endpoint: 'https://plain.example.com', headers: {{X-Key: {PLAIN}}}}}\n"
        )
        use_virtual_clock(monkeypatch, made)
        yield made


def _clean(world, *except_in):
    """No secret anywhere, apart from those files that hold it by intent."""
    assert [leak for leak in world.leaks() if leak[0] not in except_in] == []
    texts = "".join(world.texts)
    texts += "".join(path.read_text() for path in world.root.glob("*") if path.is_file())
    assert PLAIN not in texts


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_no_secret_shows_when_all_goes_well(world, command, form):
    """Every command, every format, with every log there is, in text and as JSON."""
    formats = [] if command[0] == "export" else ["--format", form]
    for logs in ([], ["-v"], ["-vv"], ["-vv", "--log-format", "json"]):
        ran = world.run(*command, *formats, *logs)
        assert "Traceback" not in ran.err
        assert ran.code in (0, 64), ran.err
    if command[0] == "plan":
        assert world.run("show", "p.plan", *formats).code == 0
    _clean(world)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("status", [400, 401, 429, 503])
@pytest.mark.parametrize("since", [1, 5])
def test_a_service_that_echoes_secrets_shows_none(world, status, form, since):
    """An error message of the service that repeats everything it was told."""
    for command in ("plan", "apply", "list", "doctor"):
        # What reads no secret can't know one: there the service echoes the token alone, and what it listed.
        known = echo if command in ("plan", "apply") else lambda proxy: " ".join([TOKEN, *proxy.listed])
        world.proxy.expect(always=Fault(**told(status, known)), since=since)
        ran = world.run(*COMMANDS[command], "--format", form, "-vv")
        assert "Traceback" not in ran.err
        assert "cfc_" not in ran.out + ran.err
    _clean(world)


FOREIGN_TEXTS = {
    "a header line that is no HTTP": Fault(
        how="garbage", done=True, body=f"HTTP/1.1 200 OK\r\nX \x00Y: {FROM_ENV} {FROM_FILE} {TOKEN}\r\n\r\n".encode()
    ),
    "a status line that is no HTTP": Fault(how="garbage", done=True, body=f"{TOKEN} {FROM_ENV}\r\n\r\n".encode()),
    "the reason of an error": Fault(
        how="garbage", done=True, body=f"HTTP/1.1 500 {TOKEN} {FROM_ENV}\r\nContent-Length: 0\r\n\r\n".encode()
    ),
    "a redirect's address": Fault(
        status=302, headers=(("Location", f"https://elsewhere.example.com/?t={TOKEN}&h={FROM_FILE}"),), body=b""
    ),
    "a Retry-After": Fault(status=503, headers=(("Retry-After", TOKEN),), body=b""),
    "a field of a wrong type": Fault(
        done=True, body=lambda proxy, _content: json.dumps({"runners": [{echo(proxy): FROM_ENV}], "total": 1}).encode()
    ),
    "a header of a wrong type": Fault(
        done=True,
        body=lambda _proxy, _content: json.dumps(
            {"runners": [live(1, "gpu-1") | {"headers": {FROM_ENV: [FROM_FILE]}}], "total": 1}
        ).encode(),
    ),
}


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("fault", FOREIGN_TEXTS.values(), ids=FOREIGN_TEXTS.keys())
def test_foreign_texts_show_no_secret(world, fault, number):
    """What libraries say of a broken answer quotes it: known values are taken out."""
    world.proxy.expect(always=fault, since=number)
    for form in ("text", "json"):
        ran = world.run("apply", "--yes", "--format", form, "-vv", "--journal", "j.ndjson", *REPORTS)
        assert ran.code in (1, 3)
        assert "Traceback" not in ran.err
    _clean(world)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_library_that_logs_headers_shows_no_secret(world, as_json):
    """Of a library's record no text is shown, whatever logger it comes from."""

    def careless(seen, _number):
        library = logging.getLogger("careless.library")
        library.debug("sending %s with %s", seen.headers, seen.body)
        library.warning("token %s", seen.headers["authorization"])
        try:
            raise ValueError(f"cannot send {TOKEN}")  # noqa: TRY301 - a library's own exception
        except ValueError:
            library.exception("failed")

    world.proxy.before = careless
    ran = world.run("apply", "--yes", "-vv", "--log-format", "json" if as_json else "text")
    assert ran.code == 0
    assert "careless.library" in ran.err
    assert "ValueError" in ran.err
    _clean(world)


BAD_VALUES = {
    "a list": "[SECRET]",
    "a map": "{SECRET: SECRET}",
    "an unclosed marker": "'SECRET ${env:RECONCILER_X'",
    "an unknown marker": "'SECRET ${vault:SECRET}'",
    "a control character": '"SECRET\\u0007"',
    "a line end": '"SECRET\\nX: y"',
    "not latin": '"SECRET\\u4e2d"',
    "an absent variable beside it": "'SECRET ${env:RECONCILER_ABSENT}'",
    "a variable that may not be read": "'SECRET ${env:HOME}'",
    "an unclosed quote": "'SECRET",
    "an alias": "*SECRET",
    "a tag": "!SECRET x",
    "a number": "5544332211009988",
}


@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES.keys())
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_problem_with_a_header_value_does_not_quote_it(world, value, form):
    """The place says where it is; the value stays out of the message, in every command that reads manifests."""
    text = f"version: 1\nrunners:\n  x:\n    endpoint: https://x.example.com\n    headers:\n      X-Key: {value}\n"
    (world.root / "runners" / "plain.yaml").write_text(text.replace("SECRET", PLAIN))
    for command in (["validate"], ["plan"], ["render"], ["render", "--explain", "x"], ["apply", "--yes"]):
        ran = world.run(*command, "--format", form, "-vv")
        assert "Traceback" not in ran.err
        assert "5544332211009988" not in ran.out + ran.err
    _clean(world)


@pytest.mark.parametrize(
    "env",
    [
        {"RECONCILER_SECRET": f"{FROM_ENV}\x07"},
        {"RECONCILER_SECRET": f"{FROM_ENV}\nX-Other: y"},
        {"COMFYCONTROL_API_TOKEN": f"{TOKEN} {TOKEN}"},
        {"COMFYCONTROL_API_TOKEN": f"{TOKEN}\u4e2d"},
        {"COMFYCONTROL_API_URL": f"http://user:{TOKEN}@127.0.0.1:1"},
        {"COMFYCONTROL_API_URL": f"http://127.0.0.1:1/?token={TOKEN}"},
        {"COMFYCONTROL_API_URL": f"ftp://{TOKEN}"},
    ],
    ids=range(7),
)
def test_an_environment_that_cannot_be_used_is_not_quoted(world, env):
    """A token or secret of a wrong form is named, never shown."""
    ran = world.run("apply", "--yes", "-vv", env=env)
    assert ran.code in (1, 64), ran.err
    assert not world.proxy.writes
    _clean(world)


def test_the_scrubber_eats_nothing_of_our_own(tmp_path, monkeypatch):
    """A header value that is also a tag and part of a name shows there in full; in foreign text it is taken out."""
    value = "gpu-a100-pool"
    before = live(1, "gpu-a100-pool-1", tags=["gpu-a100", value], headers={"X-Pool": value, "X-Short": "a100"})
    with proxied((before,)) as proxy:
        world = World(tmp_path, proxy)
        world.write(MIXED)
        (tmp_path / "reconciler.yaml").write_text("version: 1\n")
        (tmp_path / "runners" / "fleet.yaml").write_text(
            "version: 1\nrunners:\n  gpu-a100-pool-1:\n    endpoint: https://gpu-a100-pool-1.example.com\n"
            "    tags: [gpu-a100, gpu-a100-pool, more]\n    headers: {X-Pool: gpu-a100-pool, X-Short: a100}\n"
        )
        use_virtual_clock(monkeypatch, world)
        for form in FORMATS:
            planned = world.run("plan", "--format", form).out
            assert "gpu-a100-pool-1" in planned
            assert "gpu-a100" in planned.replace("gpu-a100-pool", "")
        proxy.expect(always=Fault(**told(500, lambda _proxy: f"runner with {value} and a100")), since=3)
        ran = world.run("apply", "--yes", "--format", "json")
        assert ran.code == 3
        message = ran.json["outcomes"][0]["error"]["message"]
        assert value not in message
        assert "a100" in message
        assert ran.json["outcomes"][0]["key"] == "gpu-a100-pool-1"


def test_a_redirect_takes_the_token_nowhere(world):
    """Nothing arrives at the other host, at any request, for any verb."""
    with proxied() as elsewhere:
        for code in (301, 302, 303, 307, 308):
            for number in range(1, 12):
                headers = (("Location", f"{elsewhere.url}/v1/runner"),)
                world.proxy.expect({number: Fault(status=code, headers=headers, body=b"")})
                ran = world.run("apply", "--yes")
                assert ran.code in (0, 1, 3)
                if number == 1:
                    assert ran.code == 1
                    assert elsewhere.url in ran.err
        assert elsewhere.seen == []
    _clean(world)


def test_every_secret_is_looked_for():
    """The search would find them: each is a distinct text of eight characters and more."""
    assert len(set(SECRETS)) == len(SECRETS) == 7
    assert all(len(secret) >= 8 for secret in SECRETS)
    assert all(any(secret in value for secret in SECRETS) for value in (OLD, FOREIGN, FROM_ENV, FROM_FILE, TOKEN))
