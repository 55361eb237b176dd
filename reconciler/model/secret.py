"""Secrets: a type of their own from where they are read to where they are sent.

A `Secret` shows as `(sensitive)` in str, repr, format and pickle, compares in constant time, and can be fingerprinted,
but not read: only `reveal` opens one, and only `reconciler.api.wire` may import it (held by a test).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from reconciler.text.credential import credentials_in, looks_like_credential
from reconciler.text.encodings import MIN_KNOWN, Known
from reconciler.text.hidden import is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED: Final = "(sensitive)"
_PLACEHOLDER: Final = re.compile(
    r"(?:(?:bearer|basic|token)\b\s*)?(?:change[-_ ]?me|x{3,}|todo|tbd|fixme|none|null|undefined|placeholder|example|"
    r"secret|password|token|dummy|test|your[-_ ].*|<.*>|\*+|\.{3,}|)",
    re.IGNORECASE,
)


_SCHEME: Final = r"(?:(?:bearer|basic|token|apikey)\b\s*)?"
_LEFT_ON: Final = re.compile(
    _SCHEME + r"""(?:(["'`]).*\1|[“„«].*[”“»]|[\u2018\u201a].*[\u2018\u2019]"""  # quotes
    r"|\$[a-z_]\w*|\$\{.*\}|\$\(.*\)|%[a-z_]\w*%"  # variables that a shell, or a file of it, did not expand
    r"|\$?\{\{.*\}\}|<%.*%>)",  # places in templates
    re.IGNORECASE | re.DOTALL,
)
"""Values that still have around them what belongs to the place they came from."""
_UNSENDABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Secret:
    """A value that must not be seen. Equal to another Secret of the same text, never to a str."""

    __slots__ = ("_doubtful", "_value")

    _value: str | None
    _doubtful: bool
    """Whether a piece that this was joined of is a placeholder."""

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "_doubtful", False)

    def __str__(self) -> str:
        return REDACTED

    __repr__ = __str__

    def __format__(self, _spec: str) -> str:
        return REDACTED

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if self._value is None or other._value is None:
            return self is other
        one, two = self._value, other._value
        if one.isascii() and two.isascii():
            return hmac.compare_digest(one, two)
        return hmac.compare_digest(one.encode(errors="surrogatepass"), two.encode(errors="surrogatepass"))

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        return (_emptied, ())

    def __setattr__(self, _name: str, _value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    @classmethod
    def join(cls, parts: Iterable[str | Secret]) -> Secret:
        """Make one secret of plain and secret pieces, such as `Bearer ` and a token; a placeholder if one is."""
        pieces = list(parts)
        joined = cls("".join(part if isinstance(part, str) else _open(part) for part in pieces))
        doubtful = any(isinstance(part, Secret) and part.is_placeholder for part in pieces)
        object.__setattr__(joined, "_doubtful", doubtful)
        return joined

    @property
    def is_unsendable(self) -> bool:
        """Whether the value holds what no header may carry: a C0 or C1 control character (RFC 9110, 5.5), or no text.

        The environment gives bytes that are no UTF-8 as lone surrogates.
        """
        return bool(_UNSENDABLE.search(_open(self)))

    @property
    def is_redacted(self) -> bool:
        """Whether the value holds the mark that outputs show instead of a value."""
        return REDACTED in _open(self)

    @property
    def size(self) -> int:
        """Bytes of the value in UTF-8."""
        return len(_open(self).encode(errors="surrogatepass"))

    def fingerprint(self, key: bytes, salt: bytes) -> str:
        """HMAC-SHA-256 of the value, salted, under a key derived from the API token; lower-case hex."""
        return hmac.new(key, salt + b"\0" + _open(self).encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def derive_key(self, purpose: str) -> bytes:
        """Return a 32-byte key for one purpose, by HKDF-SHA-256 (RFC 5869, no salt, one block)."""
        extracted = hmac.new(bytes(32), _open(self).encode(errors="surrogatepass"), hashlib.sha256).digest()
        return hmac.new(extracted, purpose.encode() + b"\x01", hashlib.sha256).digest()

    @property
    def credentials(self) -> frozenset[Secret]:
        """The value, and what of it is a credential by itself: `Bearer x`, `bearer x` and `x` have one in common.

        Without those under MIN_KNOWN characters, which are too likely to be equal by chance. They are secrets again, to
        be compared and never seen.
        """
        return frozenset([Secret(part) for part in credentials_in(_open(self)) if len(part) >= MIN_KNOWN])

    @property
    def is_placeholder(self) -> bool:
        """Whether the value is empty, what people leave in until they have the real one, or has something around it.

        That is: blanks, quotes, an invisible character anywhere, a variable or a template's place not expanded.
        """
        value = _open(self)
        bare = value.strip()
        return (
            self._doubtful
            or value != bare
            or is_hidden(value)
            or bool(_PLACEHOLDER.fullmatch(bare) or _LEFT_ON.fullmatch(bare))
        )


class Literal(Secret):
    """A secret that a manifest writes out, where everybody who reads it finds it. Equal to a Secret of its text."""

    __slots__ = ()

    def looks_like_credential(self, header: str) -> bool:
        """Whether the value of this header is probably a credential, and no placeholder of one."""
        return not self.is_placeholder and looks_like_credential(header, _open(self))


class Unresolved:
    """A header value that is not known here: offline, or not resolvable. `text` shows references, never a literal."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Unresolved({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return NotImplemented if not isinstance(other, Unresolved) else self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


HeaderValue: TypeAlias = Secret | Unresolved | str
"""A header's value: secret, not known here, or (public headers only) plain."""


class Scrubber:
    """Replaces known secret values in foreign free text, in any usual encoding: the last line of defence.

    For the service's messages only; never for our own structured output, where a header value like `a100` would eat
    the tag `gpu-a100`.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known = Known()
        self._learned: set[Secret] = set()
        self._waiting: set[Secret] = set()
        self._lock = threading.Lock()
        self.learn(secrets)

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Remember more secrets; those under MIN_KNOWN characters are passed over. They are read when first needed."""
        with self._lock:
            self._waiting |= set(secrets) - self._learned

    def scrub(self, text: str) -> str:
        """Return the text with every known value replaced by `(sensitive)`, encoded or not, in any case."""
        with self._lock:
            for secret in self._waiting:
                self._add(secret)
            self._learned |= self._waiting
            self._waiting = set()
        pieces: list[str] = []
        done = 0
        for start, end in self._known.spans(text):
            pieces += (text[done:start], REDACTED)
            done = end
        return "".join((*pieces, text[done:]))

    def _add(self, secret: Secret) -> None:
        value = secret._value  # noqa: SLF001 - the scrubber is the secret's own last defence
        for part in () if value is None else credentials_in(value, passwords=True):
            self._known.add(part)


def reveal(secret: Secret) -> str:
    """Return the value itself. Only the wire module may import this."""
    return _open(secret)


def _open(secret: Secret) -> str:
    value = secret._value  # noqa: SLF001 - this module is where secrets are opened
    return value if value is not None else _refuse()


def _refuse() -> NoReturn:
    raise ValueError("this secret was emptied when it was copied out of its process")


def _emptied() -> Secret:
    secret = Secret("")
    object.__setattr__(secret, "_value", None)
    return secret
