"""Seeds: what a store is filled with from JSON.

A seed is one of
- a list of runners in the API's shape; only `name` and `endpoint` are required,
- the output of `reconciler list --format json`, that is an object with `format_version` and `runners`; header values
  that it hides become the literal text `(sensitive)`,
- an object of these keys, all optional:

      user             the account's fields that differ from the default (id, name, email, tier, deleted, provider, …)
      tier             free, pro, plus or enterprise: short for user.tier
      tokens           each a string, or {"token", "expires_at", "revoked"}
      runners          as above
      workflows        {"id", "name", "status", "tags", "created_at", "updated_at", "started_at", "completed_at"}
      managed_runners  {"id", "name", "runner_type", "status", "tags", "created_at", "updated_at"}
      accounts         further accounts, each an object of the keys above with a user.id

The API lists what a seed holds in the seed's order, where `created_at` does not say otherwise. A seed only adds: what
has an id (or without one, a kind, account, place and name) that the store knows already is left as it is, so a server
may be started again with the same file and the same seed. Types are checked, the API's limits are not: a fleet may
begin with what the API would refuse, such as an unknown status.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.sandbox.clock import parse_stamp, stamp
from reconciler.sandbox.entities import DEFAULT_USER_ID, MANAGED, RUNNER, WORKFLOW
from reconciler.sandbox.failures import SeedError
from reconciler.sandbox.store import Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.sandbox.store import Store

TIERS: Final = ("free", "pro", "plus", "enterprise")

_KINDS: Final = {"runners": RUNNER, "workflows": WORKFLOW, "managed_runners": MANAGED}
_ACCOUNT_KEYS: Final = ("user", "tier", "tokens", *_KINDS)
_USER_FIELDS: Final = {"id": "id", "name": "text", "email": "text", "deleted": "flag", "tier": "text"} | {
    "provider": "text",
    "created_at": "time",
    "updated_at": "time",
}
_COMMON: Final = {
    "id": "id",
    "name": "text",
    "status": "text",
    "tags": "texts",
    "created_at": "time",
    "updated_at": "time",
}
_FIELDS: Final = {
    RUNNER: {**_COMMON, "user_id": "text", "endpoint": "text", "headers": "map"},
    WORKFLOW: {**_COMMON, "started_at": "time", "completed_at": "time"},
    MANAGED: {**_COMMON, "runner_type": "text"},
}
_REQUIRED: Final = {RUNNER: ("name", "endpoint"), WORKFLOW: ("name",), MANAGED: ("name",)}


def load_seed(path_or_text: str | Path, store: Store) -> None:
    """Fill a store from a file, or from JSON text (what begins with `{` or `[`). Raises SeedError and StoreError."""
    seed = _read(path_or_text)
    if isinstance(seed, list):
        seed = {"runners": seed}
    if not isinstance(seed, dict):
        raise SeedError("the seed must be an object or a list of runners")
    if "format_version" in seed:
        _load_account(store, {"runners": seed.get("runners")}, "", foreign=True)
        return
    _no_other_keys(seed, (*_ACCOUNT_KEYS, "accounts"), "")
    accounts = _typed(seed.get("accounts", []), list, "accounts")
    _load_account(store, {key: value for key, value in seed.items() if key != "accounts"}, "")
    for number, account in enumerate(accounts):
        at = f"accounts[{number}]."
        _no_other_keys(_typed(account, dict, at), _ACCOUNT_KEYS, at)
        if "id" not in _typed(account.get("user"), dict, f"{at}user"):
            raise SeedError(f"{at}user.id is missing: only the first account has a default one")
        _load_account(store, account, at)


def _read(path_or_text: str | Path) -> Any:
    if isinstance(path_or_text, str) and path_or_text.lstrip()[:1] in ("{", "["):
        text, source = path_or_text, "the seed"
    else:
        source = str(path_or_text)
        try:
            text = Path(path_or_text).read_text(encoding="utf-8")
        except (OSError, ValueError) as exc:
            raise SeedError(f"{source}: the seed cannot be read: {exc}") from exc
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SeedError(f"{source}: no JSON: {exc}") from exc


def _load_account(store: Store, account: Mapping[str, Any], at: str, *, foreign: bool = False) -> None:
    user = _checked(account.get("user", {}), _USER_FIELDS, f"{at}user")
    if "tier" in account:
        user["tier"] = account["tier"]
    if user.get("tier", TIERS[0]) not in TIERS:
        raise SeedError(f"{at}tier must be one of: {', '.join(TIERS)}")
    user_id = user.setdefault("id", DEFAULT_USER_ID)
    tokens = [_token(token, user_id, f"{at}tokens[{n}]") for n, token in enumerate(_list(account, "tokens", at))]
    entities = {
        kind: [
            _entity(kind, entity, user_id, number, f"{at}{key}[{number}]", foreign=foreign)
            for number, entity in enumerate(_list(account, key, at))
        ]
        for key, kind in _KINDS.items()
    }
    store.set_user(user)
    for token, record in tokens:
        store.add_token(token, record)
    for kind, listed in entities.items():
        store.add_many(reversed(listed), user_id=user_id, kind=kind)


def _entity(kind: str, given: Any, user_id: str, number: int, at: str, *, foreign: bool) -> dict[str, Any]:
    fields = _FIELDS[kind]
    if foreign:
        given = {name: value for name, value in _typed(given, dict, at).items() if name in fields}
    entity = _checked(given, fields, at)
    for name in _REQUIRED[kind]:
        if name not in entity:
            raise SeedError(f"{at}.{name} is missing")
    # An id made from what and where it is: the same seed gives the same ids, so loading it twice adds nothing.
    made = hashlib.sha256(f"{kind}\0{user_id}\0{number}\0{entity['name']}".encode()).digest()
    entity.setdefault("id", str(uuid.UUID(bytes=made[:16], version=4)))
    return entity


def _token(given: Any, user_id: str, at: str) -> tuple[str, Token]:
    if isinstance(given, str):
        return given, Token(user_id)
    record = _checked(given, {"token": "text", "expires_at": "time", "revoked": "flag"}, at)
    if "token" not in record:
        raise SeedError(f"{at}.token is missing")
    return record["token"], Token(user_id, record.get("expires_at"), record.get("revoked", False))


def _checked(given: Any, fields: Mapping[str, str], at: str) -> dict[str, Any]:
    """The object's fields, each of its type; ids in lower case, times as the API writes them."""
    checked = {}
    _no_other_keys(_typed(given, dict, at), tuple(fields), f"{at}.")
    for name, value in given.items():
        checked[name] = _value(value, fields[name], f"{at}.{name}")
    return checked


