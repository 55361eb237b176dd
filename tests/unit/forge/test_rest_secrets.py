"""What a forge says is shown without the token, however it repeats it."""

from __future__ import annotations

import base64
from contextlib import closing
from urllib.parse import quote

import httpx
import pytest

from reconciler.forge.github.forge import GITHUB
from reconciler.forge.rest import Rest, RestError
from reconciler.model.secret import Scrubber, Secret
from tests.fakes.clock import VirtualClock

TOKEN = "ghs_0123456789/abcdef+XYZ"


def raised(answer):
    """The message of the error that an answer, or an error, becomes."""

    def handle(_request):
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = httpx.Client(transport=httpx.MockTransport(handle), base_url="https://api.example.com")
    rest = Rest(client, VirtualClock(), GITHUB.dialect, Scrubber([Secret(TOKEN)]))
    with closing(rest), pytest.raises(RestError) as caught:
        rest.call("POST", "/thing", {})
    return str(caught.value)


@pytest.mark.parametrize(
    "shown", [TOKEN, quote(TOKEN, safe=""), base64.b64encode(TOKEN.encode()).decode(), f"Bearer {TOKEN}"]
)
@pytest.mark.parametrize("key", ["message", "error", "error_description"])
def test_a_message_that_repeats_the_token(shown, key):
    """A proxy or a mirror may echo what it was sent, encoded or not."""
    said = raised(httpx.Response(400, json={key: f"bad credentials {shown} given"}))
    assert "bad credentials" in said
    assert "(sensitive)" in said
    assert shown not in said


def test_fields_that_repeat_the_token():
    """GitLab's messages are lists by field."""
    said = raised(httpx.Response(400, json={"message": {"note": [f"holds {TOKEN}"]}}))
    assert (TOKEN in said, "(sensitive)" in said) == (False, True)


def test_a_token_at_the_end_of_a_long_message_is_not_cut_in_half():
    """What is cut off is cut from the text without it: no part of it is left."""
    said = raised(httpx.Response(400, json={"message": "x" * 290 + TOKEN}))
    assert TOKEN[:8] not in said


def test_an_error_of_the_connection_that_repeats_the_token():
    """The HTTP library quotes a header that can't be sent."""
    said = raised(httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"))
    assert TOKEN not in said
