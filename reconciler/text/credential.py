"""What in a header's value is a credential, and which values look like one."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from typing import Final

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)[ \t]+(\S.*)", re.DOTALL)
"""A scheme and its credentials (RFC 9110, 11.4); schemes are the same in any case."""


def credentials_in(value: str, *, passwords: bool = False) -> frozenset[str]:
    """Give the value itself and what of it is a credential by itself: without its scheme or quotes, Basic also decoded.

    With `passwords` that of a Basic credential alone is one too.
    """
    bare = value.strip()
    found = {value, bare}
    if scheme := _SCHEME.fullmatch(bare):
        rest = scheme[2].strip()
        found |= {rest, rest.strip("\"'")}
        if scheme[1].lower() == "basic" and (pair := _decode(rest)) is not None:
            found |= {pair, pair.partition(":")[2]} if passwords else {pair}
    return frozenset(filter(None, found))


def _decode(text: str) -> str | None:
    """User and password of a Basic credential (RFC 7617); None where it is none."""
    try:
        pair = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return pair if ":" in pair else None


def looks_like_credential(header: str, value: str) -> bool:
    """Whether a value is probably a credential: by its header's name, its scheme, a known shape, or its randomness.

    What a reader would take for a word, a number, a path or a name is none.
    """
    bare = value.strip().strip("\"'")
    if not bare or bare.lower() in _WORDS:
        return False
    name = header.lower()
    parts = set(re.split(r"[-_.]", name))
    if name in _HEADERS or parts & _CERTAIN:
        return True
    scheme = _SCHEME.fullmatch(bare)
    named, core = (scheme[1].lower(), scheme[2].strip("\"' ")) if scheme else ("", bare)
    likely = bool(parts & _LIKELY) or name.endswith(_ENDINGS) or named in _ORDINARY_SCHEMES
    if len(core) >= _MIN_LIKELY and (named in _SCHEMES or (likely and not _is_plain(core))):
        return True
    return bool(_SHAPES.search(bare)) or any(map(_is_random, re.split(r"[\s;,=&:\"'?]+", bare)))


_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "apikey", "x-apikey", "x-auth-token"}
)
_CERTAIN: Final = frozenset({"password", "passwd", "secret", "credential", "credentials"})
"""Parts of a header's name after which any value is a credential."""
_LIKELY: Final = frozenset({"token", "key", "auth", "authorization", "session", "signature", "jwt", "passphrase"})
"""Parts after which a value is one unless it reads like a word."""
_ENDINGS: Final = ("token", "apikey", "secret", "password", "authkey")
_SCHEMES: Final = frozenset({"bearer", "apikey", "api-key", "hmac"})
_ORDINARY_SCHEMES: Final = frozenset({"basic", "token", "key", "digest", "negotiate"})
"""Schemes that are words too, as in `Basic subscription`."""
_WORDS: Final = frozenset({"none", "null", "undefined", "true", "false", "yes", "no", "on", "off", "required"})
_MIN_LIKELY: Final = 8
_MIN_RANDOM: Final = 20
_MIN_BITS: Final = 3.2
"""Bits a character (Shannon) of a value of letters and digits; sixteen hexadecimal digits, each twice, have 4."""
_MIN_MIXED: Final = 16

_SHAPES: Final = re.compile(
    r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bgl(?:pat|rt|dt|cbt)-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}"
    r"|\b(?:sk|rk|pk|whsec)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{20,}|\bA(?:KIA|SIA|ROA|IDA)[A-Z0-9]{16}\b"
    r"|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}|\b(?:npm|hf|cfc|r8|lin|figd|shp(?:at|ss|ca))_\w{8,}"
    r"|\bpypi-[\w-]{16,}|\bdo[opr]_v1_[0-9a-f]{32,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bhv[sbr]\.[\w-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"
)
"""How the credentials of well-known services begin, private keys, and a URL with a password."""

_PART: Final = re.compile(r"[A-Z]?[a-z]*|[A-Z]+|[0-9]+|[a-z]{1,3}[0-9]{1,4}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _is_plain(text: str) -> bool:
    """Whether a text reads like words or numbers: no part mixes letters and digits, or cases inside a word."""
    return all(_PART.fullmatch(part) for part in re.split(r"[-_./ ]", text))


def _is_random(word: str) -> bool:
    """Whether a word without spaces is too irregular to be a name: long, mixed, and of many different characters."""
    if len(word) < _MIN_RANDOM or _UUID.fullmatch(word) or not re.fullmatch(r"[A-Za-z0-9+/_~.-]+", word):
        return False
    longest = max(re.split(r"[-_./~]", word), key=len)
    mixed = any(each.isdigit() for each in longest) and any(each.isalpha() for each in longest)
    return mixed and len(longest) >= _MIN_MIXED and _bits(longest) >= _MIN_BITS


def _bits(text: str) -> float:
    """The Shannon entropy of a text, in bits a character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
