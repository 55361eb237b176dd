"""Notifications: what is sent, and that no receiver can hold anything up."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reconciler.errors import UsageProblem
from reconciler.model.watching import Mode
from reconciler.watch import notify
from reconciler.watch.notify import Webhook, check_notify_url, make_message
from reconciler.watch.status import Status
from reconciler.watch.transitions import Transition

STATUS = Status(environment="production", api_url="https://api.example.com", mode=Mode.APPLY)
DRIFT = Transition("drift-begins", "drift begins: gpu-1 differ", ("gpu-1",))


@contextmanager
def receiver(*codes):
    """Answers with these codes, the last one again and again; the address and what came."""
    came, left = [], list(codes)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            """Take it."""
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, *_arguments):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/secret-path", came
        server.shutdown()
        thread.join()


def webhook(url):
    """One that does not wait between attempts."""
    return Webhook(url, scrub=lambda text: text.replace("hidden", "(sensitive)"), wait=lambda _seconds: None)


def test_a_notification_is_sent_once_where_it_is_taken():
    """With its text, the event and the keys."""
    with receiver(204) as (url, came):
        sender = webhook(url)
        sender.send(DRIFT, STATUS)
        sender.close()
    (message,) = came
    assert message["text"] == "reconciler (production): drift begins: gpu-1 differ"
    assert (message["event"], message["keys"], message["environment"]) == ("drift-begins", ["gpu-1"], "production")


@pytest.mark.parametrize(("codes", "attempts"), [((500, 200), 2), ((500,), 3), ((302,), 3)])
def test_what_is_not_taken_is_tried_again_twice(codes, attempts, caplog):
    """Then it is left; the log says how it was answered and never where it went."""
    with receiver(*codes) as (url, came), caplog.at_level(logging.WARNING):
        sender = webhook(url)
        sender.send(DRIFT, STATUS)
        sender.close()
    assert len(came) == attempts
    assert f"it answers {codes[0]}" in caplog.text
    assert "secret-path" not in caplog.text + repr(sender)


def test_a_receiver_that_hangs_holds_nothing_up(monkeypatch, caplog):
    """Sending and ending take no time; what no longer fits is dropped and logged."""
    monkeypatch.setattr(notify, "FLUSH_S", 0.1)
    monkeypatch.setattr(notify, "TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent, caplog.at_level(logging.WARNING):
        began = time.monotonic()
        sender = webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        for _ in range(notify._WAITING + 5):
            sender.send(DRIFT, STATUS)
        sender.close()
        assert time.monotonic() - began < 1.0
    assert "dropped" in caplog.text


def test_what_comes_from_outside_does_nothing_in_a_chat():
    """Control characters, mentions and a chat's own markup are made harmless, and secrets are hidden."""
    text = "apply failed: \x1b[31m<!channel> @here <https://evil.example|click> hidden"
    message = make_message(Transition("apply-failed", text), STATUS, lambda said: said.replace("hidden", "(sensitive)"))
    assert not {"<", ">", "\x1b"} & set(message["text"])
    assert "@here" not in message["text"]
    assert message["text"].endswith("(sensitive)")


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://hooks.example.com/x?key=y", True),
        ("http://localhost:8080/x", True),
        ("http://hooks.example.com/x", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://a:b:c", False),
    ],
)
def test_which_addresses_are_taken(url, good):
    """https, or plain http to this machine; a refusal does not show the address."""
    if good:
        assert check_notify_url(url, insecure_http=False) == url
        return
    with pytest.raises(UsageProblem) as caught:
        check_notify_url(url, insecure_http=False)
    assert url not in str(caught.value)
