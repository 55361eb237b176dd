"""Requests, responses, and the record of one of each: all that a door and the service know of one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. `path` is decoded, `query` is not; header names are lower-case; `address` is the sender's."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response; header names are lower-case, content-length is left to the door."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange(NamedTuple):
    """A request that was answered: `at` is its arrival on the service's monotonic clock, in seconds."""

    method: str
    path: str
    status: int
    at: float
    query: str = ""
    body: bytes = b""
