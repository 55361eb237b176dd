"""What a foreign exception is, in our words: never its own text, which may quote what was read.

h11, httpcore and ssl put raw bytes of an answer into their messages, json and shlex pieces of a file, sqlite a stored
schema. So only facts that are no text of theirs are used: types, numbers, and names out of fixed lists.
"""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SENTENCES: Final = {
    "LocalProtocolError": "it would break the rules of HTTP",
    "RemoteProtocolError": "what came breaks the rules of HTTP, or broke off",
    "DecodingError": "the body is not compressed as its header says",
    "ReadError": "the connection broke while the answer was read",
    "WriteError": "the connection broke while the request was sent",
    "CloseError": "the connection broke while it was closed",
    "ConnectError": "the connection could not be made",
    "ProxyError": "the proxy refused the connection",
    "TooManyRedirects": "it was redirected too often",
    "UnsupportedProtocol": "the address is neither http nor https",
    "InvalidURL": "the address is not a URL",
    "TimeoutException": "it took too long",
    "UnicodeError": "it is not in the encoding expected",
    "RecursionError": "it is nested too deeply",
    "MemoryError": "there is not enough memory",
}
"""By the name of a type, or of one it derives from (httpx, httpcore, h11, socket and Python itself)."""

_CERTIFICATE: Final = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "a certificate authority in its chain is self-signed and not trusted",
    20: "its certificate authority is not known",
    21: "its chain can't be verified",
    23: "it was revoked",
    62: "it is for another host",
    64: "it is for another address",
}
"""By OpenSSL's X509_V_ERR numbers (x509_vfy.h)."""

_SYMBOL: Final = re.compile(r"[A-Z0-9_]{1,60}")
"""OpenSSL's own names of errors, such as WRONG_VERSION_NUMBER."""


def cause_of(error: BaseException) -> str:
    """Return the type of an exception and a sentence of ours, such as `ConnectError: Connection refused`."""
    return f"{type(error).__name__}: {reason}" if (reason := _reason(error)) else type(error).__name__


def reason_of(error: OSError) -> str:
    """Return why the operating system refused, without the type: `No space left on device`."""
    return _reason(error) or type(error).__name__


def _reason(error: BaseException) -> str:
    """The nearest fact in the chain of causes; empty where none of them is known."""
    chain = list(_chain(error))
    for each in chain:
        if found := _fact(each):
            return found
    names = (cls.__name__ for each in chain for cls in type(each).__mro__)
    return next((_SENTENCES[name] for name in names if name in _SENTENCES), "")


def _fact(error: BaseException) -> str:
    names = {cls.__name__ for cls in type(error).__mro__}
    if "SSLCertVerificationError" in names:
        code = getattr(error, "verify_code", None)
        return f"the certificate: {_CERTIFICATE.get(code or 0, f'verification failed with code {code}')}"
    if "SSLError" in names:
        reason = getattr(error, "reason", None)
        return f"TLS failed: {reason}" if isinstance(reason, str) and _SYMBOL.fullmatch(reason) else "TLS failed"
    if "gaierror" in names:
        return "the host's name could not be resolved"
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
