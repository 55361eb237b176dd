"""The store's tables.

Runners, workflows and managed runners share one table: each row keeps its answer as the JSON text that is sent, beside
the columns that pages are selected and ordered by. A page is thus text joined to text.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x63666353
"""Marks an SQLite file as a store of ours."""

SCHEMA_VERSION: Final = 1

TABLES: Final = (
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE users (id TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE tokens (
        token TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at TEXT, revoked INTEGER NOT NULL
    ) WITHOUT ROWID""",
    # AUTOINCREMENT: a number is never used twice, so it orders what was created within one second.
    """CREATE TABLE entities (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL,
        status TEXT NOT NULL, created_at TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (kind, id)
    )""",
    "CREATE INDEX newest_first ON entities (kind, user_id, created_at DESC, number DESC)",
    "CREATE INDEX newest_first_by_status ON entities (kind, user_id, status, created_at DESC, number DESC)",
)
