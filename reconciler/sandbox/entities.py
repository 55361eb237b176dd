"""What the store keeps: accounts, runners, workflows and managed runners in the shapes the API answers them.

Runners, workflows and managed runners share one table: each row keeps its answer as the JSON text that is sent, beside
the columns that pages are selected and ordered by. A page is thus text joined to text. `runs` has the workflows under
way that were created here: which runner has each, and since when.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_USER_ID: Final = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
"""The account that a new store begins with."""

RUNNER: Final = "runner"
WORKFLOW: Final = "workflow"
MANAGED: Final = "managed"

APPLICATION_ID: Final = 0x63666353
"""Marks an SQLite file as a store of ours."""

SCHEMA_VERSION: Final = 2
"""A store of version 1 has no table of runs yet; it gets one when it is opened."""

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS tokens (
        token TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at TEXT, revoked INTEGER NOT NULL
    ) WITHOUT ROWID""",
    # AUTOINCREMENT: a number is never used twice, so it orders what was created within one second.
    """CREATE TABLE IF NOT EXISTS entities (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL,
        status TEXT NOT NULL, created_at TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (kind, id)
    )""",
    "CREATE INDEX IF NOT EXISTS newest_first ON entities (kind, user_id, created_at DESC, number DESC)",
    """CREATE INDEX IF NOT EXISTS newest_first_by_status
    ON entities (kind, user_id, status, created_at DESC, number DESC)""",
    """CREATE TABLE IF NOT EXISTS runs (
        workflow_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, runner_id TEXT, given_at REAL, started_at REAL
    ) WITHOUT ROWID""",
)

_NOWHERE: Final = "http://127.0.0.1:9"

_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    RUNNER: {"user_id": None, "name": None, "status": "active", "endpoint": _NOWHERE, "tags": [], "headers": {}},
    MANAGED: {"name": None, "runner_type": "pro", "status": "active", "tags": []},
    WORKFLOW: {"name": None, "status": "queued", "tags": [], "started_at": None, "completed_at": None},
}


def new_user(user_id: str) -> dict[str, Any]:
    """Return an account as a store begins with (API: Get User Profile)."""
    return {
        "id": user_id,
        "name": "Sandbox",
        "email": "sandbox@example.com",
        "deleted": False,
        "tier": "enterprise",
        "provider": "github",
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:00:00Z",
    }


def complete(kind: str, entity: Mapping[str, Any], user_id: str, now: str) -> dict[str, Any]:
    """Give the entity every field of its kind: a new id, its id as the name, timestamps `now` where none are given."""
    whole = {"id": None, **_DEFAULTS[kind], "created_at": None, "updated_at": None, **entity}
    whole["id"] = whole["id"] or str(uuid.uuid4())
    whole["name"] = whole["id"] if whole["name"] is None else whole["name"]
    whole["created_at"] = whole["created_at"] or now
    whole["updated_at"] = whole["updated_at"] or whole["created_at"]
    if kind == RUNNER:
        whole["user_id"] = user_id
    return whole


def to_row(kind: str, entity: Mapping[str, Any], user_id: str) -> tuple[str, str, str, str, str, str]:
    """Return the entity as the store's row: kind, id, user_id, status, created_at, document."""
    return kind, entity["id"], user_id, entity["status"], entity["created_at"], encode(entity)


def encode(document: Mapping[str, Any]) -> str:
    """Compact JSON text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
