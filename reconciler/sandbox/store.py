"""The emulator's state: one SQLite file, or memory. Safe with several threads, and several processes on one file."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from reconciler.sandbox.clock import SystemClock, stamp
from reconciler.sandbox.entities import (
    APPLICATION_ID,
    DEFAULT_USER_ID,
    RUNNER,
    SCHEMA_VERSION,
    TABLES,
    complete,
    encode,
    new_user,
    to_row,
)
from reconciler.sandbox.failures import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MEMORY: Final = ":memory:"

_BUSY_S: Final = 30.0
_RETRY_S: Final = 0.01
_PAGE: Final = (
    "SELECT count(*) FROM entities WHERE kind = ? AND user_id = ?",
    """SELECT document FROM entities WHERE kind = ? AND user_id = ?
    ORDER BY created_at DESC, number DESC LIMIT ? OFFSET ?""",
)
_PAGE_OF_STATUS: Final = (
    "SELECT count(*) FROM entities WHERE kind = ? AND user_id = ? AND status = ?",
    """SELECT document FROM entities WHERE kind = ? AND user_id = ? AND status = ?
    ORDER BY created_at DESC, number DESC LIMIT ? OFFSET ?""",
)
_ADD: Final = "INSERT OR IGNORE INTO entities (kind, id, user_id, status, created_at, document) VALUES (?,?,?,?,?,?)"


class Token(NamedTuple):
    """A token of the dashboard; `expires_at` is ISO 8601, None for one that does not expire."""

    user_id: str
    expires_at: str | None = None
    revoked: bool = False


class Store:
    """Accounts, tokens, runners, workflows. Every method is one transaction; each raises StoreError.

    Args:
        path: the file, made with mode 0600 when it is not there, or `:memory:`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        try:
            if self.path != MEMORY:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as exc:
            raise StoreError(f"{self.path}: cannot open the sandbox's file: {_name(exc)}") from exc
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def plan_key(self) -> str:
        """Return the key that signs saved plans against this store: 32 random bytes in hex, made once per file."""
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO settings VALUES ('plan_key', ?)", (secrets.token_hex(32),))
            (key,) = db.execute("SELECT value FROM settings WHERE key = 'plan_key'").fetchone()
        return str(key)

    def user(self, user_id: str = DEFAULT_USER_ID) -> dict[str, Any] | None:
        """Return the account as Get User answers it."""
        with self.transaction("DEFERRED") as db:
            row = db.execute("SELECT document FROM users WHERE id = ?", (user_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_user(self, user: Mapping[str, Any]) -> None:
        """Add an account, or change the fields given of one that is there; `id` says which."""
        with self.transaction() as db:
            row = db.execute("SELECT document FROM users WHERE id = ?", (user["id"],)).fetchone()
            merged = {**(json.loads(row[0]) if row else new_user(user["id"])), **user}
            db.execute("REPLACE INTO users VALUES (?, ?)", (user["id"], encode(merged)))

    def add_token(self, token: str, record: Token) -> None:
        """Accept a token, or change what is known of it."""
        with self.transaction() as db:
            db.execute("REPLACE INTO tokens VALUES (?, ?, ?, ?)", (token, *record))

    def token(self, token: str) -> Token | None:
        """Return what is known of a token."""
        with self.transaction("DEFERRED") as db:
            row = db.execute("SELECT user_id, expires_at, revoked FROM tokens WHERE token = ?", (token,)).fetchone()
        return Token(row[0], row[1], bool(row[2])) if row else None

    def page(
        self, kind: str, user_id: str, *, status: str | None = None, limit: int, offset: int
    ) -> tuple[list[str], int]:
        """Return one page of an account's entities, newest first, as JSON texts, and how many there are in all."""
        count, select = _PAGE if status is None else _PAGE_OF_STATUS
        values = (kind, user_id) if status is None else (kind, user_id, status)
        with self.transaction("DEFERRED") as db:
            (total,) = db.execute(count, values).fetchone()
            rows = db.execute(select, (*values, limit, offset)).fetchall()
        return [row[0] for row in rows], total

    def runners(self, user_id: str = DEFAULT_USER_ID) -> list[dict[str, Any]]:
        """Return all runners of an account, newest first."""
        return [json.loads(text) for text in self.page(RUNNER, user_id, limit=-1, offset=0)[0]]

    def runner(self, runner_id: str, user_id: str = DEFAULT_USER_ID) -> str | None:
        """Return one runner of an account, as JSON text."""
        with self.transaction("DEFERRED") as db:
            return _find(db, runner_id, user_id)

    def create(self, runner: Mapping[str, Any], *, limit: int) -> str | None:
        """Add a runner and give its JSON text; None when its account has `limit` runners already."""
        row = to_row(RUNNER, runner, runner["user_id"])
        with self.transaction() as db:
            counted = "SELECT count(*) FROM entities WHERE kind = ? AND user_id = ?"
            if db.execute(counted, (RUNNER, runner["user_id"])).fetchone()[0] >= limit:
                return None
            db.execute(_ADD, row)
        return row[-1]

    def update(self, runner_id: str, changes: Mapping[str, Any], user_id: str = DEFAULT_USER_ID) -> str | None:
        """Change the fields given of one runner and give its JSON text; None when the account has no such runner."""
        with self.transaction() as db:
            text = _find(db, runner_id, user_id)
            if text is None:
                return None
            row = to_row(RUNNER, {**json.loads(text), **changes}, user_id)
            db.execute(
                "UPDATE entities SET status = ?, document = ? WHERE kind = ? AND id = ?",
                (row[3], row[5], RUNNER, row[1]),
            )
        return row[5]

    def remove(self, runner_id: str) -> None:
        """Take a runner out, as its owner may in the dashboard: the API has no delete."""
        with self.transaction() as db:
            db.execute("DELETE FROM entities WHERE kind = ? AND id = ?", (RUNNER, runner_id))

    def add_many(
        self, entities: Iterable[Mapping[str, Any]], *, user_id: str = DEFAULT_USER_ID, kind: str = RUNNER
    ) -> None:
        """Add many at once, unchecked, each newer than the one before where their `created_at` does not say otherwise.

        Args:
            entities: in the API's shape. An omitted field takes its default (`id` a new one, `name` the id, an endpoint
                without a listener, timestamps now). An id that is there already is passed over.
            user_id: their account.
            kind: RUNNER, WORKFLOW or MANAGED.
        """
        now = stamp(SystemClock().utc_now())
        rows = [to_row(kind, complete(kind, entity, user_id, now), user_id) for entity in entities]
        with self.transaction() as db:
            db.executemany(_ADD, rows)

    def _prepare(self) -> None:
        try:
            self._db.execute("PRAGMA synchronous = NORMAL")
            if self.path != MEMORY:
                self._write_ahead()
            with self.transaction() as db:
                known = (
                    db.execute("PRAGMA application_id").fetchone()[0],
                    db.execute("PRAGMA user_version").fetchone()[0],
                )
                tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                is_new = known == (0, 0) and not tables
                if not is_new and known not in ((APPLICATION_ID, each) for each in range(1, SCHEMA_VERSION + 1)):
                    raise StoreError(f"{self.path}: no sandbox file of this version; give another file or remove it")
                if known != (APPLICATION_ID, SCHEMA_VERSION):
                    for table in TABLES:
                        db.execute(table)
                    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                if is_new:
                    db.execute("INSERT INTO users VALUES (?, ?)", (DEFAULT_USER_ID, encode(new_user(DEFAULT_USER_ID))))
        except sqlite3.Error as exc:
            raise StoreError(f"{self.path}: cannot be used as the sandbox's file: {_name(exc)}") from exc

    def _write_ahead(self) -> None:
        # The switch to a write-ahead log may fail at once while another process makes it, whatever the busy timeout.
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    @contextmanager
    def transaction(self, mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Begin a transaction; a writer takes the lock at its start, so that what it read stays until it writes."""
        with self._lock:
            try:
                self._db.execute(f"BEGIN {mode}")
                try:
                    yield self._db
                except BaseException:
                    if self._db.in_transaction:  # a full disk has rolled back already
                        self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as exc:
                raise StoreError(f"{self.path}: the sandbox's file failed: {_name(exc)}") from exc


def _name(error: Exception) -> str:
    """What SQLite or the system calls an error; SQLite's text may quote the file."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(getattr(error, "sqlite_errorname", None) or type(error).__name__)


def _find(db: sqlite3.Connection, runner_id: str, user_id: str) -> str | None:
    found = "SELECT document FROM entities WHERE kind = ? AND id = ? AND user_id = ?"
    with closing(db.execute(found, (RUNNER, runner_id, user_id))) as rows:
        row = rows.fetchone()
    return row[0] if row else None
