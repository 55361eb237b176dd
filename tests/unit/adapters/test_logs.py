from __future__ import annotations

import json
import logging

import pytest

from reconciler.adapters.logs import SafeLines, log_to_stderr
from reconciler.api.client import Client
from reconciler.errors import ApiError
from reconciler.model.secret import Scrubber, Secret
from reconciler.settings import Settings
from tests.fakes.clock import VirtualClock
from tests.fakes.faulty import Fault, faulty_service, status
from tests.fakes.runners import make_body

SECRET = "Bearer s3cret-header-value"


def talk(up, scrubber):
    """A read, a write, and faults whose texts hold the secrets."""
    base = Settings(api_url=up.url, token=Secret(up.token), plan_key=Secret("k"))
    body = make_body(name="n", endpoint="https://a.example.com", headers={"Authorization": Secret(SECRET)})
    with Client(base, clock=VirtualClock(), scrubber=scrubber, chance=lambda: 0.0) as client:
        made = client.create_runner(body, ())
        up.faults["PUT"] = [status(400, f"bad {SECRET} of {up.token}\n::error::x", Set_Cookie=f"t={up.token}")]
        up.faults["GET"] = [status(503, SECRET), Fault("reset"), status(302, Location=f"https://a/?t={up.token}")]
        for call in (lambda: client.replace_runner(made.id, body), client.account):
            with pytest.raises(ApiError):
                call()


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_leaks_into_the_loudest_logs(capsys, as_json):
    """With -vv the libraries' debug logs are shown, and neither the token nor a header value is in any of them."""
    scrubber = Scrubber()
    with log_to_stderr(2, as_json=as_json, scrubber=scrubber), faulty_service() as up:
        talk(up, scrubber)
        shown = capsys.readouterr()
        assert "httpcore" in shown.err
        assert "POST /v1/runner: 201" in shown.err
        assert shown.out == ""
        assert up.token not in shown.err
    assert "s3cret-header" not in shown.err
    for line in shown.err.splitlines():
        assert line.isprintable()
        assert not line.startswith("::")
        assert not as_json or json.loads(line)["level"] in ("debug", "info")


def test_the_libraries_are_quiet_with_one_v(capsys):
    """-v shows our requests only."""
    scrubber = Scrubber()
    with log_to_stderr(1, as_json=False, scrubber=scrubber), faulty_service() as up:
        talk(up, scrubber)
    shown = capsys.readouterr().err
    assert "reconciler.api: POST /v1/runner: 201" in shown
    assert "httpcore" not in shown


def _log_and_fail():
    logging.getLogger("reconciler.test").debug("within")
    raise ZeroDivisionError


@pytest.mark.parametrize("verbosity", [0, 1, 2])
def test_what_one_command_logs_never_reaches_the_next(capsys, verbosity):
    """Handlers and levels are as before when it ends, also by an error; without -v nothing changes at all."""
    root, ours = logging.getLogger(), logging.getLogger("reconciler")
    before = (root.level, list(root.handlers), ours.level)
    with pytest.raises(ZeroDivisionError), log_to_stderr(verbosity, as_json=False, scrubber=Scrubber()):
        _log_and_fail()
    assert (root.level, list(root.handlers), ours.level) == before
    logging.getLogger("reconciler.test").debug("after")
    shown = capsys.readouterr().err
    assert shown.count("within") == (verbosity > 0)
    assert "after" not in shown


def test_an_exception_is_its_type_on_one_line():
    """No text of its own and no traceback: either may hold what must not be shown."""
    lines = SafeLines(Scrubber(), as_json=False)
    error = ValueError("no s3cret-value\nhere")
    record = logging.LogRecord("reconciler", logging.ERROR, "f", 1, "failed %s", ("now",), (ValueError, error, None))
    assert lines.format(record).endswith(" error reconciler: failed now: ValueError")
    assert record.args == ("now",)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("receive_response_headers.failed exception=RemoteProtocolError(b's3cret')", "receive_response_headers.failed"),
        ("connect_tcp.started host='127.0.0.1'", "connect_tcp.started"),
        ("send.complete", "send.complete"),
        ('HTTP Request: GET http://a "HTTP/1.1 200 s3cret"', "wire.trace"),
        ("s3cret", "wire.trace"),
    ],
)
def test_of_a_library_s_record_only_the_event_is_shown(message, shown):
    """The rest may quote an answer, values that no scrubber knows among it."""
    lines = SafeLines(Scrubber(), as_json=False)
    record = logging.LogRecord("httpcore.http11", logging.DEBUG, "wire.py", 1, message, (), None, func="trace")
    assert lines.format(record).endswith(f" httpcore.http11: {shown}")


def test_a_message_that_does_not_fit_its_arguments_is_not_shown():
    """Nothing is raised into the program, and nothing unformatted is shown."""
    lines = SafeLines(Scrubber(), as_json=False)
    record = logging.LogRecord("reconciler.x", logging.ERROR, "f", 1, "%d", ("s3cret-value",), None)
    assert lines.format(record).endswith("(a log message that can't be formatted)")
