"""The proxy that the environment names for an address: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case.

httpx reads them too, but one that it can't use ends in an exception that names no variable, and a network of IPv6
addresses in NO_PROXY is enough for that. Here a broken one says what to set, and only where it is needed.
"""

from __future__ import annotations

import ipaddress
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from reconciler.errors import Unreachable
from reconciler.text.hidden import show_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOG: Final = logging.getLogger("reconciler.api")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxies:
    """The values of the variables by their lower-case names, and how each is written in the environment."""

    values: Mapping[str, str]
    written: Mapping[str, str]

    def url_for(self, url: str) -> str | None:
        """Find the proxy for this address; None for a direct connection. Raises Unreachable for a broken variable."""
        parts = urlsplit(url)
        name = next((each for each in (f"{parts.scheme}_proxy", "all_proxy") if self.values.get(each)), None)
        if name is None or self._is_exempt(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)):
            return None
        return _checked(self.values[name], self.written[name])

    def usable(self) -> tuple[str, ...]:
        """Return the addresses of all proxies, each once. Raises Unreachable for a broken variable."""
        names = [each for each in ("http_proxy", "https_proxy", "all_proxy") if self.values.get(each)]
        return tuple(dict.fromkeys(_checked(self.values[each], self.written[each]) for each in names))

    def _is_exempt(self, host: str, port: int) -> bool:
        """Whether NO_PROXY names the host, a domain or network that it is in, or everything."""
        return any(_covers(entry, host, port) for entry in self._exceptions())

    def _exceptions(self) -> Iterator[str]:
        for each in self.values.get("no_proxy", "").replace(" ", ",").split(","):
            if entry := each.strip():
                yield entry


def read_proxies(environ: Mapping[str, str] | None = None) -> Proxies:
    """Read the environment: the lower-case variable wins, as with curl. HTTP_PROXY is ignored in a CGI script."""
    environ = os.environ if environ is None else environ
    values: dict[str, str] = {}
    written: dict[str, str] = {}
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        for spelling in (name, name.upper()):
            if spelling == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
                continue  # there it is a header of the request: httpoxy, CVE-2016-5385
            if spelling in environ:
                values[name], written[name] = environ[spelling].strip(), spelling
                break
    return Proxies(values, written)


def _checked(value: str, variable: str) -> str:
    """The proxy's address. It is never shown, for it may hold a password."""
    url = value if "://" in value else f"http://{value}"
    remedy = f"set {variable} to http://HOST:PORT, or unset it"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
        url.encode("ascii")
    except ValueError as exc:
        raise Unreachable(f"{variable} is no address of a proxy; {remedy}") from exc
    if parts.scheme not in _PORTS:
        raise Unreachable(
            f"{variable} names a proxy of the kind {show_hidden(parts.scheme)[:20]}, which is not supported; {remedy}"
        )
    if not host or not url.isprintable() or " " in url:
        raise Unreachable(f"{variable} is no address of a proxy; {remedy}")
    return url


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether one entry of NO_PROXY is for the host: `*`, a domain, an address or a network; a port may follow."""
    if entry == "*":
        return True
    text = entry.partition("://")[2] or entry
    address = _address(host)
    try:
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        network = ipaddress.ip_network(bare, strict=False)
    except ValueError:
        pass
    else:
        return address is not None and address in network
    try:
        parts = urlsplit(f"//{text}")
        named, wanted = parts.hostname, parts.port
    except ValueError:
        named, wanted = None, None
    if not named or "/" in text:
        _LOG.warning("NO_PROXY: the entry %s names no host and no network; it is passed over", show_hidden(entry)[:100])
        return False
    if wanted is not None and wanted != port:
        return False
    if (other := _address(named)) is not None:
        return other == address
    domain = named.lstrip("*").lstrip(".")
    return bool(domain) and (host.lower() == domain or host.lower().endswith(f".{domain}"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
