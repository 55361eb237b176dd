"""Whether the other scheme is spoken at an address: asked once, when a first connection ends without a word of HTTP.

A server that is spoken to in the wrong way says nothing, hangs up, or waits; only asking it the right way shows that
from a broken network. Nothing is sent that anybody may not see.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

_QUESTION: Final = b"HEAD / HTTP/1.0\r\n\r\n"
_WAIT_S: Final = {"https": 2.0, "http": 0.5}  # plain http is for near addresses
FIRST_HANDSHAKE_S: Final = 3.0
"""How long the first handshake may take before plain http is tried out; a repeat has the time that is set."""


def reason_for_other_scheme(api_url: str) -> str | None:
    """Return what is wrong with the scheme of this address; None where the other one is not spoken there either."""
    parts = urlsplit(api_url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    try:
        try:
            spoken = _is_spoken(host, port, secure=secure)
        except ConnectionError:  # the server may still be hanging up on the first connection: asked once more
            spoken = _is_spoken(host, port, secure=secure)
    except (OSError, ValueError):
        return None
    if not spoken:
        return None
    speaks, not_spoken = ("plain http", "https") if secure else ("https", "plain http")
    return f"{parts.netloc} speaks {speaks}, not {not_spoken}, at this port; check the API address and its port"


def _is_spoken(host: str, port: int, *, secure: bool) -> bool:
    """Ask an https address in plain http, and an http one for a handshake. Raises OSError."""
    with socket.create_connection((host, port), _WAIT_S["https" if secure else "http"]) as connection:
        if secure:
            return _speaks_http(connection)
        _shake_hands(connection)
        return True


def _speaks_http(connection: socket.socket) -> bool:
    connection.sendall(_QUESTION)
    answer = connection.recv(4096)
    return answer.startswith(b"HTTP/") and b"https" not in answer.lower()


def _shake_hands(connection: socket.socket) -> None:
    """Shake hands with whoever it is. Raises OSError where none does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: whether it is TLS is all that is asked
    with context.wrap_socket(connection):
        pass
