"""Connections that would be refused again: what to say at once, in place of trying for a minute."""

from __future__ import annotations

import re
import socket
import ssl
from typing import Final

from reconciler.text.cause import cause_of

_PROXY_LOGIN: Final = 407

_NO_SUCH_HOST: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
"""What a resolver says of a name that is not there; any other error of its may pass."""

_NOT_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"}
)
"""OpenSSL's words for an answer in plain http to the first message of TLS."""


def chain_of(error: BaseException) -> list[BaseException]:
    """Return an exception and what it came from."""
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in chain:
        chain.append(each)
        each = each.__cause__ or each.__context__
    return chain


def final_reason(cause: BaseException, error: Exception, what: str, host: str) -> str | None:
    """Return what another attempt would meet again, and what to do; None for what may pass."""
    match cause:
        case socket.gaierror() if cause.errno in _NO_SUCH_HOST:
            return f"{what}: there is no host {host}: its name has no address; check the API address and the DNS"
        case ssl.SSLError(reason=str(reason)) if reason in _NOT_TLS:
            return f"{what}: {host} speaks plain http, not https, at this port; check the API address and its port"
        case ssl.SSLError() if not isinstance(cause, ssl.SSLCertVerificationError | ssl.SSLEOFError):
            return f"{what}: no TLS with {host}: {cause_of(error)}; check the API address, its port and the proxy"
        case _ if type(cause).__name__ == "SpeaksTls":
            return f"{what}: {host} speaks https, not plain http, at this port; check the API address"
        case _:
            pass
    if type(error).__name__ == "ProxyError" and (status := re.match(r"4[0-9]{2}(?= |$)", str(error))):
        return f"{what}: {proxy_refused(int(status[0]))}"
    return None


def proxy_refused(status: int) -> str:
    """Return what a proxy's refusal is, and what to do."""
    if status == _PROXY_LOGIN:
        return (
            "the proxy asks for a user and a password (407): put them into the variable that names it, such as "
            "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
        )
    return f"the proxy refused the connection ({status}): ask whoever runs it, or name the host in NO_PROXY"
