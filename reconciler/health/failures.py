"""Why no answer came: because of the endpoint, or because of this machine, which says nothing about the endpoint."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OURS: Final = {
    errno.EMFILE: "this process may open no more files: raise its limit (ulimit -n)",
    errno.ENFILE: "this machine may open no more files",
    errno.ENOBUFS: "this machine has no more buffers for connections",
    errno.ENOMEM: "this machine has no more memory",
    errno.EADDRNOTAVAIL: "this machine has no free port or address for a connection",
    errno.ENETDOWN: "the network of this machine is down",
    errno.ENETUNREACH: "the network of this machine has no way there",
    errno.EACCES: "this machine does not allow the connection",
    errno.EPERM: "this machine does not allow the connection",
}
_NAME_LATER: Final = frozenset(
    getattr(socket, each) for each in ("EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY", "EAI_SYSTEM") if hasattr(socket, each)
)


class CannotAsk(Exception):
    """The endpoint could not be asked, for a reason that lies on this machine; the reason is the text."""


def why_no_answer(exc: Exception) -> str:
    """Name the kind of failure; the exception's own text may hold bytes of the answer. Raises CannotAsk."""
    import httpx

    for each in _chain(exc):
        if isinstance(each, socket.gaierror):
            if each.errno in _NAME_LATER:
                raise CannotAsk("its name can't be resolved at the moment") from None
            return "no connection: there is no such host"
        # The errno of an SSLError is OpenSSL's: its 1 is no EPERM.
        if isinstance(each, OSError) and not isinstance(each, ssl.SSLError) and each.errno in _OURS:
            raise CannotAsk(_OURS[each.errno]) from None
    match exc:
        case httpx.ProxyError():
            raise CannotAsk("the proxy on the way refuses the connection") from None
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            raise CannotAsk("its address or a header can't be sent") from None
        case httpx.ConnectError():
            return _not_connected(exc)
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.RemoteProtocolError():
            return "its answer is cut off or no HTTP"
        case _:
            return "the connection broke"


def _not_connected(exc: Exception) -> str:
    chain = list(_chain(exc))
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in chain):
        return "no connection: its certificate is not trusted"
    if any(isinstance(each, ssl.SSLError) for each in chain):
        return "no connection: TLS failed"
    return (
        "no connection: refused" if any(isinstance(each, ConnectionRefusedError) for each in chain) else "no connection"
    )


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """The exception, what it came from, and the parts of groups."""
    waiting, seen = [exc], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting.extend(cause for cause in (each.__cause__, each.__context__) if cause is not None)
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)
