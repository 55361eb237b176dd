"""Endpoints: when two spellings mean the same, and which hosts are public."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_USUAL: Final = re.compile(r"(https?)://([A-Za-z0-9._-]+)(?::([0-9]{1,4}))?((?:[/?#][!-~]*)?)")
"""A URL that reads in one way only, as nearly all do: urlsplit takes ten times as long for the same."""
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_PRIVATE_SUFFIXES: Final = (".local", ".internal", ".localhost", ".home.arpa")
"""Names that no public resolver answers (RFC 6762, RFC 6761, RFC 8375, and ICANN's reservation of .internal)."""


@lru_cache(maxsize=65536)
def endpoint(url: str) -> str:
    """Return the form in which equal endpoints are equal strings (RFC 3986, 6.2.2.1 and 6.2.3).

    Scheme and host in lower case, an international host in punycode, without the scheme's default port and without a
    path that is only a slash. Path, query, user and password are left as they are. A URL that cannot be read is its own
    form, equal to nothing else.
    """
    parts = _split(url)
    if parts is None:
        return url
    scheme, user, host, port, rest = parts
    shown = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        shown = f"{shown}:{port}"
    if rest[:1] == "/" and rest[1:2] in ("", "?", "#"):
        rest = rest[1:]
    return f"{scheme}://{user}{shown}{rest}"


def host(url: str) -> str | None:
    """Return the host of an endpoint as it is looked up, IPv6 without brackets; None where there is none to be read."""
    parts = _split(url)
    return None if parts is None else parts[2]


@lru_cache(maxsize=65536)
def origin(url: str) -> str:
    """Scheme, host and port of an endpoint (RFC 6454, 4), without the scheme's own port; what can't be read as it is.

    Two endpoints of one origin are one server; another port may belong to another owner.
    """
    parts = _split(url)
    if parts is None:
        return url
    scheme, _user, name, port, _rest = parts
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{shown}:{port}"


def is_public(name: str) -> bool:
    """Whether a host is reached over the public internet, as far as its name or address shows.

    Not public: addresses that are not global (loopback, private, link-local, shared), names of one label, and names
    that only local resolvers know.
    """
    address = _address(name)
    return not _is_local_name(name) if address is None else address.is_global


def is_private(name: str) -> bool:
    """Whether only a local network reaches a host: by its address (private, loopback, link-local) or name."""
    address = _address(name)
    if address is None:
        return _is_local_name(name)
    return any(address.version == network.version and address in network for network in _private_networks())


@cache
def _private_networks() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """RFC 1918, 6598, 1122, 3927, 4193 and 4291; not the ranges that are for documentation."""
    four = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
    return tuple(
        map(ipaddress.ip_network, (*four, "0.0.0.0/8", "fc00::/7", "fe80::/10", "fec0::/10", "::1/128", "::/128"))
    )


def _is_local_name(name: str) -> bool:
    bare = name.rstrip(".")
    return "." not in bare or bare.endswith(_PRIVATE_SUFFIXES)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, also one in a spelling that resolvers take: `127.1`, `0x7f.1`, `::ffff:127.0.0.1`."""
    name = name.rstrip(".")
    if ":" not in name and not name.rpartition(".")[2][:1].isdigit():
        return None  # as nearly all are: no spelling of an address ends so
    try:
        address = ipaddress.ip_address(name)
        return (address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None) or address
    except ValueError:
        if not _NUMBER.fullmatch(name.rpartition(".")[2]):
            return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except OSError:
        return None


def same_endpoint(one: str, other: str) -> bool:
    """Whether two endpoints are one."""
    return one == other or endpoint(one) == endpoint(other)


@lru_cache(maxsize=65536)
def _split(url: str) -> tuple[str, str, str, int | None, str] | None:
    """Scheme, `user@`, host, port and all that follows; None for what is no URL with a host.

    urlsplit passes over spaces and control characters: a URL that holds any is not read, so that it equals only
    itself.
    """
    if usual := _USUAL.fullmatch(url):
        scheme, name, port, rest = usual.groups()
        return scheme, "", name.lower(), int(port) if port else None, rest
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        name, number = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or not parts.scheme:
        return None
    at = parts.netloc.rpartition("@")
    rest = url[len(parts.scheme) + len("://") + len(parts.netloc) :]
    return parts.scheme, at[0] + at[1], ascii_host(name.lower()), number, rest


def ascii_host(name: str) -> str:
    """Return a host, or a pattern of hosts, as it is looked up: international labels in punycode (RFC 5891, 4.4).

    A name with a label that has no such form stays as it is, equal to nothing else.
    """
    if name.isascii():
        return name
    import idna

    try:
        return ".".join(
            label if label.isascii() else idna.alabel(unicodedata.normalize("NFC", label)).decode("ascii")
            for label in name.split(".")
        )
    except UnicodeError:
        return name
