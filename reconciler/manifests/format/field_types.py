"""What a string of each field must look like. Every check says what is wrong, or None; none repeats a secret.

They hold for strings as they are sent, so before them come the variables. Lengths count Unicode code points.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from reconciler.manifests.format.endpoints import check_endpoint as check_endpoint  # noqa: PLC0414 - forms is where checks are looked for
from reconciler.manifests.yaml.trail import quoted
from reconciler.model.fields.spec import MAX_NAME
from reconciler.model.secret import REDACTED

KEY: Final = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""A runner's key, and the name of a profile or an environment."""
UUID: Final = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
HEADER_NAME: Final = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""A token of RFC 9110, 5.6.2."""
VARIABLE_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*"
TOKEN_ENV: Final = "COMFYCONTROL_[A-Z0-9_]+"  # noqa: S105 - a pattern for variables' names
PERCENTAGE: Final = r"(?:100(?:\.0{1,3})?|[0-9]{1,2}(?:\.[0-9]{1,3})?)%"
URL_PATH: Final = "/(?!/)[A-Za-z0-9/._~!$&'()*+,;=:@-]*"
"""RFC 3986, 3.3, without escapes, and so without a way to say the same in two spellings."""
DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters and line separators; and what a surrogate is for a byte of the command line that is no UTF-8."""
_KEY: Final = re.compile(KEY)
_UUID: Final = re.compile(UUID)
_HEADER_NAME: Final = re.compile(HEADER_NAME)
_VARIABLE_NAME: Final = re.compile(VARIABLE_NAME)
_TOKEN_ENV: Final = re.compile(TOKEN_ENV)
_PERCENTAGE: Final = re.compile(PERCENTAGE)
_URL_PATH: Final = re.compile(URL_PATH)
_DAY: Final = re.compile(DAY)


def check_name(text: str) -> str | None:
    """Check a runner's name."""
    if not text.strip():
        return "a name must not be empty"
    if len(text) > MAX_NAME:
        return f"{len(text)} characters, a name may have at most {MAX_NAME}"
    return check_text(text)


def check_tag(text: str) -> str | None:
    """Check one tag."""
    return check_text(text) if text.strip() else "a tag must not be empty"


def check_id(text: str) -> str | None:
    """Check a runner's id: a UUID of any version."""
    return None if _UUID.fullmatch(text) else f"{quoted(text)} is no UUID, such as 550e8400-e29b-41d4-a716-446655440000"


def check_key(text: str) -> str | None:
    """Check a runner's key, or the name of a profile or an environment."""
    if _KEY.fullmatch(text):
        return None
    return "a key has 1 to 100 letters, digits, dots, dashes and underscores, and begins with a letter or digit"


def check_header_name(text: str) -> str | None:
    """Check a header's name."""
    return None if _HEADER_NAME.fullmatch(text) else "a header's name has only letters, digits and !#$%&'*+-.^_`|~"


def check_header_value(text: str) -> str | None:
    """Check a header's value, not one copied from where it is hidden: that would be sent in place of the secret."""
    if REDACTED not in text:
        return None
    return (
        f"{REDACTED} is what is shown in place of a value; write the value, or refer to it as ${{env:…}} or ${{file:…}}"
    )


def check_reason(text: str) -> str | None:
    """Check the reason for which a finding is accepted."""
    return check_text(text) if text.strip() else "say why; a reason must not be empty"


def check_day(text: str) -> str | None:
    """Check a calendar day."""
    try:
        dt.date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        return f"{quoted(text)} is no calendar day, such as 2026-12-31"
    return None


def check_percentage(text: str) -> str | None:
    """Check a percentage such as `50%`."""
    return None if _PERCENTAGE.fullmatch(text) else f"{quoted(text)} is neither a count nor a percentage such as 50%"


def check_variable_name(text: str) -> str | None:
    """Check the name of a `${var:…}`."""
    return None if _VARIABLE_NAME.fullmatch(text) else "a variable's name has only letters, digits and underscores"


def check_variable_value(text: str) -> str | None:
    """Check the value of a `${var:…}`: text that is not expanded again, so that no secret can be meant."""
    if "${env:" in text or "${file:" in text:
        return "a variable is text and can't refer to a secret; put the reference into a header's value"
    return None


def check_token_env(text: str) -> str | None:
    """Return the environment variable that holds an environment's token."""
    if _TOKEN_ENV.fullmatch(text):
        return None
    return (
        "must begin with COMFYCONTROL_ and go on in capitals, digits and underscores; it names a variable, not a token"
    )


def check_host_glob(text: str) -> str | None:
    """Check a pattern for hosts."""
    if not text or any(each in text for each in "/@ ") or (":" in text and not text.startswith("[")):
        return "must be a host or a pattern such as *.example.com, without scheme, port or path"
    return check_text(text)


def check_url_path(text: str) -> str | None:
    """Check a path below an endpoint."""
    if _URL_PATH.fullmatch(text) and not any(each in ("..", ".") for each in text.split("/")):
        return None
    return f"{quoted(text)} is no path of a URL, such as /system_stats: no spaces, no query, no dot segments"


def check_filled(text: str) -> str | None:
    """Check a path or a pattern."""
    return check_text(text) if text.strip() else "must not be empty"


def check_text(text: str) -> str | None:
    """Any text: characters that can be sent and shown, on one line."""
    if text.isprintable():
        return None
    found = _CONTROL.search(text)
    if not found:
        return None
    if "\ud800" <= found[0] <= "\udfff":
        return "is not UTF-8"
    return f"holds a control character (U+{ord(found[0]):04X}); take it out"
