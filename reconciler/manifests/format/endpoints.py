"""What a runner's endpoint must look like: an http or https URL (RFC 3986) with a host and without credentials.

Whatever is taken here the API takes too; credentials, and hosts that no resolver could look up, are refused besides.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

EXAMPLE: Final = "http://192.168.1.100:8188"
MAX_PORT: Final = 65535

_COMMON: Final = re.compile(
    r"https?://[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9_./~-]*)?"
)
"""Most endpoints there are, decided at once."""

_PARTS: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_AUTHORITY: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?", re.ASCII)
_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]%-]")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_MAX_HOST: Final = 253
"""Characters; RFC 1035, 2.3.4."""


def check_endpoint(text: str) -> str | None:
    """Return what is wrong with an endpoint, None if nothing is. Never repeats it: it may hold a password."""
    if len(text) <= _MAX_HOST and _COMMON.fullmatch(text):
        return None
    found = _PARTS.fullmatch(text)
    if not found:
        return f"must be an http or https URL, such as {EXAMPLE}"
    authority = found[2]
    if "@" in authority:
        return "holds a user or password, which plans would show; take it out and use a header"
    return _check_characters(text, authority) or _check_authority(authority)


def _check_characters(text: str, authority: str) -> str | None:
    if not authority.isascii():
        return "has a host with a character that is not ASCII; write the host in punycode (xn--…)"
    if "%" in authority:
        return "has a % in its host; neither an escape nor an IPv6 zone is taken there"
    if _FORBIDDEN.search(text):
        return "holds a space or another character that no URL has; write it as %XX"
    if _BAD_ESCAPE.search(text):
        return "holds a % that two hexadecimal digits don't follow; a literal % is %25"
    for mark, escaped, most in (
        ("[", "%5B", authority.count("[")),
        ("]", "%5D", authority.count("]")),
        ("#", "%23", 1),
    ):
        if text.count(mark) > most:
            return f"holds a {mark} where none is allowed; write it as {escaped}"
    return None


def _check_authority(authority: str) -> str | None:
    address = _AUTHORITY.fullmatch(authority)
    if not address:
        return "has a port that is no number, or an IPv6 address without its [ ]"
    return _check_host(address[1]) or _check_port(address[2])


def _check_host(host: str) -> str | None:
    if not host:
        return f"has no host; an endpoint looks like {EXAMPLE}"
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
            return None
        if host.rstrip(".").rpartition(".")[2].isdecimal():
            ipaddress.IPv4Address(host)
            return None
    except ValueError:
        return "has a host that is no IP address, though it looks like one"
    if len(host) > _MAX_HOST or not _HOST.fullmatch(host):
        return "has a host that is no name: only letters, digits, dashes, underscores and single dots"
    return None


def _check_port(port: str | None) -> str | None:
    if port is None:
        return None
    if port.startswith("0") and port.strip("0"):
        return "has a port that begins with 0; write it without"
    if port and len(port) <= len(str(MAX_PORT)) and 1 <= int(port) <= MAX_PORT:
        return None
    return f"has a port that is not between 1 and {MAX_PORT}"