def _value(value: Any, kind: str, at: str) -> Any:
    match kind:
        case "flag":
            return _typed(value, bool, at)
        case "texts":
            return [_text(each, f"{at}[{number}]") for number, each in enumerate(_typed(value, list, at))]
        case "map":
            return {_text(name, at): _text(each, f"{at}.{name}") for name, each in _typed(value, dict, at).items()}
        case "time":
            return _time(value, at)
        case "id":
            return _id(value, at)
    return _text(value, at)


def _time(value: Any, at: str) -> str | None:
    try:
        return None if value is None else stamp(parse_stamp(_text(value, at)))
    except ValueError as exc:
        raise SeedError(f"{at} must be an ISO 8601 time, such as 2024-01-15T10:30:00Z") from exc


def _id(value: Any, at: str) -> str:
    try:
        return str(uuid.UUID(_text(value, at)))
    except ValueError as exc:
        raise SeedError(f"{at} must be a UUID") from exc


def _text(value: Any, at: str) -> str:
    text: str = _typed(value, str, at)
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise SeedError(f"{at} must be valid Unicode") from exc
    return text


def _list(account: Mapping[str, Any], key: str, at: str) -> list[Any]:
    listed: list[Any] = _typed(account.get(key, []), list, f"{at}{key}")
    return listed


def _typed(value: Any, kind: type, at: str) -> Any:
    if not isinstance(value, kind):
        raise SeedError(f"{at or 'the seed'} must be {_NAMES[kind]}")
    return value


def _no_other_keys(given: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
    for key in given:
        if key not in known:
            raise SeedError(f"{at}{key} is unknown; known are: {', '.join(known)}")


_NAMES: Final = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
