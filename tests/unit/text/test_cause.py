"""What a foreign exception is told as holds facts and our own words, never a text of its own."""

from __future__ import annotations

import errno
import json
import shlex
import socket
import sqlite3
import ssl

import httpx
import pytest

from reconciler.text.cause import cause_of, reason_of

QUOTED = "s3cret-piece"


def caused(error, cause):
    """An exception raised from another one."""
    error.__cause__ = cause
    return error


def certificate(code):
    """A failed verification, as ssl raises it."""
    error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {QUOTED}")
    error.verify_code = code
    return error


def tls(reason):
    """A failed handshake."""
    error = ssl.SSLError(1, f"[SSL] {QUOTED}")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (httpx.RemoteProtocolError(f"illegal header line: bytearray(b'{QUOTED}')"), "what came breaks the rules"),
        (httpx.LocalProtocolError(f"Illegal header value b'{QUOTED}'"), "LocalProtocolError: it would break"),
        (httpx.DecodingError(QUOTED), "not compressed as its header says"),
        (httpx.ConnectTimeout(QUOTED), "ConnectTimeout: it took too long"),
        (httpx.InvalidURL(QUOTED), "InvalidURL: the address is not a URL"),
        (httpx.ProxyError(f"407 {QUOTED}"), "ProxyError: the proxy refused"),
        (caused(httpx.ConnectError(QUOTED), ConnectionRefusedError(errno.ECONNREFUSED, QUOTED)), "Connection refused"),
        (caused(httpx.ConnectError(QUOTED), socket.gaierror(-2, QUOTED)), "name could not be resolved"),
        (caused(httpx.ConnectError(QUOTED), certificate(62)), "the certificate: it is for another host"),
        (certificate(10), "it has expired"),
        (certificate(999), "verification failed with code 999"),
        (tls("WRONG_VERSION_NUMBER"), "SSLError: TLS failed: WRONG_VERSION_NUMBER"),
        (tls(QUOTED), "SSLError: TLS failed"),
        (OSError(QUOTED), "OSError"),
        (OSError(errno.ENOSPC, QUOTED), "No space left on device"),
        (ValueError(QUOTED), "ValueError"),
        (json.JSONDecodeError(QUOTED, QUOTED, 0), "JSONDecodeError"),
        (sqlite3.DatabaseError(QUOTED), "DatabaseError"),
        (UnicodeDecodeError("utf-8", QUOTED.encode(), 0, 1, QUOTED), "it is not in the encoding expected"),
        (RecursionError(QUOTED), "nested too deeply"),
    ],
)
def test_a_cause_is_a_type_and_a_sentence_of_ours(error, told):
    """Errors of sockets by their number, of TLS by OpenSSL's names, all others by their type."""
    shown = cause_of(error)
    assert told in shown
    assert shown.startswith(type(error).__name__)
    assert QUOTED not in shown


def test_a_chain_that_ends_in_itself_is_read_once():
    """An exception that is its own context ends the search."""
    error, other = ValueError(QUOTED), KeyError(QUOTED)
    error.__cause__, other.__cause__ = other, error
    assert cause_of(error) == "ValueError"


def test_a_reason_has_no_type():
    """As in `plan.json can't be written: Is a directory`."""
    assert reason_of(IsADirectoryError(errno.EISDIR, QUOTED)) == "Is a directory"
    assert reason_of(OSError(QUOTED)) == "OSError"


def test_words_of_a_shell_are_not_repeated():
    """Also an exception that was really raised by a library."""
    with pytest.raises(ValueError, match="quotation") as caught:
        shlex.split(f"'{QUOTED}")
    assert cause_of(caught.value) == "ValueError"
