"""Plain scalars by the rules of YAML 1.1, as PyYAML's safe loader resolves them (https://yaml.org/type/)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from reconciler.manifests.yaml.nodes import BOOL, FLOAT, INT, MERGE, TIMESTAMP, Node, Scalar

MAX_DIGITS: Final = 64
"""Characters of an integer beyond which its value is not computed."""

_TRUE: Final = ("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE: Final = ("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")

WORDS: Final[dict[str, Scalar | None]] = {
    **{word: Scalar(BOOL, word, True) for word in _TRUE},
    **{word: Scalar(BOOL, word, False) for word in _FALSE},
    "<<": Scalar(MERGE, "<<", None),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
"""The words that are no text, with what they are."""

NUMERIC: Final = frozenset("+-.0123456789")
"""The first characters of everything else that is no text."""

_FLOAT: Final = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(?:inf|Inf|INF)"
    r"|\.(?:nan|NaN|NAN)"
)
_INT: Final = re.compile(
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"|([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
)


def resolve(text: str) -> Node:
    """Resolve an unquoted scalar without a tag: the text itself, None, or a Scalar."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in NUMERIC:
        return text
    if _FLOAT.fullmatch(text):
        return Scalar(FLOAT, text, _float(text))
    if _INT.fullmatch(text):
        return Scalar(INT, text, _int(text))
    if found := _TIMESTAMP.fullmatch(text):
        return Scalar(TIMESTAMP, text, _timestamp(found))
    return text


def _int(text: str) -> int | None:
    if len(text) > MAX_DIGITS:  # converting digits takes quadratic time
        return None
    digits = text.replace("_", "").lstrip("+-")
    sign = -1 if text[0] == "-" else 1
    try:
        if digits.startswith(("0b", "0x")):
            return sign * int(digits, 0)
        if ":" in digits:
            return sign * int(_sexagesimal(digits))
        return sign * (int(digits, 8) if digits.startswith("0") else int(digits))
    except ValueError:  # `0b_` has no digit at all
        return None


def _float(text: str) -> float | None:
    if len(text) > MAX_DIGITS:
        return None
    digits = text.replace("_", "").lstrip("+-").lower()
    sign = -1.0 if text[0] == "-" else 1.0
    if digits in (".inf", ".nan"):
        return sign * float(digits[1:])
    return sign * (_sexagesimal(digits) if ":" in digits else float(digits))


def _sexagesimal(digits: str) -> float:
    value = 0.0
    for part in digits.split(":"):
        value = value * 60 + float(part)
    return value


def _timestamp(found: re.Match[str]) -> dt.date | None:
    """A date, or a datetime for a time of day (its zone is passed over: no field takes one)."""
    year, month, day, *clock = (found[group] for group in (range(1, 4) if found[1] else range(4, 10)))
    try:
        if not clock:
            return dt.date(int(year), int(month), int(day))
        hour, minute, second = (int(part) for part in clock)
        return dt.datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        return None
