"""Names of hosts that can't be resolved: what the failure keeps on its way through the connection pool."""

from __future__ import annotations

import socket

import httpcore
import pytest

from reconciler.api.connection.deadline import Deadline, DeadlineBackend
from reconciler.api.connection.refusals import chain_of, final_reason


@pytest.mark.parametrize(("code", "final"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
def test_a_name_that_is_not_there_is_final_and_a_resolver_that_is_away_is_not(monkeypatch, code, final):
    """The resolver's own error survives the pool: by its number a wrong name is said at once, and not tried again."""

    def resolve(*_arguments, **_options):
        raise socket.gaierror(code, "no")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        httpcore.ConnectionPool(network_backend=DeadlineBackend(Deadline())) as pool,
        pytest.raises(httpcore.ConnectError) as caught,
    ):
        pool.request("GET", "http://nowhere.example.com/")
    error = caught.value
    reasons = [final_reason(each, error, "GET /", "nowhere.example.com") for each in chain_of(error)]
    said = "GET /: there is no host nowhere.example.com: its name has no address; check the API address and the DNS"
    assert [each for each in reasons if each] == ([said] if final else [])
    assert any(isinstance(each, socket.gaierror) for each in chain_of(error))
